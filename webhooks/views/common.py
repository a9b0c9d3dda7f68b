"""What the views of this app share."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from companies.access import PortalRequest
from webhooks.models import WebhookConsumer

UNPROCESSABLE = 422


def find_consumer(request: PortalRequest, consumer_id: UUID) -> WebhookConsumer:
    """:raises Http404: when the organization has no such consumer."""
    return get_object_or_404(WebhookConsumer.objects.within(request.organization), pk=consumer_id)


def back_to(request: PortalRequest, consumer: WebhookConsumer) -> HttpResponse:
    return redirect("webhooks:consumer", request.organization.slug, consumer.pk)
