"""Who calls: a program with an API key, or a page with one company's access token."""

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core import signing
from django.http import HttpRequest

from api.errors import ApiError
from api.keys import find_key
from api.models import ApiKey, Scope
from companies import tenancy
from companies.models import Company, Organization, Program

#: How long a company's access token is good.
TOKEN_VALID_FOR = timedelta(days=1)
_TOKEN_SALT = "ledgerport.company-access-token"  # noqa: S105 - a purpose, no secret
_TOKEN_PREFIX = "lpt_"  # noqa: S105 - idem


@dataclass(frozen=True, slots=True)
class Principal:
    organization: Organization
    scopes: frozenset[str]
    key: ApiKey | None = None
    #: The only company that may be asked about; None with an API key.
    company_id: UUID | None = None


class ApiRequest(HttpRequest):
    """A request that came through the gateway."""

    correlation_id: str
    principal: Principal
    organization: Organization


def identify(authorization: str) -> Principal:
    """Tell who calls from the Authorization header.

    `Basic base64(key)` is the contract's; the colon that curl adds is taken too, and `Bearer key`.

    :raises ApiError: 401 for what opens nothing, 403 for what did once.
    """
    scheme, _, value = authorization.strip().partition(" ")
    value = value.strip()
    match scheme.lower():
        case "basic":
            text = _decoded(value)
        case "bearer":
            text = value
        case _:
            raise _unauthorized()
    if text.startswith(_TOKEN_PREFIX):
        return _company_token(text)
    key = find_key(text)
    if key is None:
        raise _unauthorized()
    if key.is_expired:
        raise ApiError(403, "This API key has expired. Create another under Developers → API keys.")
    return Principal(
        organization=_organization(key.organization_id), scopes=frozenset(key.scopes), key=key
    )


def program_of(request: ApiRequest) -> Program:
    """Return who a change is written down for; call it before the change.

    :raises ApiError: 401 when the key was revoked a moment ago, 403 without any.
    """
    if request.principal.key is None:
        raise ApiError(403, "Only an API key can change anything.")
    keys = ApiKey.objects.within(request.organization)
    key = keys.filter(pk=request.principal.key.pk).only("name", "ending").first()
    if key is None:
        raise _unauthorized()
    return Program(key.pk, key.name or f"…{key.ending}")


def company_token(company: Company) -> str:
    """Return what opens one company, to read, for a day: a browser may hold it."""
    held = {"o": str(company.organization_id), "c": str(company.pk)}
    return _TOKEN_PREFIX + signing.dumps(held, salt=_TOKEN_SALT, compress=False)


def _company_token(text: str) -> Principal:
    try:
        held = signing.loads(
            text.removeprefix(_TOKEN_PREFIX), salt=_TOKEN_SALT, max_age=TOKEN_VALID_FOR
        )
        organization_id, company_id = UUID(held["o"]), UUID(held["c"])
    except signing.SignatureExpired:
        raise ApiError(403, "This access token has expired. Ask for another one.") from None
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        raise _unauthorized() from None
    return Principal(
        organization=_organization(organization_id),
        scopes=frozenset({Scope.READ}),
        company_id=company_id,
    )


def _organization(organization_id: UUID) -> Organization:
    with tenancy.entered(organization_id):
        found = Organization.objects.filter(pk=organization_id).first()
    if found is None:
        raise _unauthorized()
    return found


def _decoded(value: str) -> str:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _unauthorized() from None
    return text.removesuffix(":")


def _unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized")
