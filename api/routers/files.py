"""A company's uploaded files: list them, download them all, add some."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from ninja import Field, File, Router
from ninja.files import UploadedFile as Incoming

from api import shapes
from api.errors import ApiError, Issue
from api.parsing import Written
from api.principals import ApiRequest, program_of
from api.responses import responses
from api.routers.companies import find_company
from api.routers.connections import find_connection
from api.scopes import READ, WRITE
from api.shapes import Shape
from files import operations
from files.forms import MOST_AT_ONCE
from files.models import UploadedFile, UploadedFileQuerySet
from portal.http import Streamed

router = Router(tags=["Files"], by_alias=True)


class FileShape(Shape):
    id: UUID
    file_name: str
    display_name: str
    source_type: Annotated[str, Field(description="Where it was uploaded.")]
    uploaded: str
    size: int
    content_type: str
    is_downloadable: Annotated[
        bool, Field(description="Not before the virus scanner found it clean, if there is one.")
    ]


@router.get(
    "/companies/{uuid:companyId}/files",
    auth=READ,
    response=responses(list[FileShape], 404),
    operation_id="list-files",
    summary="List files",
)
def list_files(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
) -> list[dict[str, Any]]:
    """All files of the company, newest first: an array, without pages."""
    return [_shape(file) for file in _files_of(request, companyId).newest_first()]


@router.get(
    "/companies/{uuid:companyId}/files/download",
    auth=READ,
    response=responses(None, 400, 404),
    operation_id="download-files",
    summary="Download files",
    openapi_extra={
        "responses": {
            200: {
                "content": {
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
                }
            }
        }
    },
)
def download_files(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    date: Annotated[
        dt.datetime | dt.date | None,
        Written,
        Field(description="Only what was uploaded on this day, UTC."),
    ] = None,
) -> StreamingHttpResponse:
    """A zip archive of the files, in folders by where they were uploaded."""
    company = find_company(request, companyId)
    found = _files_of(request, companyId)
    name = f"{company.name} files"
    if date is not None:
        day = _day(date)
        start = dt.datetime.combine(day, dt.time.min, dt.UTC)
        found = found.uploaded_between(start, start + dt.timedelta(days=1))
        name += f" {day}"
    try:
        content = operations.read_all(list(found.newest_first()))
    except operations.NotDownloadable as refusal:
        raise ApiError(404, str(refusal)) from refusal
    return StreamingHttpResponse(
        Streamed(content),
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=f"{name}.zip"
            ),
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.post(
    "/companies/{uuid:companyId}/connections/{uuid:connectionId}/files",
    auth=WRITE,
    response=responses(list[FileShape], 400, 404),
    operation_id="upload-files",
    summary="Upload files",
)
def upload_files(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
    file: File[list[Incoming]],
) -> list[dict[str, Any]]:
    """Keep up to twenty files of 10 MB each for the company: all of them, or none.

    PDF, Word, Excel, PowerPoint, CSV, JPEG and PNG are taken, told from the content.
    """
    connection = find_connection(request, companyId, connectionId)
    if len(file) > MOST_AT_ONCE:
        raise ApiError(
            400, f"file: {len(file)} files were sent; at most {MOST_AT_ONCE} are taken at a time."
        )
    try:
        upload = operations.store(
            connection.company,
            file,
            source=UploadedFile.Source.API,
            uploaded_by=program_of(request),
        )
    except operations.Deleted as error:
        raise ApiError(404, str(error)) from error
    if upload.refused:
        # The gateway undoes what a refused request wrote.
        first = upload.refused[0]
        raise ApiError(
            400,
            f"Nothing was uploaded, because of {first.name}: {first.reason}",
            issues=[Issue(each.name, each.reason, "files") for each in upload.refused],
        )
    return [_shape(each) for each in upload.taken]


def _day(date: dt.date) -> dt.date:
    """:raises ApiError: 400 for the last day that there is."""
    if isinstance(date, dt.datetime):
        date = date.astimezone(dt.UTC).date() if date.tzinfo else date.date()
    if not 1 < date.year < dt.MAXYEAR:
        raise ApiError(400, "date: There is nothing of that time.")
    return date


def _files_of(request: ApiRequest, company_id: UUID) -> UploadedFileQuerySet:
    company = find_company(request, company_id)
    return UploadedFile.objects.within(request.organization).filter(company=company)


def _shape(file: UploadedFile) -> dict[str, Any]:
    return {
        "id": file.pk,
        "fileName": file.name,
        "displayName": file.name,
        "sourceType": file.get_source_display(),
        "uploaded": shapes.moment(file.uploaded_at),
        "size": file.size,
        "contentType": file.content_type,
        "isDownloadable": file.is_downloadable,
    }
