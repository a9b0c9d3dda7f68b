"""What is done to webhook consumers, whoever asks: a page or the API."""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from companies import audit, events, tenancy
from companies.models import Actor, AuditKind, Organization, TagsInvalid, clean_tags, person
from connections.addresses import AddressRefused, checked_url
from connections.wording import in_words
from portal.wording import source_text
from webhooks import catalog, sealing
from webhooks.models import (
    Delivery,
    DeliveryStatus,
    DisabledBy,
    WebhookConsumer,
    WebhookConsumerQuerySet,
)
from webhooks.models.consumer import (
    HIGHEST_RATE,
    MOST_CONSUMERS,
    MOST_HEADERS,
    MOST_TAGS,
    TAG_LENGTH,
)

#: So long both secrets sign after a rotation.
BOTH_SIGN_FOR = timedelta(hours=24)

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]{0,2000}")
#: Ours to say, or a matter of the connection.
_RESERVED_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
_RESERVED_PREFIXES = ("webhook-", "svix-", "proxy-")

#: What the audit log tells of a consumer; of secrets only that they were changed.
_AUDITED = ("url", "description", "event_types", "company_tags", "rate_limit", "header_names")


class ConsumerRefused(ValueError):
    """A consumer cannot be like that; `field` names what is wrong, the text says how."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class TooManyConsumers(ValueError):
    """The organization has as many as it may."""


class Deleted(Exception):
    """The consumer is no more."""


def consumers_of(organization: Organization) -> WebhookConsumerQuerySet:
    """List the organization's consumers, the oldest first."""
    return WebhookConsumer.objects.within(organization).oldest_first()


def create_consumer(
    organization: Organization,
    *,
    url: str,
    event_types: Iterable[str],
    company_tags: Iterable[str] = (),
    disabled: bool = False,
    description: str = "",
    rate_limit: int | None = None,
    headers: Mapping[str, str] | None = None,
    actor: Actor | None,
) -> WebhookConsumer:
    """Add an endpoint; call it outside of what must be quick: its name is looked up.

    :raises ConsumerRefused: when a value cannot be.
    :raises TooManyConsumers: when there are 50 already.
    """
    values = checked(
        url=url,
        event_types=event_types,
        company_tags=company_tags,
        description=description,
        rate_limit=rate_limit,
    )
    sent = checked_headers(headers or {})
    with tenancy.entered(organization.pk):
        # One at a time, or two could each be the fiftieth.
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        if WebhookConsumer.objects.within(organization).count() >= MOST_CONSUMERS:
            raise TooManyConsumers(
                _(
                    "An organization has at most %(most)d webhook consumers. "
                    "Delete one that is not used any more."
                )
                % {"most": MOST_CONSUMERS}
            )
        consumer_id = uuid4()
        consumer = WebhookConsumer.objects.create(
            id=consumer_id,
            organization=organization,
            **values,
            header_names=list(sent),
            sealed_headers=sealing.seal_headers(organization.pk, consumer_id, sent),
            sealed_secret=sealing.seal_secret(organization.pk, consumer_id, sealing.new_secret()),
            disabled_at=timezone.now() if disabled else None,
            disabled_by=DisabledBy.MEMBER if disabled else "",
            created_by=person(actor),
        )
        _audit(
            consumer,
            gettext_noop("created"),
            actor,
            after=_facts(consumer) | {"enabled": not disabled},
        )
    return consumer


def update_consumer(
    consumer: WebhookConsumer,
    *,
    url: str,
    event_types: Iterable[str],
    company_tags: Iterable[str],
    description: str,
    rate_limit: int | None,
    headers: Mapping[str, str | None] | None = None,
    actor: Actor | None,
) -> WebhookConsumer:
    """Replace what an endpoint is; messages on their way go to the new URL.

    `headers` are all that there shall be: one without a value keeps the value it has. None leaves
    them as they are.

    :raises ConsumerRefused: when a value cannot be.
    :raises Deleted: when somebody deleted it.
    """
    values = checked(
        url=url,
        event_types=event_types,
        company_tags=company_tags,
        description=description,
        rate_limit=rate_limit,
    )
    with tenancy.entered(consumer.organization_id):
        held = _locked(consumer)
        before = _facts(held)
        for name, value in values.items():
            setattr(held, name, value)
        has_new_values = False
        if headers is not None:
            kept = sealing.headers_of(held)
            sent = {
                name: kept.get(name, "") if value is None else value
                for name, value in headers.items()
            }
            sent = checked_headers(sent)
            has_new_values = sent != kept
            held.header_names = list(sent)
            held.sealed_headers = sealing.seal_headers(held.organization_id, held.pk, sent)
        # A limit that was lifted holds nothing back.
        held.not_before = None
        held.save(update_fields=[*values, "header_names", "sealed_headers", "not_before"])
        after = _facts(held) | ({"header_values": audit.SECRET} if has_new_values else {})
        _audit(held, gettext_noop("changed"), actor, before=before, after=after)
        events.wake_relay()
    return held


