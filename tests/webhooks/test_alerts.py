"""E-mails by rule: about what, to whom, and once."""

import smtplib

import pytest
from django.core import mail

from companies.models import AuditEntry
from companies.operations import create_company
from connections.models import Connection
from connections.operations import deauthorize, fail_authorization
from notices.models import Notice
from sync import events as pull_events
from sync.models import Pull, PullStatus
from tests.factories import ConnectionFactory, PullFactory
from webhooks import alerts, disabling, operations, outbox, retention
from webhooks.models import (
    AlertEmail,
    AlertKind,
    AlertRule,
    Delivery,
    DisabledBy,
    WebhookConsumer,
)


@pytest.fixture
def rule(organization, alice):
    def rule(kind: str, *emails: str, company=None) -> AlertRule:
        return alerts.create_rule(
            organization,
            kind=kind,
            company=company,
            emails=emails or ["ops@harbour.example"],
            actor=alice,
        )

    return rule


def told(organization) -> list[str]:
    outbox.relay()
    alerts.send_waiting(organization.pk)
    return [str(message.subject) for message in mail.outbox]


def read(company, *, status=PullStatus.COMPLETE, trigger=Pull.Trigger.MANUAL) -> None:
    connection = ConnectionFactory.create(company=company, source_type="Commerce")
    pull = PullFactory.create(
        connection=connection, status=status, trigger=trigger, error_message="It <b>broke</b>."
    )
    pull_events.record_finished(pull)


def test_a_lost_connection_is_told_with_its_reason(organization, company, rule):
    rule(AlertKind.CONNECTION_STATUS)
    linked = ConnectionFactory.create(company=company, status=Connection.Status.LINKED)
    deauthorize(linked, reason="The customer <withdrew> it.")

    assert told(organization) == ["[Ledgerport] Eastgate Roasters: Sandbox was deauthorized"]
    (message,) = mail.outbox
    assert isinstance(message, mail.EmailMultiAlternatives)
    text, html = str(message.body), str(message.alternatives[0][0])
    assert "The customer <withdrew> it." in text
    assert "&lt;withdrew&gt;" in html
    assert f"/companies/{company.pk}/" in text


@pytest.mark.parametrize(
    ("kind", "status", "trigger", "subject"),
    [
        (AlertKind.READ_FAILED, PullStatus.COMPLETE, Pull.Trigger.MANUAL, None),
        (AlertKind.READ_FAILED, PullStatus.FETCH_ERROR, Pull.Trigger.MANUAL, "1 data type could"),
        (AlertKind.READ_COMPLETED, PullStatus.COMPLETE, Pull.Trigger.MANUAL, "1 of 1 data types"),
        (AlertKind.COMPANY_SYNCHRONIZED, PullStatus.COMPLETE, Pull.Trigger.MANUAL, None),
        (AlertKind.COMPANY_SYNCHRONIZED, PullStatus.COMPLETE, Pull.Trigger.FIRST_LINK, "synchron"),
        (AlertKind.COMPANY_SYNCHRONIZED, PullStatus.FETCH_ERROR, Pull.Trigger.FIRST_LINK, None),
    ],
)
def test_kinds_tell_what_they_say(organization, company, rule, kind, status, trigger, subject):
    rule(kind)
    read(company, status=status, trigger=trigger)

    subjects = told(organization)

    assert len(subjects) == (subject is not None)
    assert all(subject in each for each in subjects)


def test_a_customer_who_could_not_link_is_told(organization, company, rule):
    rule(AlertKind.LINKING_FAILED)
    pending = ConnectionFactory.create(company=company, status=Connection.Status.PENDING_AUTH)
    fail_authorization(pending, status_code="403", status_text="Declined", message="Declined.")

    assert told(organization) == ["[Ledgerport] Eastgate Roasters did not finish linking Sandbox"]


def test_an_address_gets_one_e_mail_about_an_event(organization, company, rule):
    rule(AlertKind.READ_FAILED)
    rule(AlertKind.READ_COMPLETED, "ops@harbour.example", "cto@harbour.example")
    read(company, status=PullStatus.FETCH_ERROR)

    assert len(told(organization)) == 2
    assert len(told(organization)) == 2
    assert set(AlertEmail.objects.values_list("status", flat=True)) == {"sent"}


def test_a_rule_for_one_company_says_nothing_of_others(organization, company, rule):
    rule(AlertKind.READ_COMPLETED, company=company)
    read(create_company(organization, name="Other"))

    assert told(organization) == []


def test_what_the_mail_server_refuses_is_tried_again_and_given_up(
    organization, company, rule, monkeypatch
):
    rule(AlertKind.READ_COMPLETED)
    read(company)
    outbox.relay()

    def refuse(*_args, **_kwargs):
        raise smtplib.SMTPException("no")

    monkeypatch.setattr("portal.mail.send", refuse)
    for _ in range(alerts._MOST_TRIES):
        AlertEmail.objects.update(not_before=company.created_at)
        assert alerts.send_waiting(organization.pk) == 0
    assert AlertEmail.objects.get().status == "failed"
    assert alerts.send_waiting(organization.pk) == 0


def test_rules_are_written_down_and_bounded(organization, alice, rule):
    made = rule(AlertKind.READ_FAILED)
    alerts.update_rule(
        made, kind=made.kind, company=None, emails=["cto@harbour.example"], actor=alice
    )
    alerts.delete_rule(made, actor=alice)

    actions = AuditEntry.objects.filter(kind="alert_rule").values_list("action", flat=True)
    assert sorted(actions) == ["changed", "created", "deleted"]
    for kind, emails in (("nothing", ["a@b.example"]), ("read_failed", ["x"]), ("read_failed", [])):
        with pytest.raises(alerts.RuleRefused):
            alerts.create_rule(organization, kind=kind, company=None, emails=emails, actor=alice)


def consumer_of(organization) -> WebhookConsumer:
    return operations.create_consumer(
        organization, url="https://hooks.example/", event_types=["company.created"], actor=None
    )


def test_those_who_can_mend_it_hear_of_a_disabled_endpoint_once(organization, alice):
    consumer = consumer_of(organization)
    operations.disable_consumer(consumer, actor=None, reason=DisabledBy.FAILURES)

    assert disabling.tell(organization.pk) == 1
    assert disabling.tell(organization.pk) == 0
    assert mail.outbox[0].to == [alice.email]
    assert "https://hooks.example/" in mail.outbox[0].body
    assert Notice.objects.filter(kind="webhook_disabled").count() == 1


def test_nobody_is_told_of_what_a_member_switched_off(organization, alice):
    operations.disable_consumer(consumer_of(organization), actor=alice)

    assert disabling.tell(organization.pk) == 0


def test_messages_are_forgotten_after_thirty_days_once_they_ended(organization):
    consumer = consumer_of(organization)
    for number in range(3):
        create_company(organization, name=f"Bakery {number}")
    outbox.relay()
    old, waiting, fresh = Delivery.objects.order_by("pk")
    long_ago = consumer.created_at.replace(year=consumer.created_at.year - 1)
    Delivery.objects.filter(pk=old.pk).update(
        status="succeeded", next_attempt_at=None, created_at=long_ago
    )
    Delivery.objects.filter(pk=waiting.pk).update(created_at=long_ago)

    assert retention.forget_old(organization.pk, rest=0) == 1
    assert set(Delivery.objects.all()) == {waiting, fresh}
