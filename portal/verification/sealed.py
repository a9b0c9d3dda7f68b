"""Does everything that is encrypted open, with the keys there are?

What is opened is thrown away; a violation names the row, never what is in it.
"""

from collections.abc import Callable, Iterator

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.db import models

from connections import oauth, registration, sealing
from connections.models import AuthorizationAttempt, Integration, StoredCredentials
from portal.crypto import Undecryptable
from portal.verification.rows import each
from webhooks import sealing as webhook_sealing
from webhooks.models import WebhookConsumer


def credentials() -> Iterator[int | str]:
    yield from _opened(StoredCredentials.objects.all(), _open_credentials)


def attempts() -> Iterator[int | str]:
    yield from _opened(AuthorizationAttempt.objects.all(), oauth.opened_secrets)


def integrations() -> Iterator[int | str]:
    yield from _opened(
        Integration.objects.filter(client_secret__isnull=False), registration.opened_secret
    )


def webhooks() -> Iterator[int | str]:
    yield from _opened(WebhookConsumer.objects.all(), _open_consumer)


def second_steps() -> Iterator[int | str]:
    yield from _opened(
        Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN), _open_second_step
    )


def _opened[M: models.Model](
    rows: models.QuerySet[M], open_: Callable[[M], object]
) -> Iterator[int | str]:
    for row in each(rows):
        yield 1
        try:
            open_(row)
        except Undecryptable as error:
            yield f"{row._meta.verbose_name} {row.pk} does not open: {error}"


def _open_credentials(row: StoredCredentials) -> None:
    sealing.opened(row)
    sealing.previous_refresh_token(row)


def _open_consumer(consumer: WebhookConsumer) -> None:
    webhook_sealing.secrets_in_force(consumer)
    webhook_sealing.headers_of(consumer)


def _open_second_step(authenticator: Authenticator) -> None:
    """Of an app its key, of recovery codes what they are made of."""
    for name in ("secret", "seed"):
        if name in authenticator.data:
            get_adapter().decrypt(authenticator.data[name])
