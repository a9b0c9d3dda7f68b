"""What a scraper gets: everything counted, what the database says, and which version this is.

The web processes answer at `/metrics` (see `portal.scrape`). Workers, beat and relays have no web
server: they open a port of their own when they are told to.
"""

import hmac
import logging
import platform
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import django
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from portal import processes
from portal.metrics import files
from portal.metrics.instruments import FromDatabase, Readings

__all__ = ["CONTENT_TYPE", "admits", "serve", "text"]

logger = logging.getLogger(__name__)

CONTENT_TYPE = CONTENT_TYPE_LATEST
PATH = "/metrics"


def text(readings: Readings | None = None) -> bytes:
    """Return the numbers of this service's processes in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Constant([_build()]))
    files.bury_the_dead()
    MultiProcessCollector(registry, path=str(files.directory()))
    if readings:
        registry.register(_Constant([_family(*each) for each in readings.items()]))
    return generate_latest(registry)


def admits(token: str, authorization: str) -> bool:
    """Tell whether somebody came with the token, however far a wrong one may be right."""
    return hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())


class _Constant(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _family(metric: FromDatabase, values: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(metric.name, metric.words, labels=metric.labels)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


@cache
def _build() -> Metric:
    family = GaugeMetricFamily(
        "ledgerport_build_info",
        "Always 1; the labels tell what runs.",
        labels=("version", "python", "django"),
    )
    family.add_metric((processes.version(), platform.python_version(), django.get_version()), 1)
    return family


class Server(ThreadingHTTPServer):
    """Answers scrapers beside what a process is there for, in threads that do not keep it alive."""

    daemon_threads = True

    def __init__(self, address: str, port: int, *, token: str) -> None:
        super().__init__((address, port), _Handler)
        self.token = token


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 10

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif self.server.token and not admits(
            self.server.token, self.headers.get("Authorization", "")
        ):
            self.send_error(HTTPStatus.UNAUTHORIZED)
        else:
            body = text()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing down: a scraper comes every few seconds."""


def serve(address: str, port: int, *, token: str = "") -> Server | None:
    """Answer scrapers at a port; nothing where it cannot be had, since the work matters more."""
    try:
        server = Server(address, port, token=token)
    except OSError as error:
        logger.error("no metrics at %s port %s: %s", address, port, error)  # noqa: TRY400 - told whole
        return None
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
