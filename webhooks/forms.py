from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from companies.models import Company, Organization
from webhooks import catalog
from webhooks.models import AlertKind, AlertRule, WebhookConsumer
from webhooks.models.consumer import HIGHEST_RATE

#: Stands for the value of a header that is kept: values are never shown again.
KEPT = "••••••"

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class ConsumerForm(forms.Form):
    """An endpoint. What is possible is the operation's to decide: here text becomes values."""

    url = forms.CharField(
        label=_("Endpoint URL"),
        max_length=2000,
        help_text=_("Where messages are posted to. It has to be https and on the public internet."),
        widget=forms.URLInput(attrs=_PLAIN),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=200,
        help_text=_("What the endpoint is for, shown instead of its URL."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    event_types = forms.MultipleChoiceField(
        label=_("Event types"),
        choices=[(each.name, each.name) for each in catalog.TYPES],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one event type.")},
    )
    company_tags = forms.CharField(
        required=False,
        max_length=2000,
        label=_("Only companies tagged"),
        help_text=_(
            "One on each line, as key:value, at most ten. An event is sent when its company "
            "has any of them. Leave it empty for all companies."
        ),
        widget=forms.Textarea(attrs={"rows": 3, **_PLAIN}),
    )
    rate_limit = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=HIGHEST_RATE,
        label=_("Messages a second"),
        help_text=_("At most so many. More are slowed down, none is dropped."),
    )
    headers = forms.CharField(
        required=False,
        max_length=20_000,
        label=_("Custom headers"),
        help_text=_("One on each line, as Name: value. Values are kept encrypted and never shown."),
        widget=forms.Textarea(attrs={"rows": 3, **_PLAIN}),
    )

    @classmethod
    def initial_of(cls, consumer: WebhookConsumer) -> dict[str, Any]:
        return {
            "url": consumer.url,
            "description": consumer.description,
            "event_types": consumer.event_types,
            "company_tags": "\n".join(consumer.company_tags),
            "rate_limit": consumer.rate_limit,
            "headers": "\n".join(f"{name}: {KEPT}" for name in consumer.header_names),
        }

    def clean_company_tags(self) -> list[str]:
        lines = map(str.strip, self.cleaned_data["company_tags"].splitlines())
        return [
            f"{key.strip()}{colon}{value.strip()}"
            for key, colon, value in (line.partition(":") for line in lines if line)
        ]

    def clean_headers(self) -> dict[str, str | None]:
        """Return names with values; None for one whose value is kept."""
        found: dict[str, str | None] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["headers"].splitlines())):
            name, colon, value = (part.strip() for part in line.partition(":"))
            if not colon:
                raise ValidationError(
                    _("“%(line)s” has no colon. Write Name: value.") % {"line": line[:40]}
                )
            if name in found:
                raise ValidationError(_("%(name)s is there twice.") % {"name": name})
            found[name] = None if value == KEPT else value
        return found

    @property
    def groups(self) -> dict[str, list[tuple[catalog.Described, bool]]]:
        """Give the event types by what they are about, each with whether it is chosen."""
        chosen = set(self["event_types"].value() or [])
        groups: dict[str, list[tuple[catalog.Described, bool]]] = {}
        for each in catalog.TYPES:
            groups.setdefault(str(each.group), []).append((each, each.name in chosen))
        return groups


class SinceForm(forms.Form):
    """From when on something is sent again."""

    HOURS = [
        (1, _("the last hour")),
        (6, _("the last 6 hours")),
        (24, _("the last day")),
        (168, _("the last 7 days")),
        (720, _("the last 30 days")),
    ]

    hours = forms.TypedChoiceField(
        label=_("What happened in"), choices=HOURS, coerce=int, initial=24
    )


class AlertRuleForm(forms.Form):
    kind = forms.ChoiceField(label=_("When"), choices=AlertKind.choices)
    company = forms.ModelChoiceField(
        queryset=Company.objects.none(),
        required=False,
        empty_label=_("All companies"),
        label=pgettext_lazy("a company or all", "For"),
        error_messages={"invalid_choice": _("Choose one of your companies.")},
    )
    emails = forms.CharField(
        label=_("E-mail addresses"),
        max_length=3000,
        help_text=_("One on each line, or with commas between; at most ten."),
        widget=forms.Textarea(attrs={"rows": 3, **_PLAIN}),
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company = self.fields["company"]
        assert isinstance(company, forms.ModelChoiceField)
        company.queryset = Company.objects.within(organization)
        # A list of all would not end; who has a company before them names it by its id.
        company.widget = forms.TextInput(attrs=_PLAIN)
        company.help_text = _("The company’s ID, from its page. Leave it empty for all companies.")

    @classmethod
    def initial_of(cls, rule: AlertRule) -> dict[str, Any]:
        return {"kind": rule.kind, "company": rule.company_id, "emails": "\n".join(rule.emails)}

    def clean_emails(self) -> list[str]:
        return str(self.cleaned_data["emails"]).replace(",", "\n").split()
