"""Who changed which setting."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from companies import audit_log as log
from companies.access import PortalRequest, requires
from companies.roles import Right
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
