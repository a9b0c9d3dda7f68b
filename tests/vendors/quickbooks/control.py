"""Changing the books from outside the process, for a browser's or a person's session.

curl -X POST URL/control/void_invoice -d realm=… -d id=…
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.vendors.quickbooks.company import Company

if TYPE_CHECKING:
    from tests.vendors.quickbooks.server import QuickBooksServer

type Form = dict[str, str]
type Action = Callable[["QuickBooksServer", Form], object]


async def look(request: Request) -> Response:
    server: QuickBooksServer = request.app.state.server
    return JSONResponse(
        {
            "companies": {realm: each.name for realm, each in server.companies.items()},
            "requests": len(server.requests),
            "violations": server.violations,
        }
    )


async def act(request: Request) -> Response:
    server: QuickBooksServer = request.app.state.server
    action = _ACTIONS.get(request.path_params["action"])
    if action is None:
        return JSONResponse({"actions": sorted(_ACTIONS)}, status_code=404)
    form = {name: str(value) for name, value in (await request.form()).items()}
    try:
        done = await asyncio.to_thread(action, server, form)
    except (KeyError, ValueError) as error:
        return JSONResponse({"missing or wrong": str(error)}, status_code=400)
    return JSONResponse({"done": done})


def _company(server: "QuickBooksServer", form: Form) -> Company:
    return server.companies[form["realm"]]


_ACTIONS: dict[str, Action] = {
    "add_invoice": lambda server, form: _company(server, form).add_invoice(
        form["net"], tax=form.get("tax", "0.00")
    ),
    "void_invoice": lambda server, form: _company(server, form).void_invoice(form["id"]),
    "delete_invoice": lambda server, form: _company(server, form).delete_invoice(form["id"]),
    "delete_payment": lambda server, form: _company(server, form).delete_payment(form["id"]),
    "rename_customer": lambda server, form: _company(server, form).rename_customer(
        form["id"], form["name"]
    ),
    "deactivate": lambda server, form: _company(server, form).deactivate(
        form["entity"], form["id"]
    ),
    "revoke": lambda server, form: server.revoke(form["realm"]),
    "expire_access": lambda server, _form: server.oauth.expire_access(),
    "advance": lambda server, form: server.clock.advance(seconds=float(form["seconds"])),
    "exhaust_minute": lambda server, form: server.minute.exhaust(form["realm"]),
}

ROUTES = [
    Route("/control", look, methods=["GET"]),
    Route("/control/{action}", act, methods=["POST"]),
]
