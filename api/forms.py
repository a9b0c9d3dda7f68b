from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from api.models import Scope

_NEVER = "never"
_DAYS = {"30": "In 30 days", "90": "In 90 days", "365": "In a year", _NEVER: "Never"}


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        max_length=50,
        help_text="What will use it: nightly import, staging.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.meaning) for scope in Scope],
        error_messages={"required": "Choose what it may be used for."},
    )
    expires = forms.ChoiceField(
        label="Expires",
        choices=list(_DAYS.items()),
        help_text="From then on it is refused: give programs another one by then.",
    )

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["expires"]
        return None if days == _NEVER else timezone.now() + timedelta(days=int(days))
