"""A fixture to import: everything is counted, and the test can ask how much."""

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from portal import metrics
from portal.metrics import scraping


class Measured:
    """What a scraper of this process would get."""

    @property
    def text(self) -> str:
        return scraping.text().decode()

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of all series that have these labels; 0 where there is none."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@pytest.fixture
def measured(tmp_path, monkeypatch) -> Iterator[Measured]:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    metrics.switch_on("test", directory=tmp_path)
    yield Measured()
    metrics.switch_off()
