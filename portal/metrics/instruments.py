"""What code holds in its hands to count with: does nothing until the process is switched on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar

_all: list["Instrument"] = []


def instruments() -> Sequence["Instrument"]:
    """List every metric there is, in the order in which they are declared."""
    return tuple(_all)


class Instrument:
    """One metric: its name, what it tells, and the series by its labels' values."""

    #: Prometheus' own class for it.
    kind: ClassVar[str]

    def __init__(
        self, name: str, words: str, labels: tuple[str, ...] = (), buckets: Sequence[float] = ()
    ) -> None:
        self.name = name
        self.words = words
        self.labels = labels
        self._buckets = buckets
        self._metric: Any = None
        #: Finding a series here is several times as fast as in Prometheus' client.
        self._series: dict[tuple[str, ...], Any] = {}
        _all.append(self)

    def switch_on(self) -> None:
        client = import_module("prometheus_client")
        self._series = {}
        self._metric = getattr(client, self.kind)(
            self.name, self.words, self.labels, registry=None, **self._options()
        )

    def switch_off(self) -> None:
        self._metric, self._series = None, {}

    def _options(self) -> Mapping[str, Any]:
        return {}

    def _of(self, labels: tuple[str, ...]) -> Any:
        series = self._series.get(labels)
        if series is None:
            series = self._metric.labels(*labels) if self.labels else self._metric
            self._series[labels] = series
        return series


class Counter(Instrument):
    kind = "Counter"

    def add(self, *labels: str, count: float = 1) -> None:
        if self._metric is not None:
            self._of(labels).inc(count)


class Histogram(Instrument):
    kind = "Histogram"

    def _options(self) -> Mapping[str, Any]:
        return {"buckets": self._buckets}

    def observe(self, *labels: str, seconds: float) -> None:
        """Note a duration; one measured between two clocks may come out below nothing."""
        if self._metric is not None:
            self._of(labels).observe(max(seconds, 0.0))


class Gauge(Instrument):
    """How many there are of something now, in all living processes together."""

    kind = "Gauge"

    def _options(self) -> Mapping[str, Any]:
        return {"multiprocess_mode": "livesum"}

    @contextmanager
    def held(self, *labels: str) -> Iterator[None]:
        """Count one more for as long as the block lasts."""
        if self._metric is None:
            yield
            return
        series = self._of(labels)
        series.inc()
        try:
            yield
        finally:
            series.dec()


#: Values of what the database was asked, by their labels.
type Readings = Mapping["FromDatabase", Mapping[tuple[str, ...], float]]


class FromDatabase(Instrument):
    """What nobody counts: the database knows, and is asked when somebody scrapes."""

    kind = "Gauge"

    def switch_on(self) -> None:
        """Keep no series: each scrape makes its own."""
