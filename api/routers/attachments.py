"""Files at records: asked of the platform when they are asked for, passed on and never kept."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from ninja import Router

from api import bodies, datasets, shapes
from api.errors import ApiError
from api.later import Later
from api.principals import ApiRequest
from api.responses import responses
from api.routers.data import storable
from api.scopes import READ
from api.shapes import Shape
from connections import documents
from connections.documents import Document
from connections.models import Connection
from connections.platforms import PLATFORMS, get_platform
from connections.platforms.base import (
    Attachment,
    AuthorizationRevoked,
    InvalidCredentials,
    Missing,
    NotSupported,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Suspended,
    TooLarge,
    Unreadable,
)
from connections.schemas import DataType
from portal.http import Streamed

router = Router(tags=["Attachments"], by_alias=True)

_OVER = "/companies/{uuid:companyId}/connections/{uuid:connectionId}/data"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
#: What each error of a platform means to whoever waits; any other is an outage of theirs.
_STATUSES: dict[type[PlatformError], int] = {
    TooLarge: 400,
    AuthorizationRevoked: 409,
    InvalidCredentials: 409,
    Missing: 404,
    NotSupported: 404,
    PermissionMissing: 403,
    RateLimited: 429,
    Unreadable: 409,
}


class AttachmentShape(Shape):
    id: str
    name: str | None = None
    content_type: str | None = None
    date_created: str | None = None
    file_size: int | None = None
    include_when_sent: bool | None = None


class Attachments(Shape):
    attachments: list[AttachmentShape]


def _attached() -> list[DataType]:
    """Return the types that any platform has files of."""
    return [each for each in DataType if any(each in p.attachments for p in PLATFORMS.values())]


def _listing(data_type: DataType) -> Callable[..., HttpResponse]:
    def view(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        recordId: str,  # noqa: N803
    ) -> HttpResponse:
        connection = _open(request, companyId, connectionId, data_type, recordId)

        def answer() -> HttpResponse:
            found = documents.list_attachments(connection, data_type, recordId)
            return _json({"attachments": [_written(each) for each in found]})

        return _later(answer)

    return view


def _reading(data_type: DataType) -> Callable[..., HttpResponse]:
    def view(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        recordId: str,  # noqa: N803
        attachmentId: str,  # noqa: N803
    ) -> HttpResponse:
        connection = _open(request, companyId, connectionId, data_type, recordId)

        def answer() -> HttpResponse:
            found = documents.find_attachment(connection, data_type, recordId, attachmentId)
            return _json(_written(found))

        return _later(answer)

    return view


def _download(data_type: DataType) -> Callable[..., HttpResponse]:
    def view(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        recordId: str,  # noqa: N803
        attachmentId: str,  # noqa: N803
    ) -> HttpResponse:
        connection = _open(request, companyId, connectionId, data_type, recordId)

        def answer() -> HttpResponseBase:
            found = documents.download_attachment(connection, data_type, recordId, attachmentId)
            # Whatever the platform calls it: nobody's browser is to show or run it in our name.
            return _file(found, content_type="application/octet-stream")

        return _later(answer)

    return view


def _printed(
    request: ApiRequest, company_id: UUID, connection_id: UUID | None, record_id: str
) -> HttpResponse:
    data_type = DataType.INVOICES
    connection = datasets.connection_of(request, company_id, connection_id)
    _check(connection, data_type, record_id)
    if data_type not in get_platform(connection.platform).printed:
        raise ApiError(404, f"{connection.platform_name} gives no PDF of {data_type}.")

    def answer() -> HttpResponseBase:
        found = documents.download_pdf(connection, data_type, record_id)
        return _file(found, content_type="application/pdf")

    return _later(answer)


def pdf_of_company(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    recordId: str,  # noqa: N803
) -> HttpResponse:
    return _printed(request, companyId, None, recordId)


def pdf_of_connection(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
    recordId: str,  # noqa: N803
) -> HttpResponse:
    return _printed(request, companyId, connectionId, recordId)


def _open(
    request: ApiRequest,
    company_id: UUID,
    connection_id: UUID,
    data_type: DataType,
    record_id: str,
) -> Connection:
    """:raises ApiError: 404 where there are no attachments, 409 where nobody can be asked."""
    connection = datasets.connection_of(request, company_id, connection_id)
    _check(connection, data_type, record_id)
    if data_type not in get_platform(connection.platform).attachments:
        raise ApiError(404, f"{connection.platform_name} gives no attachments of {data_type}.")
    return connection


def _check(connection: Connection, data_type: DataType, record_id: str) -> None:
    storable(data_type, record_id)
    if not connection.is_linked:
        raise ApiError(
            409,
            f"The connection is {connection.get_status_display().lower()}: files are not kept "
            "here, and the platform can be asked for them over a linked connection only.",
        )


def _later(answer: Callable[[], HttpResponseBase]) -> Later:
    def given() -> HttpResponseBase:
        try:
            return answer()
        except PlatformError as error:
            raise _refusal(error) from error

    return Later(given)


def _refusal(error: PlatformError) -> ApiError:
    wait = error.retry_after if isinstance(error, (RateLimited, Suspended)) else None
    return ApiError(
        _STATUSES.get(type(error), 503),
        error.message,
        retry_after=None if wait is None else max(1, round(wait)),
    )


class _Passed(Streamed):
    """Closes the document with the answer, sent or not."""

    def __init__(self, document: Document) -> None:
        super().__init__(document.pieces())
        self.close = document.close


def _file(found: Document, *, content_type: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        _Passed(found),
        content_type=content_type,
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=_name(found.name)
            ),
            "Content-Length": str(found.size),
            "X-Content-Type-Options": "nosniff",
        },
    )


def _name(name: str) -> str:
    """Leave of a stranger's name what every system takes for a file's."""
    clean = "".join(letter for letter in name if letter.isprintable() and letter not in '/\\"')
    return clean.strip(". ")[:150] or "file"


def _json(value: dict[str, Any]) -> HttpResponse:
    return bodies.answer(bodies.encoded(value))


def _written(found: Attachment) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "contentType": found.content_type,
        "dateCreated": shapes.moment(found.created_at),
        "fileSize": found.size,
        "includeWhenSent": found.is_sent_along,
    }


def _binary(content_type: str) -> dict[str, Any]:
    return {"responses": {200: {"content": {content_type: _BINARY}}}}


_REFUSALS = (403, 404, 409)

for each in _attached():
    at = f"{_OVER}/{datasets.path_of(each)}/{{path:recordId}}/attachments"
    word = each.english.lower()
    router.get(
        at,
        auth=READ,
        response=responses(Attachments, *_REFUSALS),
        operation_id=f"list-attachments-of-{each}",
        summary=f"List attachments of {word}",
        description="The files at a record, as the platform has them now.",
    )(_listing(each))
    router.get(
        f"{at}/{{attachmentId}}",
        auth=READ,
        response=responses(AttachmentShape, *_REFUSALS),
        operation_id=f"get-attachment-of-{each}",
        summary=f"Get an attachment of {word}",
        description="One file at a record, without what is in it.",
    )(_reading(each))
    router.get(
        f"{at}/{{attachmentId}}/download",
        auth=READ,
        response=responses(None, 400, *_REFUSALS),
        operation_id=f"download-attachment-of-{each}",
        summary=f"Download an attachment of {word}",
        description="What is in a file at a record: at most 25 MB, to be saved and not shown.",
        openapi_extra=_binary("application/octet-stream"),
    )(_download(each))

for path, view, level in (
    ("/companies/{uuid:companyId}/data", pdf_of_company, ""),
    (_OVER, pdf_of_connection, "-of-connection"),
):
    router.get(
        f"{path}/invoices/{{path:recordId}}/pdf",
        auth=READ,
        response=responses(None, 400, *_REFUSALS),
        operation_id=f"download-invoice-pdf{level}",
        summary="Download an invoice as PDF",
        description="The invoice as the platform prints it: at most 25 MB.",
        openapi_extra=_binary("application/pdf"),
    )(view)
