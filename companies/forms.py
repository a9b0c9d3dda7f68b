from django import forms

from companies.models import clean_company_name


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
