"""Sign-up: a person and their organization."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from companies.forms import PersonForm
from companies.models import User
from portal.onboarding import open_organization


class SignupForm(PersonForm):
    """What sign-up asks besides e-mail and password."""

    organization_name = forms.CharField(
        max_length=120,
        label=_("Organization name"),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )

    field_order = ("name", "email", "password1", "organization_name")

    def signup(self, _request: HttpRequest, user: User) -> None:
        """Finish what allauth began: it calls this once the person is saved."""
        user.name = self.cleaned_data["name"]
        user.time_zone = self.cleaned_data["time_zone"]
        user.save(update_fields=["name", "time_zone"])
        open_organization(user, name=self.cleaned_data["organization_name"])
