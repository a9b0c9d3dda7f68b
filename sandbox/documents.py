"""The API's files: what is attached to a record, and an invoice as it is printed."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.answers import Refusal
from sandbox.faults import Fault
from sandbox.grants import Grant
from sandbox.ledger.books import Books
from sandbox.ledger.history import Revision
from sandbox.server import Server
from sandbox.views import files


def attachments(server: Server, grant: Grant, request: Request, _fault: Fault | None) -> object:
    return {"items": [each.shown() for each in _attached(server, grant, request)]}


def attachment(server: Server, grant: Grant, request: Request, _fault: Fault | None) -> object:
    return _find(server, grant, request).shown()


def content(server: Server, grant: Grant, request: Request, _fault: Fault | None) -> Response:
    found = _find(server, grant, request)
    return Response(found.content, media_type=found.content_type)


def printed(server: Server, grant: Grant, request: Request, _fault: Fault | None) -> Response:
    books = server.businesses.books(grant.business_id)
    revision = _record(server, books, "invoices", request.path_params["key"])
    assert revision.record is not None  # what was deleted is not among what there is
    page = files.printed(revision.record, books.profile.name)
    return Response(page, media_type="application/pdf")


def _find(server: Server, grant: Grant, request: Request) -> files.File:
    wanted = request.path_params["attachment"]
    for each in _attached(server, grant, request):
        if each.id == wanted:
            return each
    raise Refusal(404, "not_found", f"There is no attachment {wanted}.")


def _attached(server: Server, grant: Grant, request: Request) -> list[files.File]:
    name, key = request.path_params["name"], request.path_params["key"]
    if name not in files.ATTACHED_TO:
        raise Refusal(404, "not_found", f"Nothing is attached to {name}.")
    revision = _record(server, server.businesses.books(grant.business_id), name, key)
    return files.attached(revision.id, revision.created)


def _record(server: Server, books: Books, name: str, key: str) -> Revision[Any]:
    for revision in getattr(books, name).as_of(server.clock.now()):
        if revision.id == key:
            found: Revision[Any] = revision
            return found
    raise Refusal(404, "not_found", f"There is no {key} among {name}.")
