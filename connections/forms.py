from typing import Any
from uuid import UUID

from django import forms

from connections.offers import PlatformSettings, platform_choices


class AddConnectionForm(forms.Form):
    platform = forms.ChoiceField(
        error_messages={
            "invalid_choice": "Choose one of the platforms.",
            "required": "Choose one.",
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
        label="Client ID",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    client_secret = forms.CharField(
        max_length=400,
        label="Client secret",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    environment = forms.ChoiceField(
        choices=[("production", "Production"), ("sandbox", "The vendor’s sandbox")],
        help_text="Vendors issue separate keys for each.",
    )
    scopes = forms.CharField(
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
            self.fields[
                "client_secret"
            ].help_text = (
                f"{settings.masked_secret} is kept, encrypted. Leave this empty to keep it."
            )
        self.fields["scopes"].help_text = "Leave empty to ask for what is needed: " + " ".join(
            settings.scopes
        )
        if len(settings.environments) == 1:
            del self.fields["environment"]

    def clean_scopes(self) -> str:
        return " ".join(self.cleaned_data["scopes"].split())
