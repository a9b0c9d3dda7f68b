"""A collector of traces on a real socket, which keeps what it is sent (OTLP over HTTP)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Received:
    name: str
    service: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]
    status: str


@dataclass
class Collector:
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)

    @property
    def spans(self) -> list[Received]:
        return [
            Received(
                name=span.name,
                service=next(
                    each.value.string_value
                    for each in resource.resource.attributes
                    if each.key == "service.name"
                ),
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                attributes={
                    each.key: each.value.string_value or str(each.value.int_value)
                    for each in span.attributes
                },
                status=span.status.message,
            )
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str, **attributes: str) -> Received:
        (found,) = [
            span
            for span in self.spans
            if span.name == name
            and {f"ledgerport.{key}": value for key, value in attributes.items()}.items()
            <= span.attributes.items()
        ]
        return found

    @property
    def text(self) -> str:
        """Everything that was sent, as far as it is text."""
        return b"\n".join(self.bodies).decode(errors="replace")


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
