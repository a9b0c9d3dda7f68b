"""Every event reached whoever wanted it, under one id, signed, and nobody else."""

from chaos.database import Database
from chaos.oracle.verdict import Verdict
from chaos.scenario import Scenario, Tenant
from chaos.sink import Sink

_PENDING = ("sending", "attempting")


def pending(database: Database) -> int:
    return database.number(
        "SELECT count(*) FROM webhooks_delivery WHERE status = ANY(%s)", list(_PENDING)
    ) + database.number("SELECT count(*) FROM companies_outboxentry")


def hasten(database: Database) -> None:
    """Let the hours until the next attempts pass."""
    database.rows(
        "UPDATE webhooks_delivery SET next_attempt_at = now() "
        "WHERE status = ANY(%s) AND next_attempt_at > now() + interval '5 s' RETURNING 1",
        list(_PENDING),
    )


def judge(database: Database, scenario: Scenario, sink: Sink, verdict: Verdict) -> None:
    for tenant in scenario.tenants:
        _judge_deliveries(database, scenario, tenant, sink, verdict)
        _judge_received(scenario, tenant, sink, verdict)
    if sink.forged:
        verdict.blame(f"{sink.forged} messages had a wrong signature")


def _judge_deliveries(
    database: Database, scenario: Scenario, tenant: Tenant, sink: Sink, verdict: Verdict
) -> None:
    wanted = database.rows(
        "SELECT e.id, d.id, d.status FROM companies_event e "
        "JOIN webhooks_webhookconsumer c ON c.organization_id = e.organization_id "
        "LEFT JOIN webhooks_delivery d ON d.event_id = e.id AND d.consumer_id = c.id "
        "WHERE e.organization_id = %s AND e.type = ANY(%s)",
        tenant.organization.pk,
        scenario.told_types,
    )
    taken = sink.taken[tenant.path]
    verdict.add("webhook messages", len(wanted))
    verdict.add("webhook messages taken twice", sum(count > 1 for count in taken.values()))
    verdict.add("of these after an answer that said so", len(sink.taken_again[tenant.path]))
    for event, delivery, status in wanted:
        if delivery is None:
            verdict.blame(f"event {event} was never meant to be delivered")
        elif status != "succeeded":
            verdict.blame(f"delivery {delivery} ended as {status}")
        elif not taken[f"msg_{delivery.hex}"]:
            verdict.blame(f"delivery {delivery} is said to have arrived, and did not")


def _judge_received(scenario: Scenario, tenant: Tenant, sink: Sink, verdict: Verdict) -> None:
    for event, ids in sink.ids_of_event.items():
        if event.startswith(f"{tenant.path} ") and len(ids) > 1:
            verdict.blame(f"event {event} came under {len(ids)} ids")
    others = [each.canary.encode() for each in scenario.tenants if each is not tenant]
    for body in sink.bodies[tenant.path]:
        if any(canary in body for canary in others):
            verdict.blame(f"somebody else's name went to {tenant.path}")
