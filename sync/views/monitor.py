"""The page that operations staff keep open."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from companies.access import PortalRequest, requires
from companies.roles import Right
from portal.http import wants_fragment
from sync import drift, monitor


@require_GET
def overview(request: PortalRequest) -> HttpResponse:
    template = "sync/monitor.html#state" if wants_fragment(request) else "sync/monitor.html"
    return render(request, template, monitor.read(request.organization))


@requires(Right.EDIT_SETTINGS)
@require_POST
def acknowledge(request: PortalRequest, platform: str) -> HttpResponse:
    """Take note of a platform's unknown fields, as far as the page showed them."""
    try:
        until = _UNTIL.clean(request.POST.get("until"))
    except forms.ValidationError:
        return HttpResponseBadRequest()
    if drift.acknowledge(request.organization, platform, until=until, actor=request.user):
        messages.success(request, _("Acknowledged. Only new ones are shown again."))
    return redirect("sync:monitor", organization=request.organization.slug)


_UNTIL = forms.DateTimeField()
