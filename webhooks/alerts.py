"""E-mails by rule: what they tell of, the rules, and how each leaves once."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from companies import audit, tenancy
from companies.models import (
    AuditKind,
    Company,
    Event,
    EventType,
    Organization,
    TenantQuerySet,
    User,
)
from connections.platforms import PLATFORMS
from connections.schemas import data_type_of
from portal import mail
from portal.wording import source_text
from sync.models import PullStatus
from webhooks.models import AlertEmail, AlertKind, AlertRule
from webhooks.models.alert import MOST_ADDRESSES, MOST_RULES

logger = logging.getLogger(__name__)

_STATUS_CHANGES = {
    EventType.CONNECTION_CONNECTED: gettext_lazy("%(company)s: %(platform)s was linked"),
    EventType.CONNECTION_RECONNECTED: gettext_lazy("%(company)s: %(platform)s was linked again"),
    EventType.CONNECTION_DEAUTHORIZED: gettext_lazy("%(company)s: %(platform)s was deauthorized"),
    EventType.CONNECTION_UNLINKED: gettext_lazy("%(company)s: %(platform)s was unlinked"),
    EventType.CONNECTION_DELETED: gettext_lazy("%(company)s: %(platform)s was deleted"),
}
_READS = frozenset({EventType.READ_COMPLETED, EventType.READ_COMPLETED_INITIAL})
#: Ends of a pull that nobody has to look into.
_CALM = frozenset({PullStatus.COMPLETE, PullStatus.CANCELLED, PullStatus.NOT_SUPPORTED})
#: An e-mail that is not known to have left is tried again after this, so often.
_TRIED_AGAIN_AFTER = timedelta(minutes=10)
_MOST_TRIES = 6
_AT_ONCE = 200


class RuleRefused(ValueError):
    """A rule cannot be like that; `field` names what is wrong, the text says how."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def tells(kind: str, event: Event) -> bool:
    """Tell whether an e-mail of this kind is written about the event."""
    match kind:
        case AlertKind.CONNECTION_STATUS:
            return event.type in _STATUS_CHANGES
        case AlertKind.LINKING_FAILED:
            return event.type == EventType.CONNECTION_FAILED
        case AlertKind.COMPANY_SYNCHRONIZED:
            return event.type == EventType.READ_COMPLETED_INITIAL and any(
                each["status"] == PullStatus.COMPLETE for each in event.payload["dataTypes"]
            )
        case AlertKind.READ_COMPLETED:
            return event.type in _READS
        case AlertKind.READ_FAILED:
            return event.type in _READS and bool(_failed(event))
    return False


def rules_of(organization: Organization) -> TenantQuerySet[AlertRule]:
    rules = AlertRule.objects.within(organization).select_related("company")
    return rules.order_by("created_at", "id")


def create_rule(
    organization: Organization,
    *,
    kind: str,
    company: Company | None,
    emails: Iterable[str],
    actor: User | None,
) -> AlertRule:
    """:raises RuleRefused: when a value cannot be, or there are as many as there may be."""
    values = _checked(kind, company, emails)
    with tenancy.entered(organization.pk):
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        if AlertRule.objects.within(organization).count() >= MOST_RULES:
            raise RuleRefused(
                "kind", _("An organization has at most %(most)d rules.") % {"most": MOST_RULES}
            )
        rule = AlertRule.objects.create(organization=organization, created_by=actor, **values)
        _audit(rule, gettext_noop("created"), actor, after=_facts(rule))
    return rule


def update_rule(
    rule: AlertRule,
    *,
    kind: str,
    company: Company | None,
    emails: Iterable[str],
    actor: User | None,
) -> None:
    """:raises RuleRefused: when a value cannot be."""
    values = _checked(kind, company, emails)
    with tenancy.entered(rule.organization_id):
        before = _facts(rule)
        for name, value in values.items():
            setattr(rule, name, value)
        rule.save(update_fields=list(values))
        _audit(rule, gettext_noop("changed"), actor, before=before, after=_facts(rule))


def delete_rule(rule: AlertRule, *, actor: User | None) -> None:
    with tenancy.entered(rule.organization_id):
        _audit(rule, gettext_noop("deleted"), actor, before=_facts(rule))
        AlertRule.objects.within(rule.organization_id).filter(pk=rule.pk).delete()


