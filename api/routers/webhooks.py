"""Webhook consumers: who is told of what happens."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router, Status
from pydantic import Field

from api.errors import ApiError, Issue, not_found
from api.principals import ApiRequest, program_of
from api.responses import responses
from api.scopes import WEBHOOKS
from api.shapes import Shape
from webhooks import operations
from webhooks.models import WebhookConsumer

router = Router(tags=["Webhooks"], by_alias=True)


class ConsumerShape(Shape):
    id: UUID
    url: str
    event_types: list[str]
    disabled: bool
    company_tags: list[str] | None = None


class Consumers(Shape):
    results: Annotated[list[ConsumerShape], Field(max_length=50)]


class ConsumerBody(Shape):
    url: str
    event_types: list[str]
    disabled: bool = False
    company_tags: list[str] | None = None


@router.get(
    "/webhooks",
    auth=WEBHOOKS,
    response=responses(Consumers, 400),
    operation_id="list-webhook-consumers",
    summary="List webhook consumers",
)
def list_consumers(request: ApiRequest) -> dict[str, Any]:
    """All of the organization's consumers, oldest first: there are 50 at most."""
    found = operations.consumers_of(request.organization)
    return {"results": [_written(each) for each in found]}


@router.post(
    "/webhooks",
    auth=WEBHOOKS,
    response=responses(ConsumerShape, 400, status=201),
    operation_id="create-webhook-consumer",
    summary="Create webhook consumer",
)
def create_consumer(request: ApiRequest, body: ConsumerBody) -> Status[dict[str, Any]]:
    """Have an endpoint told; the secret that signs its messages is in the portal."""
    try:
        consumer = operations.create_consumer(
            request.organization,
            url=body.url,
            event_types=body.event_types,
            company_tags=body.company_tags or [],
            disabled=body.disabled,
            actor=program_of(request),
        )
    except operations.ConsumerRefused as refused:
        issue = Issue(refused.field, str(refused), "CreateWebhookConsumer")
        raise ApiError(400, str(refused), issues=[issue]) from refused
    except operations.TooManyConsumers as error:
        raise ApiError(400, str(error)) from error
    return Status(201, _written(consumer))


@router.delete(
    "/webhooks/{uuid:webhookId}",
    auth=WEBHOOKS,
    response=responses(None, 404, status=204),
    operation_id="delete-webhook-consumer",
    summary="Delete webhook consumer",
)
def delete_consumer(request: ApiRequest, webhookId: UUID) -> HttpResponse:  # noqa: N803
    """Remove a consumer; what was not delivered to it yet is not any more."""
    consumer = operations.find_consumer(request.organization, webhookId)
    if consumer is None:
        raise not_found("webhook consumer", webhookId)
    try:
        operations.delete_consumer(consumer, actor=program_of(request))
    except operations.Deleted:
        raise not_found("webhook consumer", webhookId) from None
    return HttpResponse(status=204)


def _written(consumer: WebhookConsumer) -> dict[str, Any]:
    return {
        "id": consumer.pk,
        "url": consumer.url,
        "eventTypes": consumer.event_types,
        "disabled": consumer.is_disabled,
        "companyTags": consumer.company_tags,
    }
