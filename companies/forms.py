from collections.abc import Mapping

from django import forms

from companies.models import TagsInvalid, clean_company_name, clean_tags


class CompanyDetailsForm(forms.Form):
    """The description and tags of a company; each tag stands on a line of its own."""

    description = forms.CharField(
        required=False,
        max_length=2000,
        help_text="Seen by your team only: an account number of yours, who to ask.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    tags = forms.CharField(
        required=False,
        max_length=2000,
        help_text="One on each line, as key: value. Lists can be filtered by them.",
        widget=forms.Textarea(
            attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"},
        ),
    )

    def clean_tags(self) -> dict[str, str]:
        tags: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["tags"].splitlines())):
            key, colon, value = (part.strip() for part in line.partition(":"))
            if not colon:
                raise forms.ValidationError(f"“{line}” has no colon. Write key: value.")
            if key in tags:
                raise forms.ValidationError(f"“{key}” is there twice. A key has one value.")
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
        label="Company name",
        max_length=120,
        help_text=(
            "Your customer’s trading name. They see it when they link their data. "
            "You can rename it later without affecting connections."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )

    def clean_name(self) -> str:
        name = clean_company_name(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(
                "Use letters, digits, spaces or - ' & @ . , ? ! in the company name."
            )
        return name
