"""Spans by OpenTelemetry, sent to a collector as OTLP over HTTP by a thread of each process.

Everything else is set by OpenTelemetry's own variables: headers, sampling, batches, names.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from portal.tracing import Kind, Span, Value

_KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}
#: What OpenTelemetry has names of its own for.
_NAMES = {
    "method": "http.request.method",
    "route": "http.route",
    "status_code": "http.response.status_code",
}
_HEADER = "traceparent"
_w3c = TraceContextTextMapPropagator()


class _Span:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, **attributes: Value) -> None:
        for name, value in attributes.items():
            self._span.set_attribute(_NAMES.get(name, f"ledgerport.{name}"), value)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, why: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, why))


class OpenTelemetry:
    """Makes this process's spans; not the provider of others, who would make spans of their own."""

    def __init__(self, kind: str) -> None:
        name = os.environ.get("OTEL_SERVICE_NAME") or f"ledgerport-{kind}"
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: name}), shutdown_on_exit=True
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("ledgerport")

    @contextmanager
    def span(self, name: str, kind: Kind, parent: str | None) -> Iterator[Span]:
        context = None if parent is None else _w3c.extract({_HEADER: parent}, Context())
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=_KINDS[kind],
            # What an exception says may be anybody's words.
            record_exception=False,
            set_status_on_exception=False,
        ) as opened:
            yield _Span(opened)

    def carried(self) -> str:
        carrier: dict[str, str] = {}
        _w3c.inject(carrier)
        return carrier.get(_HEADER, "")

    def trace_id(self) -> str:
        context = trace.get_current_span().get_span_context()
        return trace.format_trace_id(context.trace_id) if context.is_valid else ""

    def end(self) -> None:
        self._provider.shutdown()
