"""Messages: all of them, and each with its attempts."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from companies.access import PortalRequest, requires
from companies.roles import Right
from portal.http import wants_fragment
from webhooks import catalog, pages, recovery
from webhooks.models import Attempt, Delivery
from webhooks.views.common import find_consumer


@require_GET
@requires(Right.SEE_WEBHOOKS)
def log(request: PortalRequest) -> HttpResponse:
    template = "webhooks/_messages.html" if wants_fragment(request) else "webhooks/log.html"
    response = render(request, template, {"log": pages.messages(request.organization, request.GET)})
    patch_vary_headers(response, ["HX-Request-Type"])
    return response


@require_GET
@requires(Right.SEE_WEBHOOKS)
def event_catalog(request: PortalRequest) -> HttpResponse:
    return render(request, "webhooks/catalog.html", {"types": catalog.TYPES})


@require_GET
@requires(Right.SEE_WEBHOOKS)
def delivery(request: PortalRequest, consumer_id: UUID, delivery_id: UUID) -> HttpResponse:
    found = _find(request, consumer_id, delivery_id)
    attempts = Attempt.objects.within(request.organization).filter(delivery=found)
    context = {
        "delivery": found,
        "consumer": found.consumer,
        "body": pages.body_shown(found, request.organization),
        "attempts": attempts.order_by("-number")[:50],
    }
    return render(request, "webhooks/delivery.html", context)


@require_POST
@requires(Right.EDIT_SETTINGS)
def resend(request: PortalRequest, consumer_id: UUID, delivery_id: UUID) -> HttpResponse:
    found = _find(request, consumer_id, delivery_id)
    try:
        is_sent = recovery.resend(found, actor=request.user)
    except recovery.ConsumerDisabled as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request,
            _("The message is on its way again.")
            if is_sent
            else _("The message is on its way already."),
        )
    return redirect("webhooks:delivery", request.organization.slug, consumer_id, delivery_id)


def _find(request: PortalRequest, consumer_id: UUID, delivery_id: UUID) -> Delivery:
    consumer = find_consumer(request, consumer_id)
    deliveries = Delivery.objects.within(request.organization).select_related("consumer", "event")
    return get_object_or_404(deliveries, consumer=consumer, pk=delivery_id)
