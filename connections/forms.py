from django import forms

from connections.registration import platform_choices


class AddConnectionForm(forms.Form):
    platform = forms.ChoiceField(
        choices=platform_choices,
        error_messages={
            "invalid_choice": "Choose one of the platforms.",
            "required": "Choose one.",
        },
    )
