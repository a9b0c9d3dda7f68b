"""Changing the books from outside the process, for a browser's or a person's session.

curl -X POST URL/control/void_invoice -d tenant=… -d id=…
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from tests.vendors.xero.server import XeroServer

type Form = dict[str, str]
type Action = Callable[["XeroServer", Form], object]


async def look(request: Request) -> Response:
    server: XeroServer = request.app.state.server
    return JSONResponse(
        {
            "organisations": {tenant: each.name for tenant, each in server.organisations.items()},
            "requests": len(server.requests),
            "violations": server.violations,
        }
    )


async def act(request: Request) -> Response:
    server: XeroServer = request.app.state.server
    action = _ACTIONS.get(request.path_params["action"])
    if action is None:
        return JSONResponse({"actions": sorted(_ACTIONS)}, status_code=404)
    form = {name: str(value) for name, value in (await request.form()).items()}
    try:
        done = await asyncio.to_thread(action, server, form)
    except (KeyError, ValueError) as error:
        return JSONResponse({"missing or wrong": str(error)}, status_code=400)
    return JSONResponse({"done": done})


_ACTIONS: dict[str, Action] = {
    "add_invoice": lambda server, form: server.organisations[form["tenant"]].add_invoice(
        form["net"], tax=form.get("tax", "0.00")
    ),
    "void_invoice": lambda server, form: server.organisations[form["tenant"]].void_invoice(
        form["id"]
    ),
    "delete_invoice": lambda server, form: server.organisations[form["tenant"]].delete_invoice(
        form["id"]
    ),
    "delete_payment": lambda server, form: server.organisations[form["tenant"]].delete_payment(
        form["id"]
    ),
    "archive_contact": lambda server, form: server.organisations[form["tenant"]].archive_contact(
        form["id"]
    ),
    "rename_contact": lambda server, form: server.organisations[form["tenant"]].change(
        "Contacts", form["id"], Name=form["name"]
    ),
    "disconnect": lambda server, form: server.disconnect(form["tenant"]),
    "expire_access": lambda server, _form: server.oauth.expire_access(),
    "advance": lambda server, form: server.clock.advance(seconds=float(form["seconds"])),
    "exhaust_day": lambda server, form: server.day.exhaust(form["tenant"]),
}

ROUTES = [
    Route("/control", look, methods=["GET"]),
    Route("/control/{action}", act, methods=["POST"]),
]
