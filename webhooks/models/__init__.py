from webhooks.models.alert import AlertEmail, AlertKind, AlertRule
from webhooks.models.consumer import DisabledBy, WebhookConsumer, WebhookConsumerQuerySet
from webhooks.models.delivery import (
    PENDING,
    Attempt,
    Delivery,
    DeliveryQuerySet,
    DeliveryStatus,
    delivery_id,
)

__all__ = [
    "PENDING",
    "AlertEmail",
    "AlertKind",
    "AlertRule",
    "Attempt",
    "Delivery",
    "DeliveryQuerySet",
    "DeliveryStatus",
    "DisabledBy",
    "WebhookConsumer",
    "WebhookConsumerQuerySet",
    "delivery_id",
]
