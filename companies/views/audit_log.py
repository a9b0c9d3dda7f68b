"""Who changed which setting."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from companies import audit_export
from companies import audit_log as log
from companies.access import PortalRequest, requires
from companies.roles import Right
from portal import csv
from portal.http import wants_fragment


@require_GET
@requires(Right.SEE_AUDIT_LOG)
def audit_log(request: PortalRequest) -> HttpResponse:
    template = "companies/audit_log.html"
    if wants_fragment(request):
        template += "#entries"
    response = render(request, template, {"log": log.read(request.organization, request.GET)})
    patch_vary_headers(response, ["HX-Request-Type"])
    return response


@require_GET
@requires(Right.SEE_AUDIT_LOG)
def export(request: PortalRequest) -> HttpResponseBase:
    name = csv.file_name(_("audit log"), f"{timezone.localdate():%Y-%m-%d}")
    return csv.CsvResponse(name, audit_export.header(), audit_export.rows(request.organization))
