from django import forms

from companies.models import clean_company_name


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
    time_zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    field_order = ("name", "email", "password1", "organization_name")

    def signup(self, request: object, user: object) -> None:
        """The adapter creates person and organization together; allauth asks for this method."""


class CompanyNameForm(forms.Form):
    name = forms.CharField(
        label="Company name",
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )

    def clean_name(self) -> str:
        name = clean_company_name(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(
                "Use letters, digits, spaces or - ' & @ . , ? ! in the company name."
            )
        return name