def send_waiting(organization_id: UUID) -> int:
    """Send the e-mails that wait; answer how many left.

    Outside of any transaction, so that the mail server keeps nobody waiting. One that was taken by
    a worker that died is tried again.
    """
    with tenancy.entered(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        waiting = AlertEmail.objects.within(organization_id).filter(not_before__lte=Now())
        found = list(waiting.select_related("event").order_by("not_before", "pk")[:_AT_ONCE])
    return sum(_send(email, organization) for email in found)


def _send(email: AlertEmail, organization: Organization) -> bool:
    mine = AlertEmail.objects.within(organization).filter(pk=email.pk)
    with tenancy.entered(organization.pk):
        taken = mine.filter(not_before=email.not_before).update(
            not_before=Now() + _TRIED_AGAIN_AFTER, tries=F("tries") + 1
        )
    if not taken:
        return False
    try:
        mail.send("alert", to=email.email, context=_context(email, organization))
    except OSError as refused:
        logger.error("alert %s was not sent: %s", email.pk, refused)  # noqa: TRY400 one line says it
        if email.tries + 1 >= _MOST_TRIES:
            with tenancy.entered(organization.pk):
                mine.update(status=AlertEmail.Status.FAILED, not_before=None)
        return False
    with tenancy.entered(organization.pk):
        mine.update(status=AlertEmail.Status.SENT, not_before=None, sent_at=Now())
    return True


def _context(email: AlertEmail, organization: Organization) -> dict[str, Any]:
    event = email.event
    company = event.payload["company"]
    url = reverse("sync:summary", args=[organization.slug, company["id"]])
    return {
        "organization": organization,
        "company": company["name"],
        "at": event.occurred_at,
        "headline": headline(email),
        "failed": [
            {
                "name": data_type_of(each["dataType"]).label,
                "platform": each.get("platform", ""),
                "why": each["errorMessage"],
            }
            for each in _failed(event)
        ]
        if email.kind in {AlertKind.READ_FAILED, AlertKind.READ_COMPLETED}
        else [],
        "reason": _reason(event),
        "action_url": f"{settings.BASE_URL}{url}",
    }


def headline(email: AlertEmail) -> str:
    """Say in one line what happened to the company."""
    event = email.event
    name = event.payload["company"]["name"]
    if event.type in _READS:
        types = event.payload["dataTypes"]
        complete = sum(each["status"] == PullStatus.COMPLETE for each in types)
        match email.kind:
            case AlertKind.COMPANY_SYNCHRONIZED:
                return _("%(company)s is synchronized") % {"company": name}
            case AlertKind.READ_FAILED:
                count = len(_failed(event))
                words = ngettext(
                    "%(company)s: %(count)d data type could not be pulled",
                    "%(company)s: %(count)d data types could not be pulled",
                    count,
                )
                return words % {"company": name, "count": count}
        words = ngettext(
            "%(company)s: %(complete)d of %(total)d data types pulled",
            "%(company)s: %(complete)d of %(total)d data types pulled",
            len(types),
        )
        return words % {"company": name, "complete": complete, "total": len(types)}
    platform = PLATFORMS[event.payload["connection"]["platform"]].name
    values = {"company": name, "platform": platform}
    if event.type == EventType.CONNECTION_FAILED:
        return _("%(company)s did not finish linking %(platform)s") % values
    return _STATUS_CHANGES[EventType(event.type)] % values


def _reason(event: Event) -> str:
    """Give the newest error of the connection where something went wrong with it."""
    if event.type not in {EventType.CONNECTION_FAILED, EventType.CONNECTION_DEAUTHORIZED}:
        return ""
    errors = event.payload["connection"]["errors"]
    return errors[0]["errorMessage"] if errors else ""


def _failed(event: Event) -> list[dict[str, Any]]:
    return [each for each in event.payload["dataTypes"] if each["status"] not in _CALM]


def _checked(kind: str, company: Company | None, emails: Iterable[str]) -> dict[str, Any]:
    if kind not in set(AlertKind):
        raise RuleRefused("kind", _("Choose one of the kinds."))
    found = list(dict.fromkeys(email.strip() for email in emails if email.strip()))
    if not found:
        raise RuleRefused("emails", _("Enter at least one e-mail address."))
    if len(found) > MOST_ADDRESSES:
        raise RuleRefused(
            "emails", _("A rule has at most %(most)d addresses.") % {"most": MOST_ADDRESSES}
        )
    for email in found:
        try:
            validate_email(email)
        except ValidationError as error:
            wrong = _("“%(email)s” is no e-mail address.") % {"email": email[:100]}
            raise RuleRefused("emails", wrong) from error
    return {"kind": kind, "company": company, "emails": found}


def _facts(rule: AlertRule) -> dict[str, object]:
    return {
        "kind": source_text(AlertKind(rule.kind).label),
        "company": rule.company.name if rule.company else "All companies",
        "emails": rule.emails,
    }


def _audit(
    rule: AlertRule,
    action: str,
    actor: User | None,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        AuditKind.ALERT_RULE,
        action,
        organization_id=rule.organization_id,
        object_id=rule.pk,
        label=source_text(AlertKind(rule.kind).label),
        actor=actor,
        before=before,
        after=after,
    )
