"""What a consumer keeps secret: its signing secrets and its headers' values, sealed for its row."""

import base64
import json
import secrets
from uuid import UUID

from django.utils import timezone

from companies import data_keys
from companies.data_keys import SealedColumn
from webhooks.models import WebhookConsumer

_SECRET_BYTES = 32
_PREFIX = "whsec_"


def new_secret() -> str:
    """Make a signing secret as Standard Webhooks writes it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def seal_secret(organization_id: UUID, consumer_id: UUID, secret: str) -> bytes:
    """Seal a signing secret, in the transaction that stores it."""
    context = _context("secret", organization_id, consumer_id)
    return data_keys.seal(organization_id, secret, context=context)


def seal_headers(organization_id: UUID, consumer_id: UUID, headers: dict[str, str]) -> bytes:
    """Seal the values of headers, in the transaction that stores them."""
    if not headers:
        return b""
    context = _context("headers", organization_id, consumer_id)
    return data_keys.seal(organization_id, json.dumps(headers), context=context)


def secret_of(consumer: WebhookConsumer) -> str:
    """:raises Undecryptable: when the key it was sealed with is gone."""
    return _open(consumer, "secret", consumer.sealed_secret)


def secrets_in_force(consumer: WebhookConsumer) -> list[str]:
    """Return what signs now: after a rotation, the former one too for a day."""
    found = [secret_of(consumer)]
    until = consumer.previous_secret_until
    if consumer.sealed_previous_secret and until and until > timezone.now():
        found.append(_open(consumer, "secret", consumer.sealed_previous_secret))
    return found


def headers_of(consumer: WebhookConsumer) -> dict[str, str]:
    """:raises Undecryptable: when the key they were sealed with is gone."""
    if not consumer.sealed_headers:
        return {}
    found: dict[str, str] = json.loads(_open(consumer, "headers", consumer.sealed_headers))
    return found


def _open(consumer: WebhookConsumer, what: str, sealed: bytes | memoryview) -> str:
    context = _context(what, consumer.organization_id, consumer.pk)
    return data_keys.unseal(consumer.organization_id, sealed, context=context)


def _context(what: str, organization_id: UUID, consumer_id: UUID) -> str:
    return f"webhook|{what}|{organization_id}|{consumer_id}"


def _column(name: str, what: str) -> SealedColumn:
    return SealedColumn(
        model=WebhookConsumer,
        name=name,
        context=lambda row: _context(what, row.organization_id, row.pk),
    )


SEALED = (
    _column("sealed_secret", "secret"),
    _column("sealed_previous_secret", "secret"),
    _column("sealed_headers", "headers"),
)
