import zoneinfo
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from companies.models import TagsInvalid, User, clean_company_name, clean_tags
from companies.roles import Role


class CompanyDetailsForm(forms.Form):
    """The description and tags of a company; each tag stands on a line of its own."""

    description = forms.CharField(
        required=False,
        max_length=2000,
        label=_("Description"),
        help_text=_("Seen by your team only: an account number of yours, who to ask."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    tags = forms.CharField(
        required=False,
        max_length=2000,
        label=_("Tags"),
        help_text=_("One on each line, as key: value. Lists can be filtered by them."),
        widget=forms.Textarea(
            attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"},
        ),
    )

    def clean_tags(self) -> dict[str, str]:
        tags: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["tags"].splitlines())):
            key, colon, value = (part.strip() for part in line.partition(":"))
            if not colon:
                raise forms.ValidationError(
                    _("“%(line)s” has no colon. Write key: value.") % {"line": line}
                )
            if key in tags:
                raise forms.ValidationError(
                    _("“%(key)s” is there twice. A key has one value.") % {"key": key}
                )
            tags[key] = value
        try:
            return clean_tags(tags)
        except TagsInvalid as invalid:
            raise forms.ValidationError(str(invalid)) from invalid

    @staticmethod
    def lines(tags: Mapping[str, str]) -> str:
        """Write tags as they are typed in."""
        return "\n".join(f"{key}: {value}" for key, value in tags.items())


class CompanyNameForm(forms.Form):
    name = forms.CharField(
        label=_("Company name"),
        max_length=120,
        help_text=_(
            "Your customer’s trading name. They see it when they link their data. "
            "You can rename it later without affecting connections."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )

    def clean_name(self) -> str:
        name = clean_company_name(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(
                _("Use letters, digits, spaces or - ' & @ . , ? ! in the company name.")
            )
        return name


class OrganizationForm(forms.Form):
    name = forms.CharField(
        label=_("Organization name"),
        max_length=120,
        help_text=_("Your team sees it, and customers do when they link their data."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


class PersonForm(forms.Form):
    """What is asked of somebody who makes an account."""

    name = forms.CharField(
        max_length=120, label=_("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    #: Filled in by the browser; without it times are shown in UTC.
    time_zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        return name if name in zoneinfo.available_timezones() else "UTC"


class InvitationForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(
        label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.ANALYST)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class MemberForm(forms.Form):
    """What an Administrator corrects of somebody else."""

    name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_(
            "A new one gets a link that works for a day. They sign in with it "
            "as soon as they have opened the link and agreed."
        ),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class JoiningForm(PersonForm):
    """What somebody without an account enters to accept an invitation."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters."),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> None:
        password = self.cleaned_data.get("password")
        if password:
            person = User(email=self.email, name=self.cleaned_data.get("name", ""))
            try:
                validate_password(password, person)
            except forms.ValidationError as weak:
                self.add_error("password", weak)


def _time_zones() -> list[tuple[str, str]]:
    """List the zones that are places, and UTC; the rest are other names of these."""
    places = sorted(name for name in zoneinfo.available_timezones() if "/" in name)
    names = [name for name in places if not name.startswith("Etc/")]
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class ProfileForm(forms.Form):
    """What a person says about themselves."""

    name = forms.CharField(
        max_length=120, label=_("Your name"), widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    time_zone = forms.ChoiceField(
        choices=_time_zones, label=_("Time zone"), help_text=_("Pages show times in it.")
    )
