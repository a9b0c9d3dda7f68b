"""The Accounting API and the list of connections, each answer held against the contract."""

import re
import uuid
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.vendors.books import Body
from tests.vendors.oauth import Consent
from tests.vendors.xero import reports
from tests.vendors.xero.organisation import Organisation, Row
from tests.vendors.xero.views import ms_date

if TYPE_CHECKING:
    from tests.vendors.xero.server import XeroServer

ROOT = "/api.xro/2.0"
JOURNALS_A_PAGE = 100
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_WHERE = re.compile(r'(\w+)=="([^"]*)"')

_SCOPES = {
    "Organisation": "accounting.settings.read",
    "Accounts": "accounting.settings.read",
    "TaxRates": "accounting.settings.read",
    "Items": "accounting.settings.read",
    "Contacts": "accounting.contacts.read",
    "Invoices": "accounting.invoices.read",
    "CreditNotes": "accounting.invoices.read",
    "Payments": "accounting.payments.read",
    "Overpayments": "accounting.payments.read",
    "Prepayments": "accounting.payments.read",
    "ManualJournals": "accounting.manualjournals.read",
    "Journals": "accounting.journals.read",
    "BankTransactions": "accounting.banktransactions.read",
    "Reports/BalanceSheet": "accounting.reports.balancesheet.read",
    "Reports/ProfitAndLoss": "accounting.reports.profitandloss.read",
}
_PAGED = frozenset(
    {
        "Contacts",
        "Invoices",
        "CreditNotes",
        "Payments",
        "Overpayments",
        "Prepayments",
        "ManualJournals",
        "BankTransactions",
    }
)
_DATED = _PAGED | {"Accounts", "Items"}


