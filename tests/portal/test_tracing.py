"""One trace from who asked to who is told, and nothing in it that is nobody's business."""

import json
import logging
import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from companies.models import Event
from engines import locations
from portal import ringing, tracing
from portal.logs import JsonLine
from portal.proxies import networks
from sync import beat, engine, operations, tasks
from sync.models import Pull
from tests import whole_way
from tests.collector import Collector, collecting
from tests.factories import ConnectionFactory, DataStatusFactory
from tests.real_sandbox import sandbox, sandbox_server  # noqa: F401
from tests.sync.scripted import install, invoice, page

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector(monkeypatch):
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        tracing.start("test")
        yield collector
        tracing.end()


def sent(collector: Collector) -> Collector:
    tracing.end()
    return collector


@pytest.mark.django_db(transaction=True)
def test_one_trace_from_the_api_request_to_the_webhook(sandbox, collector):
    walked = whole_way.walk(sandbox)
    sent(collector)

    request = collector.named("POST refresh_data_type")
    pull = collector.named("pull", pull_id=str(walked.pull_id))
    calls = [each for each in collector.spans if each.parent == pull.id]
    publish = next(each for each in calls if each.name == "publish")
    delivery = collector.named("webhook attempt")

    assert request.parent == ""
    assert pull.parent == request.id
    assert {each.name for each in calls} == {"platform request", "publish"}
    assert delivery.parent == publish.id
    assert {each.trace for each in (request, pull, *calls, delivery)} == {request.trace}
    assert request.attributes["http.response.status_code"] == "200"
    assert request.attributes["ledgerport.request_id"] == walked.request_id
    assert pull.attributes["ledgerport.organization_id"] == str(walked.organization.pk)
    assert pull.attributes["ledgerport.pull_status"] == "Complete"
    assert delivery.attributes["ledgerport.outcome"] == "ok"


@pytest.mark.django_db(transaction=True)
def test_no_span_gives_anything_away(sandbox, collector):
    walked = whole_way.walk(sandbox)
    Client().get("/o/harbour/companies/?q=zqcanary-query", headers={"X-Y": "zqcanary-header"})
    sent(collector)

    assert len(collector.spans) > 10
    assert walked.found_in(collector.text) == []
    for key in {key for span in collector.spans for key in span.attributes}:
        assert key.startswith("ledgerport.") or key in {
            "http.request.method",
            "http.route",
            "http.response.status_code",
        }
    assert "http://" not in collector.text
    assert "SELECT" not in collector.text


def test_an_exception_is_told_by_its_type_alone(collector):
    with pytest.raises(ValueError, match="zqcanary"), tracing.span("broken"):
        raise ValueError("zqcanary")
    sent(collector)

    assert collector.named("broken").status == "ValueError"
    assert "zqcanary" not in collector.text


def test_the_bell_carries_the_trace_to_the_task(collector, monkeypatch):
    rung: dict[str, Any] = {}
    monkeypatch.setattr("sync.turns.next_up", list)

    with tracing.span("click"), monkeypatch.context() as patched:
        patched.setattr(tasks.run_connection, "apply_async", lambda **sent: rung.update(sent))
        ringing.ring(tasks.run_connection, organization_id=1, connection_id=2)
    tasks.run_connection.apply(kwargs=rung["kwargs"], headers=rung["headers"])
    tasks.run_connection.apply(kwargs=rung["kwargs"])
    sent(collector)

    task = collector.named("task sync.tasks.run_connection")
    assert task.parent == collector.named("click").id


@pytest.fixture
def connection(company, monkeypatch):
    install(monkeypatch).serve(page(invoice(1), cursor="1", watermark="w1"))
    return ConnectionFactory(company=company)


def test_a_scheduled_pull_begins_a_trace_of_its_own(connection, collector):
    DataStatusFactory(
        connection=connection,
        data_type="invoices",
        frequency="daily",
        next_due_at="2026-01-02 09:30Z",
    )

    with tracing.span("bell of somebody else"):
        beat.queue_due_pulls.apply()
        engine.run_connection(connection.organization_id, connection.pk)
    sent(collector)

    pull = collector.named("pull")
    assert (pull.parent, pull.attributes["ledgerport.trigger"]) == ("", "schedule")
    assert pull.trace != collector.named("bell of somebody else").trace


def test_proxies_of_ours_may_begin_a_trace(db, collector, settings):
    for proxy in ("127.0.0.1", "10.0.0.1"):
        settings.TRUSTED_PROXIES = networks(proxy)
        Client().get("/accounts/login/", headers={"traceparent": TRACEPARENT})
    sent(collector)

    trusted, other = [each for each in collector.spans if each.name == "GET account_login"]
    assert TRACEPARENT.split("-")[1:3] == [trusted.trace, trusted.parent]
    assert other.parent == ""


def test_machines_that_ask_every_few_seconds_make_no_spans(db, collector):
    for path in ("/live", "/ready", "/metrics", "/static/x.css"):
        Client().get(path)
    with tracing.span("something"):
        pass

    assert [each.name for each in sent(collector).spans] == ["something"]


def test_a_line_of_the_log_names_its_trace(collector):
    record = logging.LogRecord("x", logging.INFO, "", 0, "here", (), None)

    with tracing.span("something"):
        line = json.loads(JsonLine().format(record))

    assert line["trace_id"] == sent(collector).named("something").trace
    assert "trace_id" not in json.loads(JsonLine().format(record))


def test_switched_off_nothing_is_kept(connection):
    with tracing.span("something"):
        operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)

    engine.run_connection(connection.organization_id, connection.pk)

    assert set(Pull.objects.values_list("trace", flat=True)) == {""}
    assert set(Event.objects.values_list("trace", flat=True)) == {""}


def test_switched_off_nothing_is_imported():
    program = (
        "import django; django.setup(); import portal.asgi, sys; "
        "print([name for name in ('opentelemetry.exporter', 'prometheus_client', 'sentry_sdk') "
        "if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "portal.settings"}
        | {"LEDGERPORT_ENV": "test", "REDIS_URL": "redis://127.0.0.1"}
        | {"DATABASE_URL": "postgresql://x@127.0.0.1/x"},
        capture_output=True,
        text=True,
        cwd=locations.PROJECT,
        check=True,
    )

    assert said.stdout == "[]\n"


def test_without_the_packages_it_says_what_to_do(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.delitem(sys.modules, "portal.tracing.exporting", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(tracing.MissingPackages, match="uv sync --extra traces"):
        tracing.start("web")
