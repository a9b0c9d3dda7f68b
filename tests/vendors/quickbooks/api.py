"""The Accounting API v3, each answer held against the contract."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.vendors.books import Body
from tests.vendors.quickbooks import contract, query, reports
from tests.vendors.quickbooks.company import (
    ENTITIES,
    PACIFIC,
    TAXES,
    Company,
    precise_moment_text,
)
from tests.vendors.quickbooks.consent import ACCOUNTING

if TYPE_CHECKING:
    from tests.vendors.quickbooks.server import QuickBooksServer

LOOK_BACK = timedelta(days=30)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Refusal(Exception):
    """What the books answer instead of the data."""

    def __init__(self, status: int, code: str, message: str, detail: str, kind: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.message = message
        self.kind = kind

    def body(self, server: "QuickBooksServer") -> Body:
        error = {"Message": self.message, "Detail": str(self), "code": self.code, "element": ""}
        fault = {"Error": [error], "type": self.kind}
        return {"Fault": fault, "time": precise_moment_text(server.clock.now())}


class Turned(Refusal):
    """What the gateway before the books answers; it writes in lower-case letters."""

    def body(self, server: "QuickBooksServer") -> Body:
        error = {"message": self.message, "detail": str(self), "code": self.code, "element": None}
        return {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": self.kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "cdcResponse": [],
            "time": int(server.clock.now().timestamp() * 1000),
        }


async def accounting(request: Request) -> Response:
    """Answer in a thread, so that as many are under way at once as in the real world."""
    return await run_in_threadpool(_accounting, request)


def _accounting(request: Request) -> Response:
    server: QuickBooksServer = request.app.state.server
    for fault in contract.request_faults(
        request.method, request.url.path, request.query_params, request.headers
    ):
        server.requests.violate(fault)
    try:
        company = _authorized(server, request)
        with company.lock:
            body, status = _answer(server, company, request), 200
    except Refusal as refusal:
        body, status = refusal.body(server), refusal.status
    content = _ENCODER.encode(body)
    if server.contract is not None:
        for fault in server.contract.answer_faults(request.url.path, status, content):
            server.requests.violate(f"answer of {fault}")
    return Response(content, status, media_type="application/json")


def _authorized(server: "QuickBooksServer", request: Request) -> Company:
    """Let the request in and count it.

    :raises Refusal: when its token is not good, or reaches another company; when it is too many.
    """
    consent = server.oauth.holder_in(request)
    if consent is None:
        message = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
        raise Turned(401, "3200", message, "Token expired", "AUTHENTICATION")
    realm = request.path_params["realm"]
    if realm not in consent.reaches or ACCOUNTING not in consent.scope.split():
        message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
        raise Turned(403, "3100", message, "", "SERVICE")
    for allowance in (server.minute, server.second):
        if not allowance.take(realm):
            message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
            raise Turned(429, "3001", message, "", "THROTTLE")
    return server.companies[realm]


def _answer(server: "QuickBooksServer", company: Company, request: Request) -> Body:
    what, params = request.path_params["what"], request.query_params
    if what.startswith("reports/"):
        try:
            return reports.report(company, what.removeprefix("reports/"), params)
        except (reports.Unavailable, ValueError) as error:
            raise _invalid(str(error)) from error
    if what == f"companyinfo/{company.realm}":
        body: Body = {"CompanyInfo": company.get("CompanyInfo", "1")}
    elif what == "preferences":
        body = {"Preferences": company.get("Preferences", "1")}
    elif what == "query":
        body = {"QueryResponse": _queried(company, params.get("query", ""))}
    elif what == "cdc":
        body = {"CDCResponse": [{"QueryResponse": _changes(server, company, request)}]}
    else:
        raise Refusal(404, "120", "Unsupported Operation", what, "ValidationFault")
    return {**body, "time": precise_moment_text(server.clock.now())}


def _queried(company: Company, text: str) -> Body:
    try:
        return query.run(company, query.parse(text))
    except query.Unparsable as error:
        raise Refusal(400, error.code, error.message, str(error), "ValidationFault") from error


def _changes(server: "QuickBooksServer", company: Company, request: Request) -> list[Body]:
    entities = request.query_params.get("entities", "").split(",")
    try:
        since = datetime.fromisoformat(request.query_params.get("changedSince", ""))
    except ValueError as error:
        raise _invalid("changedSince") from error
    since = since if since.tzinfo else since.replace(tzinfo=PACIFIC)
    if company.clock.now() - since > LOOK_BACK:
        raise _invalid("changedSince must be within the last 30 days")
    left = server.most_changes
    found: list[Body] = []
    for entity in entities:
        if entity not in ENTITIES or entity in TAXES:
            raise _invalid(f"{entity} is not supported")
        rows = company.changes(entity, since)[:left]
        left -= len(rows)
        listed = {entity: [row.body for row in rows], "startPosition": 1, "maxResults": len(rows)}
        found.append(listed if rows else {})
    return found


def _invalid(detail: str) -> Refusal:
    return Refusal(400, "2090", "Invalid Argument", detail, "ValidationFault")


ROUTES = [Route("/v3/company/{realm}/{what:path}", accounting, methods=["GET"])]
