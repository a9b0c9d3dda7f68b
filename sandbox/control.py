"""The control API of tests and demos: businesses, grants, what was served, faults, the clock."""

import secrets
from collections.abc import Callable
from functools import partial

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Json, Refusal, refuse
from sandbox.faults import Fault
from sandbox.ledger import moments
from sandbox.ledger.profiles import PROFILES
from sandbox.server import Server, server_of
from sandbox.views.journal import journal

type Handler = Callable[[Server, Request, bytes], object]


class NewFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    grant_id: str | None = None
    path: str | None = None
    times: int | None = None
    after: int = 0
    seconds: float | None = None


class Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    advance_seconds: int


def list_businesses(server: Server, _request: Request, _body: bytes) -> object:
    return [
        {
            "id": profile.key,
            "name": profile.name,
            "currency": profile.currency,
            "size": profile.size,
            "epoch": server.businesses.epoch.isoformat(),
        }
        for profile in PROFILES.values()
    ]


def show_journal(server: Server, request: Request, _body: bytes) -> object:
    key, query = request.path_params["key"], request.query_params
    if key not in PROFILES:
        raise Refusal(404, "not_found", f"There is no business {key}.")
    now = server.clock.now()
    as_of = min(moments.parse(query["as_of"]), now) if query.get("as_of") else now
    first, last = _day(query.get("from")), _day(query.get("to"))
    return journal(server.businesses.books(key), as_of, first, last)


def list_grants(server: Server, _request: Request, _body: bytes) -> object:
    return [
        {
            "id": row["id"],
            "business_id": row["business_id"],
            "client_id": row["client_id"],
            "revoked": row["revoked_at"] is not None,
            "created_at": moments.text(row["created_at"]),
            "refreshes": row["refreshes"],
            "reuses": row["reuses"],
        }
        for row in server.grants.every()
    ]


def revoke_grant(server: Server, request: Request, _body: bytes) -> object:
    grant_id = request.path_params["grant_id"]
    if not server.grants.revoke(grant_id):
        raise Refusal(404, "not_found", f"There is no grant {grant_id}.")
    return {"id": grant_id, "revoked": True}


def list_served(server: Server, request: Request, _body: bytes) -> object:
    query = request.query_params
    return [
        {
            "grant_id": row["grant_id"],
            "collection": row["collection"],
            "id": row["record_id"],
            "updated_at": moments.text(row["updated_at"]),
            "deleted": bool(row["deleted"]),
            "times": row["times"],
        }
        for row in server.served.rows(query.get("grant_id"), query.get("collection"))
    ]


def clear_served(server: Server, _request: Request, _body: bytes) -> object:
    server.served.clear()
    return {"cleared": True}


def list_faults(server: Server, _request: Request, _body: bytes) -> object:
    return [
        {
            "id": fault.id,
            "grant_id": fault.grant_id,
            "kind": fault.kind,
            "path": fault.path,
            "times": fault.times,
            "after": fault.skip,
            "seconds": fault.seconds,
            "hits": fault.hits,
        }
        for fault in server.faults.every()
    ]


def add_fault(server: Server, _request: Request, body: bytes) -> object:
    new = msgspec.json.decode(body, type=NewFault)
    fault = Fault(
        kind=new.kind,
        grant_id=new.grant_id,
        path=new.path,
        times=new.times,
        skip=new.after,
        seconds=new.seconds,
    )
    return {"id": server.faults.add(fault)}


def clear_faults(server: Server, _request: Request, _body: bytes) -> object:
    server.faults.clear()
    return {"cleared": True}


def clear_fault(server: Server, request: Request, _body: bytes) -> object:
    fault_id = request.path_params["fault_id"]
    if not server.faults.clear(fault_id):
        raise Refusal(404, "not_found", f"There is no fault {fault_id}.")
    return {"cleared": True}


def show_clock(server: Server, _request: Request, _body: bytes) -> object:
    return {"now": moments.text(server.clock.now()), "offset_seconds": server.clock.offset}


def advance_clock(server: Server, request: Request, body: bytes) -> object:
    server.clock.advance(msgspec.json.decode(body, type=Advance).advance_seconds)
    return show_clock(server, request, body)


async def _serve(request: Request, *, handler: Handler) -> Response:
    server = server_of(request)
    key = request.headers.get("x-control-key", "")
    if not secrets.compare_digest(key.encode(), server.config.control_key.encode()):
        return refuse(request, Refusal(401, "unauthorized", "X-Control-Key is missing or wrong."))
    body = await request.body()
    try:
        return Json(await run_in_threadpool(handler, server, request, body))
    except Refusal as refusal:
        return refuse(request, refusal)
    except (ValueError, msgspec.DecodeError) as error:
        return refuse(request, Refusal(400, "invalid_request", str(error)))


def _day(text: str | None) -> int | None:
    if not text:
        return None
    return moments.day_of(moments.parse(f"{text}T00:00:00Z"))


def _route(path: str, handler: Handler, method: str = "GET") -> Route:
    return Route(f"/control{path}", partial(_serve, handler=handler), methods=[method])


ROUTES = [
    _route("/businesses", list_businesses),
    _route("/businesses/{key}/journal", show_journal),
    _route("/grants", list_grants),
    _route("/grants/{grant_id}/revoke", revoke_grant, "POST"),
    _route("/served", list_served),
    _route("/served/clear", clear_served, "POST"),
    _route("/faults", list_faults),
    _route("/faults", add_fault, "POST"),
    _route("/faults", clear_faults, "DELETE"),
    _route("/faults/{fault_id:int}", clear_fault, "DELETE"),
    _route("/clock", show_clock),
    _route("/clock", advance_clock, "POST"),
]
