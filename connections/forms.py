from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from connections.offers import PlatformSettings, platform_choices


class AddConnectionForm(forms.Form):
    platform = forms.ChoiceField(
        label=_("Platform"),
        error_messages={
            "invalid_choice": _("Choose one of the platforms."),
            "required": _("Choose one."),
        },
    )

    def __init__(self, *args: Any, organization_id: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        platform = self.fields["platform"]
        assert isinstance(platform, forms.ChoiceField)
        platform.choices = platform_choices(organization_id)


class RegistrationForm(forms.Form):
    """An organization's registration at a vendor. A secret that is kept is never shown again."""

    client_id = forms.CharField(
        max_length=200,
        label=_("Client ID"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    client_secret = forms.CharField(
        max_length=400,
        label=_("Client secret"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=[("production", _("Production")), ("sandbox", _("The vendor’s sandbox"))],
        help_text=_("Vendors issue separate keys for each."),
    )
    scopes = forms.CharField(
        label=_("Scopes"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, settings: PlatformSettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("client_id", "environment", "scopes"):
            self.fields[name].initial = getattr(settings.integration, name)
        if settings.masked_secret:
            self.fields["client_secret"].required = False
            self.fields["client_secret"].help_text = _(
                "%(secret)s is kept, encrypted. Leave this empty to keep it."
            ) % {"secret": settings.masked_secret}
        if settings.linked:
            self.fields["client_id"].help_text = _(
                "Tokens belong to the client ID they were granted to: with another one, customers "
                "of the %(count)d linked now have to link again."
            ) % {"count": settings.linked}
        self.fields["scopes"].help_text = _("Leave empty to ask for what is needed: %(scopes)s") % {
            "scopes": " ".join(settings.scopes)
        }
        if len(settings.environments) == 1:
            del self.fields["environment"]

    def clean_scopes(self) -> str:
        return " ".join(self.cleaned_data["scopes"].split())
