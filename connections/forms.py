from django import forms

from connections.registration import available_platforms


class AddConnectionForm(forms.Form):
    platform = forms.ChoiceField(
        choices=lambda: [(each.key, each.name) for each in available_platforms()],
        error_messages={
            "invalid_choice": "Choose one of the platforms.",
            "required": "Choose one.",
        },
    )
