from datetime import datetime, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from api.models import Scope

_NEVER = "never"
_DAYS = {
    "30": _("In 30 days"),
    "90": _("In 90 days"),
    "365": _("In a year"),
    _NEVER: pgettext_lazy("expires", "Never"),
}


def _scopes() -> list[tuple[str, str]]:
    return [(scope.value, scope.meaning) for scope in Scope]


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=50,
        help_text=_("What will use it: nightly import, staging."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=_scopes,
        error_messages={"required": _("Choose what it may be used for.")},
    )
    expires = forms.ChoiceField(
        label=_("Expires"),
        choices=list(_DAYS.items()),
        help_text=_("From then on it is refused: give programs another one by then."),
    )

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["expires"]
        return None if days == _NEVER else timezone.now() + timedelta(days=int(days))