def delete_consumer(consumer: WebhookConsumer, *, actor: Actor | None) -> None:
    """Remove an endpoint with its messages; what was on its way is not sent any more.

    :raises Deleted: when somebody else did.
    """
    with tenancy.entered(consumer.organization_id):
        held = _locked(consumer)
        _audit(held, gettext_noop("deleted"), actor, before=_facts(held))
        held.delete()


def disable_consumer(
    consumer: WebhookConsumer, *, actor: Actor | None, reason: DisabledBy = DisabledBy.MEMBER
) -> bool:
    """Send it nothing more; answer whether it was enabled. What waits can be recovered later.

    :raises Deleted: when somebody deleted it.
    """
    with tenancy.entered(consumer.organization_id):
        held = _locked(consumer)
        if held.is_disabled:
            return False
        stop(held, reason)
        _audit(
            held, gettext_noop("switched off"), actor, after={"reason": source_text(reason.label)}
        )
    return True


def stop(held: WebhookConsumer, reason: DisabledBy) -> None:
    """Write that a consumer is disabled, in a transaction that holds its row."""
    held.disabled_at, held.disabled_by = timezone.now(), reason
    held.save(update_fields=["disabled_at", "disabled_by"])
    Delivery.objects.within(held.organization_id).filter(consumer=held).pending().update(
        status=DeliveryStatus.DISABLED, next_attempt_at=None, ended_at=Now()
    )


def enable_consumer(consumer: WebhookConsumer, *, actor: Actor | None) -> bool:
    """Send it what happens from now on; answer whether it was disabled.

    What it missed is sent when somebody recovers or replays it (`webhooks.recovery`).

    :raises Deleted: when somebody deleted it.
    """
    with tenancy.entered(consumer.organization_id):
        held = _locked(consumer)
        if not held.is_disabled:
            return False
        held.disabled_at, held.disabled_by = None, ""
        held.failing_since, held.not_before = None, None
        held.save(update_fields=["disabled_at", "disabled_by", "failing_since", "not_before"])
        _audit(held, gettext_noop("switched on"), actor)
    return True


def rotate_secret(consumer: WebhookConsumer, *, actor: Actor | None) -> str:
    """Make a new signing secret and return it; for a day the former one signs too.

    :raises Deleted: when somebody deleted it.
    """
    secret = sealing.new_secret()
    with tenancy.entered(consumer.organization_id):
        held = _locked(consumer)
        held.sealed_previous_secret = held.sealed_secret
        held.previous_secret_until = timezone.now() + BOTH_SIGN_FOR
        held.sealed_secret = sealing.seal_secret(held.organization_id, held.pk, secret)
        held.save(
            update_fields=["sealed_secret", "sealed_previous_secret", "previous_secret_until"]
        )
        _audit(held, gettext_noop("rotated the secret of"), actor, after={"secret": audit.SECRET})
    return secret


def reveal_secret(consumer: WebhookConsumer, *, actor: Actor | None) -> str:
    """Return the signing secret; that somebody looked is written down.

    :raises Undecryptable: when the key it was sealed with is gone.
    """
    with tenancy.entered(consumer.organization_id):
        _audit(consumer, gettext_noop("revealed the secret of"), actor)
        return sealing.secret_of(consumer)


def send_example(consumer: WebhookConsumer, event_type: str, *, actor: Actor | None) -> Delivery:
    """Send the sample of an event type, signed like every message.

    :raises ConsumerRefused: when there is no such event type, or the consumer is disabled.
    """
    if event_type not in catalog.BY_NAME:
        raise ConsumerRefused("event_type", _("Choose one of the event types."))
    with tenancy.entered(consumer.organization_id):
        held = _locked(consumer)
        if held.is_disabled:
            raise ConsumerRefused("event_type", _("Switch the endpoint on first."))
        delivery = Delivery.objects.create(
            organization_id=held.organization_id, consumer=held, event_type=event_type
        )
        _audit(held, gettext_noop("sent an example to"), actor, after={"event_type": event_type})
        events.wake_relay()
    return delivery


