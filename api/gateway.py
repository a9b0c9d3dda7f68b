"""The door of the public API: who calls, how often, from where; then the organization's rows.

Everything below `/api/` passes here, whatever it finds there, so that every answer is JSON in the
contract's envelope and carries the same headers.
"""

import logging
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation

from api import cors, idempotency, limits
from api.errors import ApiError, envelope, of_ours
from api.keys import note_use
from api.later import Later
from api.parsing import check_address
from api.principals import Principal, identify
from companies import tenancy

logger = logging.getLogger(__name__)

PREFIX = "/api/"
#: Told to everybody: what there is to ask.
_OPEN = frozenset({f"{PREFIX}openapi.json"})
_BAD = 400
_SERVER_ERROR = 500
_WORDS = {
    400: "The request cannot be read.",
    404: "There is nothing at this address.",
    405: "This address knows no such method.",
    413: "The request is too large.",
}

type Next = Callable[[HttpRequest], HttpResponseBase]


class ApiMiddleware:
    """Lets requests below `/api/` through the gateway; others pass by."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        correlation_id = getattr(request, "request_id", None) or uuid4().hex
        request.correlation_id = correlation_id  # type: ignore[attr-defined]
        try:
            with translation.override(settings.LANGUAGE_CODE):  # programs read one language
                response = self._answer(request)
        except ApiError as error:
            response = envelope(request, error)
        except Exception as error:
            logger.exception("API request %s failed", correlation_id)
            response = envelope(request, of_ours(error))
        response["X-Correlation-Id"] = correlation_id
        response["Cache-Control"] = "no-store"
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            raise ApiError(
                403, "Call this address with https. A key that was sent has been seen: revoke it."
            )
        if cors.is_preflight(request):
            return cors.preflight(request)
        if request.path_info in _OPEN:
            return self.get_response(request)
        limits.check_address(str(request.META.get("REMOTE_ADDR", "")))
        principal = identify(request.headers.get("Authorization", ""))
        request.principal = principal  # type: ignore[attr-defined]
        request.organization = principal.organization  # type: ignore[attr-defined]
        organization_id = principal.organization.pk
        if principal.key is not None:
            note_use(principal.key)
        quota = limits.take(organization_id)
        try:
            if quota.remaining < 0:
                raise limits.refuse(organization_id, quota)
            check_address(request)
            with limits.one_of_few(organization_id):
                response = self._inside(request, principal)
                if isinstance(response, Later):
                    response = response.given()
        except ApiError as error:
            response = envelope(request, error)
        except RequestDataTooBig:
            response = envelope(request, ApiError(413, _WORDS[413]))
        for name, value in quota.headers.items():
            response[name] = str(max(int(value), 0)) if name.endswith("Remaining") else value
        cors.mark(request, response, organization_id)
        return response

    def _inside(self, request: HttpRequest, principal: Principal) -> HttpResponseBase:
        """Run the operation in its organization's transaction; our own faults undo all of it."""
        with tenancy.entered(principal.organization.pk):
            response = idempotency.once(
                request, principal.organization.pk, lambda: self._enveloped(request)
            )
            if response.status_code >= _SERVER_ERROR:
                transaction.set_rollback(True)
        return response

    def _enveloped(self, request: HttpRequest) -> HttpResponseBase:
        """Put what Django itself answers (no such address, wrong method) into the envelope.

        A refusal leaves nothing behind: what was written before it is undone.
        """
        with transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= _BAD:
                transaction.set_rollback(True)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        if response.status_code < _BAD or is_json:
            return response
        words = _WORDS.get(response.status_code, "The request cannot be answered.")
        wrapped: HttpResponse = envelope(request, ApiError(response.status_code, words))
        if allow := response.headers.get("Allow"):
            wrapped["Allow"] = allow
        return wrapped
