"""All under /o/<organization>/developers/webhooks/."""

from django.urls import path

from webhooks.views import alert_rules, consumers, deliveries

app_name = "webhooks"

urlpatterns = [
    path("", consumers.consumers, name="list"),
    path("new/", consumers.create, name="create"),
    path("messages/", deliveries.log, name="log"),
    path("events/", deliveries.event_catalog, name="catalog"),
    path("alerts/", alert_rules.rules, name="alerts"),
    path("alerts/new", alert_rules.create, name="rule-create"),
    path("alerts/<uuid:rule_id>/", alert_rules.rule, name="rule"),
    path("alerts/<uuid:rule_id>/delete", alert_rules.delete, name="rule-delete"),
    path("<uuid:consumer_id>/", consumers.consumer, name="consumer"),
    path("<uuid:consumer_id>/edit/", consumers.edit, name="edit"),
    path("<uuid:consumer_id>/secret", consumers.secret, name="secret"),
    path("<uuid:consumer_id>/rotate", consumers.rotate, name="rotate"),
    path("<uuid:consumer_id>/switch", consumers.switch, name="switch"),
    path("<uuid:consumer_id>/delete", consumers.delete, name="delete"),
    path("<uuid:consumer_id>/example", consumers.example, name="example"),
    path("<uuid:consumer_id>/recover", consumers.recover, name="recover"),
    path("<uuid:consumer_id>/replay", consumers.replay, name="replay"),
    path("<uuid:consumer_id>/messages/<uuid:delivery_id>/", deliveries.delivery, name="delivery"),
    path("<uuid:consumer_id>/messages/<uuid:delivery_id>/resend", deliveries.resend, name="resend"),
]
