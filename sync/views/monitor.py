"""The page that operations staff keep open."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from companies.access import PortalRequest
from portal.http import wants_fragment
from sync import monitor


@require_GET
def overview(request: PortalRequest) -> HttpResponse:
    template = "sync/monitor.html#state" if wants_fragment(request) else "sync/monitor.html"
    return render(request, template, monitor.read(request.organization))
