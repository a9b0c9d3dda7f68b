"""Xero's consent page, on which a person chooses the organizations that an app may see."""

import html
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from tests.vendors.xero.server import XeroServer

_FIELDS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)
# What an app made since March 2026 may ask for, as far as accounting goes.
GRANTED = frozenset(
    {
        "offline_access",
        "openid",
        "profile",
        "email",
        "accounting.settings.read",
        "accounting.contacts.read",
        "accounting.invoices.read",
        "accounting.payments.read",
        "accounting.banktransactions.read",
        "accounting.manualjournals.read",
        "accounting.reports.balancesheet.read",
        "accounting.reports.profitandloss.read",
        "accounting.journals.read",
    }
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Xero (stand-in)</title></head>
<body><main><h1>{client} wants access to</h1>
<form method="post" action="/identity/connect/authorize">{hidden}
<fieldset><legend>Organisations</legend>{choices}</fieldset>
{problem}
<button name="decision" value="allow">Allow access</button>
<button name="decision" value="deny">Cancel</button>
</form></main></body></html>"""


def routes(server: "XeroServer") -> list[BaseRoute]:
    return [
        Route("/identity/connect/authorize", authorize, methods=["GET", "POST"]),
        Route("/connect/token", server.oauth.token, methods=["POST"]),
        Route("/connect/revocation", revocation, methods=["POST"]),
    ]


async def authorize(request: Request) -> Response:
    server: XeroServer = request.app.state.server
    form = await request.form() if request.method == "POST" else FormData()
    values = form if request.method == "POST" else request.query_params
    fields = {name: str(values.get(name, "")) for name in _FIELDS}
    refusal = _refusal(server, fields)
    if refusal:
        return HTMLResponse(f"<h1>Sorry, something went wrong</h1><p>{refusal}</p>", 400)
    if request.method == "GET":
        return _page(server, fields)
    if form.get("decision") != "allow":
        return _back(fields, error="access_denied")
    chosen = [str(tenant) for tenant in form.getlist("tenant") if tenant in server.organisations]
    if not chosen:
        return _page(server, fields, problem="<p>Choose an organisation.</p>")
    code = server.oauth.allow(
        scope=fields["scope"],
        redirect_uri=fields["redirect_uri"],
        reaches=chosen,
        challenge=fields["code_challenge"],
    )
    return _back(fields, code=code, scope=fields["scope"])


async def revocation(request: Request) -> Response:
    """Revoke a refresh token, which also ends all its connections."""
    server: XeroServer = request.app.state.server
    answer = await server.oauth.revoke(request)
    for consent in server.oauth.consents:
        if consent.is_revoked:
            consent.reaches.clear()
    return answer


def _refusal(server: "XeroServer", fields: dict[str, str]) -> str | None:
    if fields["client_id"] != server.client_id:
        return "unauthorized_client: Unknown client or client not enabled"
    if fields["response_type"] != "code":
        return "unsupported_response_type"
    if urlsplit(fields["redirect_uri"]).scheme not in {"http", "https"}:
        return "invalid_redirect_uri"
    scopes = set(fields["scope"].split())
    if not scopes or scopes - GRANTED:
        return "invalid_scope"
    if fields["code_challenge"] and fields["code_challenge_method"] != "S256":
        return "invalid_request: Transform algorithm not supported"
    return None


def _page(server: "XeroServer", fields: dict[str, str], problem: str = "") -> Response:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )
    choices = "".join(
        f'<label><input type="checkbox" name="tenant" value="{tenant}">{html.escape(each.name)}'
        "</label><br>"
        for tenant, each in server.organisations.items()
    )
    page = _PAGE.format(client="Ledgerport", hidden=hidden, choices=choices, problem=problem)
    return HTMLResponse(page)


def _back(fields: dict[str, str], **answer: str) -> Response:
    if fields["state"]:
        answer["state"] = fields["state"]
    glue = "&" if urlsplit(fields["redirect_uri"]).query else "?"
    return RedirectResponse(f"{fields['redirect_uri']}{glue}{urlencode(answer)}", status_code=303)
