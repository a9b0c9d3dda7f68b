from datetime import timedelta
from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from companies.models import Company, clean_company_name
from support.models import LONGEST, SHORTEST_REASON

_MINUTES = (30, 60, 120, 240, int(LONGEST.total_seconds() // 60))


def _length(minutes: int) -> str:
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = minutes // 60
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


def _lengths() -> list[tuple[int, str]]:
    return [(minutes, _length(minutes)) for minutes in _MINUTES]


class GrantForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        min_length=SHORTEST_REASON,
        max_length=200,
        help_text=_("The organization reads it in its audit log: who asked, and what for."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lasts = forms.TypedChoiceField(
        label=pgettext_lazy("a length of time", "For"),
        choices=_lengths,
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
            raise forms.ValidationError(_("A company name needs letters or digits."))
        return name
