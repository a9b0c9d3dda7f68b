"""The ASGI application: OAuth pages, API, control API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox import api, control, oauth
from sandbox.answers import Json
from sandbox.config import Config
from sandbox.ledger.profiles import PROFILES
from sandbox.pages import STATIC, render
from sandbox.server import Server, server_of


def create_app(config: Config) -> Starlette:
    server = Server(config)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        server.database.close()

    app = Starlette(
        routes=[
            Route("/", _index),
            Route("/health", _health),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
            *oauth.ROUTES,
            *control.ROUTES,
            *api.ROUTES,
        ],
        lifespan=lifespan,
    )
    app.state.server = server
    return app


async def _health(_request: Request) -> Response:
    return Json({"status": "ok"})


async def _index(request: Request) -> Response:
    context = {
        "businesses": PROFILES.values(),
        "client_name": server_of(request).config.client_name,
    }
    return render(request, "index.html", context)
