"""Developers → API reference: the API's own document, to read."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from api.reference import reference
from companies.access import PortalRequest, requires
from companies.roles import Right


@require_GET
@requires(Right.MANAGE_API_KEYS)
def api_reference(request: PortalRequest) -> HttpResponse:
    return render(request, "api/reference.html", {"reference": reference()})
