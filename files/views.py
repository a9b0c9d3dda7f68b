"""A company's uploaded files: adding, listing, downloading and deleting them."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_GET, require_http_methods

from companies.access import PortalRequest, requires
from companies.models import Company
from companies.roles import Right
from files import operations
from files.forms import UploadForm
from files.models import UploadedFile, UploadedFileQuerySet
from portal.http import Streamed, wants_fragment

UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Day:
    """What was uploaded on one date of the reader's."""

    date: dt.date
    files: list[UploadedFile]

    @property
    def is_downloadable(self) -> bool:
        return any(file.is_downloadable for file in self.files)


@requires(Right.UPLOAD_FILES)
@require_http_methods(["GET", "POST"])
def files(request: PortalRequest, company_id: UUID) -> HttpResponse:
    """Show the files, or take more of them and say which were refused."""
    company = _company(request, company_id)
    if request.method == "GET":
        return _show(request, company, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, company, form)
    try:
        upload = operations.store(
            company,
            form.cleaned_data["file"],
            source=UploadedFile.Source.PORTAL,
            uploaded_by=request.user,
        )
    except operations.Deleted as error:
        raise Http404(str(error)) from error
    if upload.refused:
        return _show(request, company, UploadForm(), upload)
    count = len(upload.taken)
    words = ngettext("%(count)d file uploaded.", "%(count)d files uploaded.", count)
    words %= {"count": count}
    if not wants_fragment(request):
        messages.success(request, words)
        return redirect("files:files", request.organization.slug, company.pk)
    response = _show(request, company, UploadForm())
    response["HX-Trigger"] = json.dumps({"toast": {"text": words, "tone": "green"}})
    return response


@requires(Right.SEE_DATA)
@require_GET
def download(request: PortalRequest, company_id: UUID, file_id: UUID) -> StreamingHttpResponse:
    file = get_object_or_404(_files_of(request, company_id), pk=file_id)
    try:
        content = operations.read(file)
    except operations.NotDownloadable as error:
        raise Http404(str(error)) from error
    response = _attachment(content, name=file.name, content_type=file.content_type)
    response["Content-Length"] = str(file.size)
    return response


@requires(Right.SEE_DATA)
@require_GET
def download_all(request: PortalRequest, company_id: UUID) -> HttpResponseBase:
    """Send all files as a zip archive, or those of one date of the reader's."""
    company = _company(request, company_id)
    found = _files_of(request, company_id)
    name = pgettext("file name", "%(company)s files") % {"company": company.name}
    if wanted := request.GET.get("date"):
        start, end = _bounds(wanted)
        found = found.uploaded_between(start, end)
        name += f" {start:%Y-%m-%d}"
    try:
        content = operations.read_all(list(found.newest_first()))
    except operations.NotDownloadable as refusal:
        messages.warning(request, str(refusal))
        return redirect("files:files", request.organization.slug, company.pk)
    return _attachment(content, name=f"{name}.zip", content_type="application/zip")


@requires(Right.DELETE_COMPANIES)
@require_http_methods(["GET", "POST"])
def delete(request: PortalRequest, company_id: UUID, file_id: UUID) -> HttpResponse:
    """Ask, then delete the file."""
    company = _company(request, company_id)
    file = get_object_or_404(_files_of(request, company_id), pk=file_id)
    if request.method == "GET":
        fragment = "#dialog" if wants_fragment(request) else ""
        context = {"company": company, "file": file, "section": "files"}
        return render(request, f"files/delete.html{fragment}", context)
    with suppress(operations.Deleted):  # by the first of two clicks: gone it is
        operations.delete(file, actor=request.user)
    messages.success(request, _("%(file)s is deleted.") % {"file": file.name})
    return redirect("files:files", request.organization.slug, company.pk)


def _show(
    request: PortalRequest,
    company: Company,
    form: UploadForm,
    upload: operations.Upload | None = None,
) -> HttpResponse:
    sees_data = request.membership.can[Right.SEE_DATA]
    days = list(_days(_files_of(request, company.pk))) if sees_data else []
    context = {
        "company": company,
        "section": "files",
        "form": form,
        "upload": upload,
        "days": days,
        "has_locked": any(not file.is_downloadable for day in days for file in day.files),
    }
    fragment = "#files" if wants_fragment(request) else ""
    status = UNPROCESSABLE if form.is_bound or upload else 200
    return render(request, f"files/files.html{fragment}", context, status=status)


def _days(found: UploadedFileQuerySet) -> Iterator[Day]:
    listed = found.newest_first().select_related("uploaded_by")
    for date, group in groupby(listed, lambda file: timezone.localdate(file.uploaded_at)):
        yield Day(date, list(group))


def _bounds(date: str) -> tuple[dt.datetime, dt.datetime]:
    """:raises Http404: when it is no date."""
    zone = timezone.get_current_timezone()
    try:
        day = dt.date.fromisoformat(date)
        following = day + dt.timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise Http404(_("No such date.")) from error
    return (
        dt.datetime.combine(day, dt.time.min, zone),
        dt.datetime.combine(following, dt.time.min, zone),
    )


def _attachment(content: Iterator[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    """Send what others uploaded: to be saved, never to be shown or run in our name."""
    return StreamingHttpResponse(
        Streamed(content),
        content_type=content_type,
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _company(request: PortalRequest, company_id: UUID) -> Company:
    companies = Company.objects.within(request.organization).select_related("created_by")
    return get_object_or_404(companies, pk=company_id)


def _files_of(request: PortalRequest, company_id: UUID) -> UploadedFileQuerySet:
    return UploadedFile.objects.within(request.organization).filter(company_id=company_id)
