"""The API: who a token reaches, the company, collections in pages, reports."""

from collections.abc import Callable, Mapping
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import distortion, documents
from sandbox.answers import Json, Refusal, refuse
from sandbox.faults import SPOILT, Fault
from sandbox.grants import READ_SCOPE, Grant
from sandbox.interference import answer_with
from sandbox.ledger import moments
from sandbox.ledger.profiles import PROFILES
from sandbox.server import Server, server_of
from sandbox.views import collections, extras, parties
from sandbox.views.reports import Report

MAX_PAGE_SIZE = 1_000
MAX_FIELDS = 50
REPORTS = ("balance_sheet", "profit_and_loss", "cash_flow")

type Handler = Callable[[Server, Grant, Request, Fault | None], object]


def connection(_server: Server, grant: Grant, _request: Request, _fault: Fault | None) -> object:
    return {
        "business_id": grant.business_id,
        "business_name": PROFILES[grant.business_id].name,
        "grant_id": grant.id,
    }


def company(server: Server, grant: Grant, request: Request, _fault: Fault | None) -> object:
    body = parties.company(server.businesses.books(grant.business_id), server.clock.now())
    return extras.added("company", grant.business_id, body, _fields(request.query_params))


def collection(server: Server, grant: Grant, request: Request, fault: Fault | None) -> object:
    name, query = request.path_params["name"], request.query_params
    if name not in collections.NAMES:
        raise Refusal(404, "not_found", f"There is no {name}.")
    skew = distortion.clock_skew(fault)
    as_of = _as_of(server, query, skew)
    since = _moment(query, "modified_since")
    page = _whole(query, "page", 1)
    page_size = _whole(query, "page_size", 100)
    if page_size > MAX_PAGE_SIZE:
        raise Refusal(400, "invalid_request", f"page_size must not be above {MAX_PAGE_SIZE}.")
    if distortion.is_kind(fault, "repeated_page"):
        page = max(1, page - 1)
    is_endless = distortion.is_kind(fault, "endless_pages")
    books = server.businesses.books(grant.business_id)
    found = collections.select(
        books,
        name,
        since=since if since is None else since - skew,
        as_of=as_of,
        page=1 if is_endless else page,
        page_size=page_size,
        fields=_fields(query),
        shift=1 if distortion.is_kind(fault, "shifted_page") else 0,
    )
    if fault is None or fault.kind not in SPOILT:
        server.served.record(grant.id, name, found.rows)
    rows, pages, total = found.rows, -(-found.total // page_size), found.total
    if is_endless:
        rows = distortion.endless(rows, page, as_of)
        pages, total = distortion.ENDLESS_PAGES, distortion.ENDLESS_PAGES * page_size
    elif skew:
        rows = distortion.later(rows, skew)
    elif distortion.is_kind(fault, "added_field"):
        rows = distortion.grown(rows)
    elif distortion.is_kind(fault, "changed_type"):
        rows = distortion.retyped(rows)
    return {
        "items": [row.body for row in rows],
        "page": page,
        "page_size": page_size,
        "pages": pages,
        "total": total,
        "as_of": moments.text(as_of + skew),
    }


def report(server: Server, grant: Grant, request: Request, _fault: Fault | None) -> object:
    kind, query = request.path_params["kind"], request.query_params
    if kind not in REPORTS:
        raise Refusal(404, "not_found", f"There is no report {kind}.")
    as_of = _as_of(server, query)
    books = server.businesses.books(grant.business_id)
    try:
        found = Report(books, as_of, _month(query, "from"), _month(query, "to"))
    except ValueError as error:
        raise Refusal(400, "invalid_request", str(error)) from error
    return found.body(kind)


async def _serve(request: Request, *, handler: Handler) -> Response:
    """Authenticate, count, meet faults, answer: in the order a real platform does."""
    server = server_of(request)
    try:
        grant, headers, fault = await run_in_threadpool(_admit, server, request)
    except Refusal as refusal:
        return refuse(request, refusal)

    async def answer() -> Response:
        return await run_in_threadpool(_answer, server, grant, request, fault, handler)

    response = await answer_with(fault, request, grant.id, answer)
    response.headers.update(headers)
    return response


def _admit(server: Server, request: Request) -> tuple[Grant, dict[str, str], Fault | None]:
    grant = _bearer(server, request)
    quota = server.throttle.take(grant.id)
    if quota.exceeded:
        headers = {**quota.headers, "Retry-After": str(quota.reset)}
        raise Refusal(429, "rate_limited", "Too many requests in this minute.", headers)
    fault = server.faults.meet(
        grant_id=grant.id,
        path=request.url.path,
        first_page=request.query_params.get("page", "1") == "1",
    )
    return grant, quota.headers, fault


def _answer(
    server: Server, grant: Grant, request: Request, fault: Fault | None, handler: Handler
) -> Response:
    try:
        if fault is not None and fault.kind == "token_revoked":
            _bearer(server, request)
        found = handler(server, grant, request, fault)
        return found if isinstance(found, Response) else Json(found)
    except Refusal as refusal:
        return refuse(request, refusal)


def _bearer(server: Server, request: Request) -> Grant:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    grant = server.grants.holder_of_access_token(token) if scheme.lower() == "bearer" else None
    if grant is None or grant.revoked:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        message = "The access token is missing, unknown, expired or revoked."
        raise Refusal(401, "unauthorized", message, challenge)
    if READ_SCOPE not in grant.scope.split():
        raise Refusal(403, "forbidden", f"The scope {READ_SCOPE} was not granted.")
    return grant


def _fields(query: Mapping[str, str]) -> list[str]:
    names = [name for name in query.get("fields", "").split(",") if name]
    if len(names) > MAX_FIELDS:
        raise Refusal(400, "invalid_request", f"fields must not name more than {MAX_FIELDS}.")
    return names


def _as_of(server: Server, query: Mapping[str, str], skew: int = 0) -> int:
    """Take the moment asked for; what has not happened yet is not shown."""
    now, asked = server.clock.now(), _moment(query, "as_of")
    return now if asked is None else min(asked - skew, now)


def _moment(query: Mapping[str, str], name: str) -> int | None:
    return _parsed(query, name, moments.parse, "an ISO-8601 moment with a zone")


def _month(query: Mapping[str, str], name: str) -> int | None:
    return _parsed(query, name, moments.parse_month, "a month as YYYY-MM")


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    value = _parsed(query, name, int, "a whole number")
    if value is not None and value < 1:
        raise Refusal(400, "invalid_request", f"{name} must be at least 1.")
    return default if value is None else value


def _parsed(
    query: Mapping[str, str], name: str, parse: Callable[[str], int], form: str
) -> int | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise Refusal(400, "invalid_request", f"{name} must be {form}.") from error


ROUTES = [
    Route("/api/v1/connection", partial(_serve, handler=connection)),
    Route("/api/v1/company", partial(_serve, handler=company)),
    Route("/api/v1/reports/{kind}", partial(_serve, handler=report)),
    Route("/api/v1/invoices/{key}/pdf", partial(_serve, handler=documents.printed)),
    Route("/api/v1/{name}/{key}/attachments", partial(_serve, handler=documents.attachments)),
    Route(
        "/api/v1/{name}/{key}/attachments/{attachment}",
        partial(_serve, handler=documents.attachment),
    ),
    Route(
        "/api/v1/{name}/{key}/attachments/{attachment}/content",
        partial(_serve, handler=documents.content),
    ),
    Route("/api/v1/{name}", partial(_serve, handler=collection)),
]
