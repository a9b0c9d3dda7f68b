"""Which web pages may call the API from a browser: those that the organization names."""

from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_noop

from api.models import ApiSettings
from companies import audit, tenancy
from companies.models import Actor, AuditKind, Organization

MOST_ORIGINS = 50
_METHODS = "GET, POST, PUT, PATCH, DELETE"
_HEADERS = "Authorization, Content-Type, Idempotency-Key"
_EXPOSED = "X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Reset, Retry-After"
_PREFLIGHT_SECONDS = "600"


class NotAnOrigin(ValueError):
    """A text that no browser would send as the origin of a page."""


def allowed_origins(organization_id: UUID) -> list[str]:
    with tenancy.entered(organization_id):
        found = ApiSettings.objects.within(organization_id).first()
    return list(found.allowed_origins) if found else []


def allow_origins(
    organization: Organization, origins: list[str], *, actor: Actor | None
) -> list[str]:
    """Replace the pages that may call.

    :raises NotAnOrigin: with a sentence that names the first that is none.
    """
    wanted = list(dict.fromkeys(_origin(each) for each in origins))
    if len(wanted) > MOST_ORIGINS:
        raise NotAnOrigin(f"At most {MOST_ORIGINS} origins can be allowed.")
    with tenancy.entered(organization.pk), transaction.atomic():
        settings, _ = ApiSettings.objects.get_or_create(organization=organization)
        audit.record(
            AuditKind.API_SETTINGS,
            gettext_noop("changed"),
            organization_id=organization.pk,
            object_id=organization.pk,
            label="Allowed origins",
            actor=actor,
            before={"allowed_origins": settings.allowed_origins},
            after={"allowed_origins": wanted},
        )
        settings.allowed_origins = wanted
        settings.save(update_fields=["allowed_origins"])
    return wanted


def is_preflight(request: HttpRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def preflight(request: HttpRequest) -> HttpResponse:
    """Answer before the key is known: any organization's pages may go on to ask."""
    origin = request.headers.get("Origin", "")
    response = HttpResponse(status=204)
    patch_vary_headers(response, ["Origin"])
    with tenancy.system():
        is_known = (
            bool(origin) and ApiSettings.objects.filter(allowed_origins__contains=[origin]).exists()
        )
    if is_known:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Methods"] = _METHODS
        response["Access-Control-Allow-Headers"] = _HEADERS
        response["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
    return response


def mark(request: HttpRequest, response: HttpResponseBase, organization_id: UUID) -> None:
    """Let the browser hand the answer to the page, when the page is allowed to have it."""
    origin = request.headers.get("Origin")
    if origin is None:
        return
    patch_vary_headers(response, ["Origin"])
    if origin in allowed_origins(organization_id):
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Expose-Headers"] = _EXPOSED


def _origin(text: str) -> str:
    """Read `https://app.example.com`; a path or anything else beyond it is a mistake."""
    refusal = NotAnOrigin(f"“{text}” is no origin: write it like https://app.example.com.")
    try:
        parts = urlsplit(text.strip().rstrip("/"))
        port = parts.port
    except ValueError:
        raise refusal from None
    host = parts.hostname or ""
    is_local = host in {"localhost", "127.0.0.1"}
    beyond = parts.path or parts.query or parts.fragment or parts.username is not None
    if not host or beyond or not (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        raise refusal
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
