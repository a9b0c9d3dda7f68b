"""OAuth 2.0: the page a person consents on, tokens, revocation (RFC 6749, 7009, 7636)."""

import binascii
import re
import secrets
from base64 import b64decode
from urllib.parse import unquote_plus, urlencode, urlsplit

import msgspec
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.answers import Json, Refusal, refuse
from sandbox.config import Config
from sandbox.faults import Fault
from sandbox.grants import SCOPES, InvalidGrant, Tokens
from sandbox.interference import answer_with
from sandbox.ledger.profiles import PROFILES
from sandbox.pages import render
from sandbox.server import Server, server_of

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_FIELDS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)


class UntrustedRequest(Exception):
    """Nothing may be redirected: it is not certain where to."""


class RefusedRequest(Exception):
    """The application is told by redirect what was wrong (RFC 6749, 4.1.2.1)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


class Authorization(msgspec.Struct, frozen=True):
    redirect_uri: str
    scope: str
    state: str
    challenge: str

    def redirect(self, **answer: str) -> RedirectResponse:
        if self.state:
            answer["state"] = self.state
        glue = "&" if urlsplit(self.redirect_uri).query else "?"
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return RedirectResponse(
            f"{self.redirect_uri}{glue}{urlencode(answer)}", status_code=303, headers=headers
        )


async def authorize(request: Request) -> Response:
    server = server_of(request)
    form = await request.form() if request.method == "POST" else FormData()
    values = form if request.method == "POST" else request.query_params
    fields = {name: str(values.get(name, "")) for name in _FIELDS}
    try:
        authorization = _trusted(server.config, fields)
    except UntrustedRequest as error:
        return render(request, "refused.html", {"reason": str(error)}, status=400)
    try:
        _check(fields)
    except RefusedRequest as refused:
        return authorization.redirect(error=refused.error, error_description=str(refused))
    if request.method == "GET":
        return _ask(request, server, fields)
    if form.get("decision") != "allow":
        return authorization.redirect(
            error="access_denied", error_description="The person did not allow access."
        )
    business_id = str(form.get("business", ""))
    if business_id not in PROFILES:
        return _ask(request, server, fields, problem="Choose the business to share.")
    code = await run_in_threadpool(
        server.grants.allow,
        business_id=business_id,
        scope=authorization.scope,
        redirect_uri=authorization.redirect_uri,
        challenge=authorization.challenge,
    )
    response = authorization.redirect(code=code)
    # The books are asked for next: have them ready by then.
    response.background = BackgroundTask(server.businesses.books, business_id)
    return response


async def token(request: Request) -> Response:
    server = server_of(request)
    form = await request.form()
    values = QueryParams([(name, value) for name, value in form.items() if isinstance(value, str)])
    try:
        _client(server.config, request)
    except Refusal as refusal:
        return refuse(request, refusal)
    grant_id, fault = await run_in_threadpool(_meet, server, request, values)

    async def answer() -> Response:
        return await run_in_threadpool(_answer, server, request, values)

    return await answer_with(fault, request, grant_id, answer)


async def revoke(request: Request) -> Response:
    server = server_of(request)
    try:
        _client(server.config, request)
    except Refusal as refusal:
        return refuse(request, refusal)
    form = await request.form()
    await run_in_threadpool(server.grants.revoke_token, str(form.get("token", "")))
    return Json({})


def _ask(
    request: Request, server: Server, fields: dict[str, str], problem: str | None = None
) -> Response:
    context = {
        "client_name": server.config.client_name,
        "businesses": PROFILES.values(),
        "fields": fields,
        "problem": problem,
        "host": urlsplit(fields["redirect_uri"]).hostname,
    }
    # Chromium holds every redirect that follows a form against the policy, and the application may
    # send the person on to an address that is not known here.
    status = 422 if problem else 200
    return render(request, "authorize.html", context, status=status, form_targets="https: http:")


def _trusted(config: Config, fields: dict[str, str]) -> Authorization:
    if fields["client_id"] != config.client_id:
        raise UntrustedRequest("The application that sent you here is not known.")
    if fields["redirect_uri"] not in config.redirect_uris:
        raise UntrustedRequest("The address to return to is not one the application registered.")
    return Authorization(
        fields["redirect_uri"], fields["scope"], fields["state"], fields["code_challenge"]
    )


def _check(fields: dict[str, str]) -> None:
    if fields["response_type"] != "code":
        raise RefusedRequest("unsupported_response_type", "response_type must be code.")
    scopes = fields["scope"].split()
    if not scopes or not SCOPES.issuperset(scopes):
        raise RefusedRequest("invalid_scope", f"scope must be of {' '.join(sorted(SCOPES))}.")
    if fields["code_challenge_method"] != "S256" or not _CHALLENGE.fullmatch(
        fields["code_challenge"]
    ):
        raise RefusedRequest("invalid_request", "A code_challenge with method S256 is required.")


def _client(config: Config, request: Request) -> None:
    """Check HTTP Basic with both parts form-encoded, as RFC 6749, 2.3.1 has it."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        name = secret = ""
    known = secrets.compare_digest(
        unquote_plus(secret).encode(), config.client_secret.encode()
    ) and secrets.compare_digest(unquote_plus(name).encode(), config.client_id.encode())
    if scheme.lower() != "basic" or not known:
        headers = {"WWW-Authenticate": 'Basic realm="sandbox"'}
        raise Refusal(401, "invalid_client", "The client is unknown.", headers)


def _meet(server: Server, request: Request, values: QueryParams) -> tuple[str | None, Fault | None]:
    refreshing = values.get("grant_type") == "refresh_token"
    grant_id = (
        server.grants.holder_of_refresh_token(values.get("refresh_token", ""))
        if refreshing
        else None
    )
    fault = server.faults.meet(grant_id=grant_id, path=request.url.path, refreshing=refreshing)
    return grant_id, fault


def _answer(server: Server, request: Request, values: QueryParams) -> Response:
    try:
        tokens = _issue(server, values)
    except InvalidGrant as error:
        return refuse(request, Refusal(400, "invalid_grant", str(error)))
    except Refusal as refusal:
        return refuse(request, refusal)
    return Json(tokens, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


def _issue(server: Server, values: QueryParams) -> Tokens:
    grant_type = _required(values, "grant_type")
    if grant_type == "authorization_code":
        return server.grants.exchange(
            code=_required(values, "code"),
            redirect_uri=_required(values, "redirect_uri"),
            verifier=_required(values, "code_verifier"),
        )
    if grant_type == "refresh_token":
        return server.grants.refresh(_required(values, "refresh_token"))
    raise Refusal(400, "unsupported_grant_type", f"{grant_type} is not supported.")


def _required(values: QueryParams, name: str) -> str:
    value = values.get(name)
    if not value:
        raise Refusal(400, "invalid_request", f"{name} is missing.")
    return value


ROUTES = [
    Route("/oauth/authorize", authorize, methods=["GET", "POST"]),
    Route("/oauth/token", token, methods=["POST"]),
    Route("/oauth/revoke", revoke, methods=["POST"]),
]
