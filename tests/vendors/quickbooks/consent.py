"""Intuit's consent page, on which a person chooses the one company that an app may see."""

import html
import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tests.vendors.oauth import Refused

if TYPE_CHECKING:
    from tests.vendors.quickbooks.server import QuickBooksServer

# Intuit knows no code challenge; it ignores one.
_FIELDS = ("response_type", "client_id", "redirect_uri", "scope", "state")
ACCOUNTING = "com.intuit.quickbooks.accounting"
GRANTED = frozenset(
    {
        ACCOUNTING,
        "com.intuit.quickbooks.payment",
        "openid",
        "profile",
        "email",
        "phone",
        "address",
    }
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Intuit (stand-in)</title></head>
<body><main><h1>Connect Ledgerport to your company</h1>
<form method="post" action="/connect/oauth2">{hidden}
<fieldset><legend>Company</legend>{choices}</fieldset>
{problem}
<button name="decision" value="allow">Connect</button>
<button name="decision" value="deny">No, thanks</button>
</form></main></body></html>"""


def routes(server: "QuickBooksServer") -> list[BaseRoute]:
    return [
        Route("/connect/oauth2", authorize, methods=["GET", "POST"]),
        Route("/oauth2/v1/tokens/bearer", server.oauth.token, methods=["POST"]),
        Route("/v2/oauth2/tokens/revoke", revoke, methods=["POST"]),
    ]


async def authorize(request: Request) -> Response:
    server: QuickBooksServer = request.app.state.server
    form = await request.form() if request.method == "POST" else FormData()
    values = form if request.method == "POST" else request.query_params
    fields = {name: str(values.get(name, "")) for name in _FIELDS}
    refusal = _refusal(server, fields)
    if refusal:
        return HTMLResponse(f"<h1>Sorry, but it didn't connect</h1><p>{refusal}</p>", 400)
    if request.method == "GET":
        return _page(server, fields)
    if form.get("decision") != "allow":
        return _back(fields, error="access_denied")
    realm = str(form.get("company", ""))
    if realm not in server.companies:
        return _page(server, fields, problem="<p>Choose a company.</p>")
    code = server.oauth.allow(
        scope=fields["scope"], redirect_uri=fields["redirect_uri"], reaches=[realm]
    )
    return _back(fields, code=code, realmId=realm)


async def revoke(request: Request) -> Response:
    """End a consent by one of its refresh tokens; the body is JSON, unlike RFC 7009's."""
    server: QuickBooksServer = request.app.state.server
    try:
        server.oauth.check_client(request)
        token = json.loads(await request.body())["token"]
    except Refused as refused:
        return refused.response()
    except (ValueError, KeyError, TypeError):
        server.requests.violate('revocation: the body is not {"token": …}')
        return Refused("invalid_request", "The body needs a token.").response()
    if not server.oauth.revoke_token(str(token)):
        return Refused("invalid_request", "The token is unknown.").response()
    return Response()


def _refusal(server: "QuickBooksServer", fields: dict[str, str]) -> str | None:
    if fields["client_id"] != server.client_id:
        return "The client_id query parameter is invalid"
    if fields["response_type"] != "code":
        return "The response_type query parameter is invalid"
    if urlsplit(fields["redirect_uri"]).scheme not in {"http", "https"}:
        return "The redirect_uri query parameter value is invalid"
    if not fields["state"]:
        return "The state query parameter is missing"
    scopes = set(fields["scope"].split())
    if not scopes or scopes - GRANTED:
        return "invalid_scope"
    return None


def _page(server: "QuickBooksServer", fields: dict[str, str], problem: str = "") -> Response:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )
    choices = "".join(
        f'<label><input type="radio" name="company" value="{realm}">{html.escape(each.name)}'
        "</label><br>"
        for realm, each in server.companies.items()
    )
    return HTMLResponse(_PAGE.format(hidden=hidden, choices=choices, problem=problem))


def _back(fields: dict[str, str], **answer: str) -> Response:
    glue = "&" if urlsplit(fields["redirect_uri"]).query else "?"
    query = urlencode({**answer, "state": fields["state"]})
    return RedirectResponse(f"{fields['redirect_uri']}{glue}{query}", status_code=303)
