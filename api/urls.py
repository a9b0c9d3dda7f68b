"""The public API: one document of all operations, at `/api/openapi.json`."""

import logging
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, RawPostDataException
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_GET
from ninja.errors import HttpError, ValidationError

from api.errors import ApiError, Issue, envelope, of_ours
from api.parsing import MALFORMED_FORM, TextParser
from api.record_schemas import Api
from api.routers import (
    attachments,
    authorizations,
    changes,
    companies,
    connections,
    custom_data,
    data,
    files,
    history,
    integrations,
    products,
    push,
    refresh,
    settings,
    statements,
    supplemental_data,
    webhooks,
)

logger = logging.getLogger(__name__)

api = Api(
    title="Ledgerport API",
    version="3.0.0",
    description="Speaks the Codat Platform API, version 3.0.0, and more in the same style.",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    parser=TextParser(),
)
# What is below a record asks before records do, whose IDs may have slashes.
for each in (
    companies,
    products,
    connections,
    authorizations,
    refresh,
    integrations,
    settings,
    push,
    supplemental_data,
    custom_data,
    webhooks,
    history,
    attachments,
    changes,
    statements,
    data,
    files,
):
    api.add_router("", each.router)


@api.exception_handler(ApiError)
def refused(request: HttpRequest, error: ApiError) -> HttpResponse:
    return envelope(request, error)


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    issues = [Issue(_place(each["loc"]), each["msg"], each["type"]) for each in error.errors]
    first = f"{issues[0].item_id}: {issues[0].message}" if issues else "The request is malformed."
    return envelope(request, ApiError(400, first, issues=issues))


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    # What cannot be read is refused by the parser; ninja puts its own words over that.
    cause = error.__cause__
    return envelope(
        request, cause if isinstance(cause, ApiError) else ApiError(error.status_code, str(error))
    )


def malformed_form(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return envelope(request, ApiError(400, f"The form cannot be read: {error}"))


for form_error in MALFORMED_FORM:
    api.add_exception_handler(form_error, malformed_form)


@api.exception_handler(RawPostDataException)
def form_instead(request: HttpRequest, _error: RawPostDataException) -> HttpResponse:
    """Refuse a form where JSON is asked for: the gateway has read it already."""
    return envelope(request, ApiError(400, "The body is no JSON, but a form."))


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
    return envelope(request, ApiError(413, "The request is too large."))


@api.exception_handler(Exception)
def failed(request: HttpRequest, error: Exception) -> HttpResponse:
    correlation_id = getattr(request, "correlation_id", "")
    logger.error("API request %s failed", correlation_id, exc_info=error)
    return envelope(request, of_ours(error))


def _place(location: tuple[Any, ...]) -> str:
    """Name the member that is wrong, without where ninja looked for it."""
    names = [str(part) for part in location if part not in {"body", "query", "path", "asked"}]
    return ".".join(names) or "request"


@require_GET
@login_not_required
def document(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(api.written, content_type="application/json")


def _open(patterns: list[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Let programs in that do not sign in: the gateway asks for their key."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            login_not_required(pattern.callback)
    return patterns


app_name = "api"
urlpatterns = [path("openapi.json", document, name="openapi-json"), *_open(api.urls[0])]