def checked(
    *,
    url: str,
    event_types: Iterable[str],
    company_tags: Iterable[str],
    description: str,
    rate_limit: int | None,
) -> dict[str, object]:
    """Return the values a consumer is made of.

    :raises ConsumerRefused: for the first that cannot be.
    """
    try:
        url = checked_url(
            url, ports=settings.WEBHOOK_PORTS, allow_private=settings.ALLOW_PRIVATE_ADDRESSES
        )
    except AddressRefused as refused:
        raise ConsumerRefused("url", in_words(refused)) from refused
    description = " ".join(description.replace("\x00", "").split())
    if len(description) > 200:  # noqa: PLR2004 - the column's length
        raise ConsumerRefused("description", _("A description has at most 200 characters."))
    if rate_limit is not None and not 1 <= rate_limit <= HIGHEST_RATE:
        raise ConsumerRefused(
            "rate_limit",
            _("Between 1 and %(most)d messages a second are possible.") % {"most": HIGHEST_RATE},
        )
    return {
        "url": url,
        "event_types": _event_types(event_types),
        "company_tags": _company_tags(company_tags),
        "description": description,
        "rate_limit": rate_limit,
    }


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """:raises ConsumerRefused: when one of them cannot be sent, or is ours to send."""
    if len(headers) > MOST_HEADERS:
        raise ConsumerRefused(
            "headers", _("At most %(most)d headers are possible.") % {"most": MOST_HEADERS}
        )
    found: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if not _HEADER_NAME.fullmatch(name):
            raise ConsumerRefused(
                "headers", _("“%(name)s” is no name of a header.") % {"name": name[:100]}
            )
        if lower in _RESERVED_HEADERS or lower.startswith(_RESERVED_PREFIXES):
            raise ConsumerRefused("headers", _("%(name)s is set by Ledgerport.") % {"name": name})
        if not value or not _HEADER_VALUE.fullmatch(value):
            raise ConsumerRefused(
                "headers",
                _("The value of %(name)s has to be 1 to 2,000 characters of plain ASCII.")
                % {"name": name},
            )
        if lower in {known.lower() for known in found}:
            raise ConsumerRefused("headers", _("%(name)s is there twice.") % {"name": name})
        found[name] = value
    return found


def _event_types(wanted: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(wanted))
    if not found:
        raise ConsumerRefused("event_types", _("Choose at least one event type."))
    unknown = [name for name in found if name not in catalog.BY_NAME]
    if unknown:
        raise ConsumerRefused(
            "event_types", _("There is no event type “%(name)s”.") % {"name": unknown[0][:60]}
        )
    return [name for name in catalog.BY_NAME if name in found]


def _company_tags(wanted: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(tag.strip() for tag in wanted))
    if len(found) > MOST_TAGS:
        raise ConsumerRefused(
            "company_tags", _("At most %(most)d company tags are possible.") % {"most": MOST_TAGS}
        )
    for tag in found:
        key, colon, value = tag.partition(":")
        if not colon or len(tag) > TAG_LENGTH:
            raise ConsumerRefused(
                "company_tags", _("“%(tag)s” needs the form key:value.") % {"tag": tag[:60]}
            )
        try:
            clean_tags({key: value})
        except TagsInvalid as invalid:
            raise ConsumerRefused("company_tags", str(invalid)) from invalid
    return found


def find_consumer(organization: Organization, consumer_id: UUID) -> WebhookConsumer | None:
    return WebhookConsumer.objects.within(organization).filter(pk=consumer_id).first()


def _locked(consumer: WebhookConsumer) -> WebhookConsumer:
    held = (
        WebhookConsumer.objects.within(consumer.organization_id)
        .select_for_update(no_key=True, of=("self",))
        .filter(pk=consumer.pk)
        .first()
    )
    if held is None:
        raise Deleted(_("The endpoint was deleted."))
    return held


def _facts(consumer: WebhookConsumer) -> dict[str, object]:
    return {name: getattr(consumer, name) for name in _AUDITED}


def _audit(
    consumer: WebhookConsumer,
    action: str,
    actor: Actor | None,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        AuditKind.WEBHOOK,
        action,
        organization_id=consumer.organization_id,
        object_id=consumer.pk,
        label=str(consumer),
        actor=actor,
        before=before,
        after=after,
    )
