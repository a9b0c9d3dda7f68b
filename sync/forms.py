from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _

from sync.models import Frequency
from sync.operations import EffectiveSetting


@dataclass(frozen=True, slots=True)
class Row:
    """One data type of the form, with what holds for it now."""

    setting: EffectiveSetting
    frequency: BoundField
    first_link: BoundField


class DataTypesForm(forms.Form):
    """How each data type is pulled; one form for all of them."""

    def __init__(self, *args: Any, settings: Sequence[EffectiveSetting], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings = settings
        for each in settings:
            label = each.data_type.label
            self.fields[f"frequency-{each.data_type}"] = forms.ChoiceField(
                choices=Frequency.choices,
                initial=each.frequency,
                label=_("Frequency of %(data_type)s") % {"data_type": label},
                widget=forms.RadioSelect,
                error_messages={
                    "invalid_choice": _("%(data_type)s: choose one of the frequencies.")
                    % {"data_type": label}
                },
            )
            self.fields[f"first-link-{each.data_type}"] = forms.BooleanField(
                required=False,
                initial=each.fetch_on_first_link,
                label=_("Fetch %(data_type)s on first link") % {"data_type": label},
                widget=forms.CheckboxInput(attrs={"role": "switch"}),
            )

    def rows(self) -> Iterator[Row]:
        for each in self.settings:
            yield Row(each, *self._fields(each))

    def wanted(self) -> list[EffectiveSetting]:
        """Return what was entered, for every data type."""
        return [
            replace(
                each,
                frequency=Frequency(self.cleaned_data[f"frequency-{each.data_type}"]),
                fetch_on_first_link=self.cleaned_data[f"first-link-{each.data_type}"],
            )
            for each in self.settings
        ]

    def changed(self) -> list[EffectiveSetting]:
        """Return what was entered where it differs from what holds."""
        return [
            wanted
            for wanted, held in zip(self.wanted(), self.settings, strict=True)
            if wanted != held
        ]

    def _fields(self, setting: EffectiveSetting) -> tuple[BoundField, BoundField]:
        return self[f"frequency-{setting.data_type}"], self[f"first-link-{setting.data_type}"]