class Refusal(Exception):
    """What Xero answers instead of the data."""

    def __init__(
        self, status: int, title: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers or {}

    def response(self) -> Response:
        body: Body = {
            "Type": None,
            "Title": self.title,
            "Status": self.status,
            "Detail": self.detail,
            "Instance": str(uuid.uuid4()),
            "Extensions": {},
        }
        return _json(body, self.status, self.headers)


async def accounting(request: Request) -> Response:
    """Answer in a thread, so that as many are under way at once as in the real world."""
    return await run_in_threadpool(_accounting, request)


def _accounting(request: Request) -> Response:
    server: XeroServer = request.app.state.server
    name = request.path_params["name"]
    _judge_request(server, request)
    headers: dict[str, str] = {}
    try:
        organisation = _authorized(server, request, name)
        with server.crowd.enter(organisation.tenant) as has_room:
            _limited(server, organisation.tenant, has_room=has_room)
            headers = _left(server, organisation.tenant)
            response = _answer(server, organisation, request, name)
    except Refusal as refusal:
        response = refusal.response()
    response.headers.update(headers)
    _judge_answer(server, request, response)
    return response


async def connections(request: Request) -> Response:
    server: XeroServer = request.app.state.server
    _judge_request(server, request)
    consent = server.oauth.holder_in(request)
    if consent is None:
        return _expired().response()
    moment = f"{server.clock.now():%Y-%m-%dT%H:%M:%S.%f}0"
    response = _json(
        [
            {
                "id": server.connection_id(consent, tenant),
                "authEventId": str(uuid.uuid5(uuid.NAMESPACE_OID, consent.id)),
                "tenantId": tenant,
                "tenantType": "ORGANISATION",
                "tenantName": server.organisations[tenant].name,
                "createdDateUtc": moment,
                "updatedDateUtc": moment,
            }
            for tenant in consent.reaches
        ]
    )
    _judge_answer(server, request, response)
    return response


async def disconnect(request: Request) -> Response:
    server: XeroServer = request.app.state.server
    _judge_request(server, request)
    consent = server.oauth.holder_in(request)
    if consent is None:
        return _expired().response()
    for tenant in consent.reaches:
        if server.connection_id(consent, tenant) == request.path_params["id"]:
            consent.reaches.remove(tenant)
            return Response(status_code=204)
    return Refusal(404, "Not Found", "The connection does not exist").response()


def _authorized(server: "XeroServer", request: Request, name: str) -> Organisation:
    consent = server.oauth.holder_in(request)
    if consent is None:
        raise _expired()
    tenant = request.headers.get("xero-tenant-id", "")
    if tenant not in consent.reaches:
        raise Refusal(403, "Forbidden", "AuthenticationUnsuccessful")
    if name not in _SCOPES:
        raise Refusal(404, "Not Found", "The resource you're looking for cannot be found")
    if _SCOPES[name] not in _granted(consent):
        # Spelt as Xero does.
        challenge = {"WWW-Authenticate": "insufficent_scope"}
        raise Refusal(401, "Unauthorized", "AuthorizationUnsuccessful", challenge)
    return server.organisations[tenant]


def _granted(consent: Consent) -> set[str]:
    return set(consent.scope.split())


def _expired() -> Refusal:
    return Refusal(401, "Unauthorized", "TokenExpired: token expired")


def _limited(server: "XeroServer", tenant: str, *, has_room: bool) -> None:
    """Count the request.

    :raises Refusal: when it is one too many.
    """
    if not has_room:
        raise _too_many("concurrent", 1)
    windows = (
        (server.day, "day", tenant),
        (server.minute, "minute", tenant),
        (server.app_minute, "appminute", "app"),
    )
    for allowance, problem, key in windows:
        if not allowance.take(key):
            raise _too_many(problem, allowance.seconds_left(key))


def _too_many(problem: str, seconds: int) -> Refusal:
    headers = {"Retry-After": str(seconds), "X-Rate-Limit-Problem": problem}
    return Refusal(429, "Too Many Requests", f"Rate limit: {problem}", headers)


def _left(server: "XeroServer", tenant: str) -> dict[str, str]:
    return {
        "X-DayLimit-Remaining": str(server.day.remaining(tenant)),
        "X-MinLimit-Remaining": str(server.minute.remaining(tenant)),
        "X-AppMinLimit-Remaining": str(server.app_minute.remaining("app")),
    }


def _answer(
    server: "XeroServer", organisation: Organisation, request: Request, name: str
) -> Response:
    with organisation.lock:
        members = _members(organisation, request, name)
    envelope = {
        "Id": str(uuid.uuid4()),
        "Status": "OK",
        "ProviderName": "Ledgerport",
        "DateTimeUTC": ms_date(server.clock.now()),
    }
    return _json(envelope | members)


def _members(organisation: Organisation, request: Request, name: str) -> Body:
    params = request.query_params
    match name:
        case "Organisation":
            return {"Organisations": [organisation.body]}
        case "Journals":
            return {"Journals": _journals(organisation, int(params.get("offset", "0")))}
        case "Reports/BalanceSheet" | "Reports/ProfitAndLoss":
            return {"Reports": [_report(organisation, name, params)]}
    rows = _chosen(organisation, request, name)
    if name not in _PAGED or "page" not in params:
        # Without a page lists are whole, and documents come without their lines.
        return {name: [_summary(row.body) if name in _PAGED else row.body for row in rows]}
    page = max(1, int(params["page"]))
    size = min(int(params.get("pageSize", DEFAULT_PAGE)), LARGEST_PAGE)
    shown = rows[(page - 1) * size : page * size]
    pagination = {
        "page": page,
        "pageSize": size,
        "pageCount": -(-len(rows) // size),
        "itemCount": len(rows),
    }
    return {"pagination": pagination, name: [row.body for row in shown]}


def _chosen(organisation: Organisation, request: Request, name: str) -> list[Row]:
    params, rows = request.query_params, organisation.rows(name)
    since = request.headers.get("if-modified-since")
    if since and name in _DATED:
        moment = datetime.fromisoformat(since)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        rows = [row for row in rows if row.changed_at > moment]
    if name == "Contacts" and params.get("includeArchived") != "true":
        rows = [row for row in rows if row.body.get("ContactStatus") != "ARCHIVED"]
    if "where" in params:
        rows = _where(rows, params["where"])
    order = params.get("order")
    if order == "UpdatedDateUTC ASC":
        rows = sorted(rows, key=lambda row: row.changed_at)
    elif order:
        raise Refusal(400, "QueryParseException", f"order {order}")
    return rows


def _where(rows: list[Row], text: str) -> list[Row]:
    found = _WHERE.fullmatch(text)
    if found is None:
        raise Refusal(400, "QueryParseException", f"where {text}")
    member, value = found.groups()
    return [row for row in rows if row.body.get(member) == value]


def _summary(body: Body) -> Body:
    return {**body, "LineItems": []} if "LineItems" in body else body


def _journals(organisation: Organisation, offset: int) -> list[Body]:
    later = [body for body in organisation.journals if body["JournalNumber"] > offset]
    return later[:JOURNALS_A_PAGE]


def _report(organisation: Organisation, name: str, params: Any) -> Body:
    today = organisation.clock.now().date()
    periods = int(params.get("periods", "0"))
    months = reports.MONTHS[params.get("timeframe", "MONTH")]
    if not 0 <= periods <= 11:
        raise Refusal(400, "ValidationException", "periods must be from 1 to 11")
    if name == "Reports/BalanceSheet":
        on = date.fromisoformat(params.get("date", today.isoformat()))
        return reports.balance_sheet(organisation, on, periods, months)
    first = date.fromisoformat(params.get("fromDate", today.replace(day=1).isoformat()))
    last = date.fromisoformat(params.get("toDate", today.isoformat()))
    return reports.profit_and_loss(organisation, first, last, periods, months)


def _judge_request(server: "XeroServer", request: Request) -> None:
    if server.contract is None:
        return
    for fault in server.contract.request_faults(
        request.method, request.url.path, request.query_params, request.headers
    ):
        server.requests.violate(fault)


def _judge_answer(server: "XeroServer", request: Request, response: Response) -> None:
    if server.contract is None:
        return
    for fault in server.contract.answer_faults(
        request.method, request.url.path, response.status_code, bytes(response.body)
    ):
        server.requests.violate(fault)


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(_ENCODER.encode(body), status, headers=headers, media_type="application/json")


ROUTES = [
    Route("/connections", connections, methods=["GET"]),
    Route("/connections/{id}", disconnect, methods=["DELETE"]),
    Route(f"{ROOT}/{{name:path}}", accounting, methods=["GET"]),
]
