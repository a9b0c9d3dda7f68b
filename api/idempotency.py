"""One effect for requests that are sent twice with the same Idempotency-Key.

The answer is kept in the transaction of the effect, so a crash leaves both or none. What failed on
our side was rolled back and may be tried again with the same key.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from uuid import UUID

from django.db import connection as database
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from api.errors import ApiError
from api.models import IdempotentRequest
from api.parsing import MALFORMED_FORM, is_storable
from companies import tenancy
from portal import clock

METHODS = frozenset({"POST", "PATCH"})
LONGEST_KEY = 200
_SERVER_ERROR = 500
_TOO_MANY = 429


def once(
    request: HttpRequest, organization_id: UUID, answer: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Answer, or repeat the first answer; call it inside the organization's transaction.

    :raises ApiError: 409 while the first is still being answered, 422 for another request.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key or request.method not in METHODS:
        return answer()
    if len(key) > LONGEST_KEY:
        raise ApiError(400, f"An Idempotency-Key has at most {LONGEST_KEY} characters.")
    if not is_storable(key):
        raise ApiError(400, "An Idempotency-Key has letters, digits and signs only.")
    if not _alone(organization_id, key):
        raise ApiError(409, "A request with this Idempotency-Key is still being answered.")
    kept = IdempotentRequest.objects.within(organization_id).filter(key=key)
    kept.filter(created_at__lt=Now() - IdempotentRequest.KEPT_FOR).delete()
    fingerprint = _fingerprint(request)
    first = kept.first()
    if first is not None:
        if bytes(first.fingerprint) != fingerprint:
            raise ApiError(422, "This Idempotency-Key was used for another request.")
        return HttpResponse(
            bytes(first.body), status=first.status, content_type=first.content_type or None
        )
    response = answer()
    if isinstance(response, HttpResponse) and _is_kept(response.status_code):
        IdempotentRequest.objects.create(
            organization_id=organization_id,
            key=key,
            fingerprint=fingerprint,
            status=response.status_code,
            content_type=response.headers.get("Content-Type", ""),
            body=response.content,
        )
    return response


def forget_old() -> int:
    """Drop answers that are not repeated any more, of all organizations; answer how many.

    The clock calls it.
    """
    old = clock.now() - IdempotentRequest.KEPT_FOR
    with tenancy.system():
        rows = IdempotentRequest.objects.filter(created_at__lt=old)
        organizations = list(rows.values_list("organization_id", flat=True).distinct())
    forgotten = 0
    for organization_id in organizations:
        with tenancy.entered(organization_id):
            rows = IdempotentRequest.objects.within(organization_id)
            count, _ = rows.filter(created_at__lt=old).delete()
        forgotten += count
    return forgotten


def _is_kept(status: int) -> bool:
    return status < _SERVER_ERROR and status != _TOO_MANY


def _alone(organization_id: UUID, key: str) -> bool:
    """Hold the key until the transaction's end, unless somebody else does."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))", [f"{organization_id}{key}"]
        )
        (held,) = cursor.fetchone()
    return bool(held)


def _fingerprint(request: HttpRequest) -> bytes:
    """Return what two requests have in common that ask for the same.

    Of a form it is what was filled in: clients draw another line between its parts each time. Its
    files are read piece by piece, and are not held.
    """
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        for part in _parts(request):
            digest.update(json.dumps(part).encode())
    else:
        digest.update(request.body)
    return digest.digest()


def _parts(request: HttpRequest) -> Iterator[list[str | None]]:
    """:raises ApiError: 400 for what is no form."""
    try:
        fields, files = request.POST, request.FILES
    except MALFORMED_FORM as error:
        raise ApiError(400, f"The form cannot be read: {error}") from error
    for name, values in fields.lists():
        for value in values:
            yield [name, str(value)]
    for name, sent in files.lists():
        for file in sent:
            content = hashlib.sha256()
            for chunk in file.chunks():
                content.update(chunk)
            file.seek(0)
            yield [name, file.name, file.content_type, content.hexdigest()]
