"""Sign-up: a person and their organization."""

import zoneinfo

from django import forms
from django.http import HttpRequest

from companies.models import User
from portal.onboarding import open_organization


class SignupForm(forms.Form):
    """What sign-up asks besides e-mail and password."""

    name = forms.CharField(
        max_length=120,
        label="Your name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    organization_name = forms.CharField(
        max_length=120,
        label="Organization name",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    #: Filled in by the browser; without it times are shown in UTC.
    time_zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    field_order = ("name", "email", "password1", "organization_name")

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        return name if name in zoneinfo.available_timezones() else "UTC"

    def signup(self, _request: HttpRequest, user: User) -> None:
        """Finish what allauth began: it calls this once the person is saved."""
        user.name = self.cleaned_data["name"]
        user.time_zone = self.cleaned_data["time_zone"]
        user.save(update_fields=["name", "time_zone"])
        open_organization(user, name=self.cleaned_data["organization_name"])
