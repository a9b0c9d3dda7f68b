"""Developers → API keys: what programs show to act for the organization."""

import base64
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from api import keys
from api.forms import ApiKeyForm
from api.models import ApiKey, Scope
from companies.access import PortalRequest, requires
from companies.roles import Right
from portal.http import wants_fragment

_UNPROCESSABLE = 422


@require_GET
@requires(Right.MANAGE_API_KEYS)
def api_keys(request: PortalRequest) -> HttpResponse:
    return _page(request, {"form": _new_form()})


@require_POST
@requires(Right.MANAGE_API_KEYS)
@sensitive_variables("text")
def create(request: PortalRequest) -> HttpResponse:
    """Make a key and show it, this once: it is in this answer and nowhere else."""
    form = ApiKeyForm(request.POST)
    if not form.is_valid():
        return _answer(request, {"form": form}, _UNPROCESSABLE)
    try:
        key, text = keys.create_key(
            request.organization,
            name=form.cleaned_data["name"],
            scopes=[Scope(each) for each in form.cleaned_data["scopes"]],
            expires_at=form.expires_at(),
            actor=request.user,
        )
    except keys.TooManyKeys as refusal:
        form.add_error(None, str(refusal))
        return _answer(request, {"form": form}, _UNPROCESSABLE)
    encoded = base64.b64encode(text.encode()).decode()
    created = {"name": key.name, "text": text, "header": f"Authorization: Basic {encoded}"}
    response = _answer(request, {"form": _new_form(), "created": created}, 200)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@requires(Right.MANAGE_API_KEYS)
def revoke(request: PortalRequest, key_id: UUID) -> HttpResponse:
    """Ask, then take the key away."""
    key = get_object_or_404(ApiKey.objects.within(request.organization), pk=key_id)
    if request.method == "GET":
        part = "#dialog" if wants_fragment(request) else ""
        return render(request, f"api/revoke.html{part}", {"key": key})
    try:
        keys.revoke_key(request.organization, key.pk, actor=request.user)
    except keys.LastKey as refusal:
        messages.warning(request, _("%(refusal)s Nothing was changed.") % {"refusal": refusal})
    except ApiKey.DoesNotExist:  # somebody else was faster
        messages.success(request, _("The key is revoked."))
    else:
        done = _("%(key)s is revoked: programs that use it are refused.") % {"key": key}
        messages.success(request, done)
    return redirect("api_portal:keys", request.organization.slug)


def _new_form() -> ApiKeyForm:
    return ApiKeyForm(initial={"scopes": [Scope.READ.value], "expires": "90"})


def _answer(request: PortalRequest, context: dict[str, Any], status: int) -> HttpResponse:
    if wants_fragment(request):
        part = "api/keys.html#new-key"
        return render(request, part, _with_scopes(context), status=status)
    return _page(request, context | {"is_open": True}, status)


def _page(request: PortalRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    held = keys.keys_of(request.organization)
    context = _with_scopes(context) | {
        "keys": held,
        "most": ApiKey.MOST,
        "is_full": len(held) >= ApiKey.MOST,
        "api_url": f"{settings.BASE_URL}/api",
    }
    return render(request, "api/keys.html", context, status=status)


def _with_scopes(context: dict[str, Any]) -> dict[str, Any]:
    form: ApiKeyForm = context["form"]
    chosen = form["scopes"].value() or []
    return context | {
        "scopes": [(scope.value, scope.meaning, scope.value in chosen) for scope in Scope]
    }
