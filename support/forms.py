from datetime import timedelta
from typing import ClassVar

from django import forms

from companies.models import Company, clean_company_name
from support.models import LONGEST, SHORTEST_REASON

_MINUTES = (30, 60, 120, 240, int(LONGEST.total_seconds() // 60))


def _length(minutes: int) -> str:
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return f"{minutes} minutes"
    return "1 hour" if minutes == 60 else f"{minutes // 60} hours"  # noqa: PLR2004 - idem


class GrantForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        min_length=SHORTEST_REASON,
        max_length=200,
        help_text="The organization reads it in its audit log: who asked, and what for.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lasts = forms.TypedChoiceField(
        label="For",
        choices=[(minutes, _length(minutes)) for minutes in _MINUTES],
        coerce=lambda minutes: timedelta(minutes=int(minutes)),
        initial=60,
    )


class CompanyForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Company
        fields: ClassVar = ["name"]

    def clean_name(self) -> str:
        """Keep to the characters a name may have, as the portal does."""
        name = clean_company_name(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError("A company name needs letters or digits.")
        return name
