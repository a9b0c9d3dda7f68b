"""The benchmarks run by one command, and check what their contestants have stored."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import command
from bench.figures import Sheet, Table
from bench.invoices import CHANGED_EVERY, Books, pages
from bench.race import Measurement
from engines import locations


def measured(seconds: float, *, records: int = 1000) -> Measurement:
    return Measurement(
        records=records, seconds=seconds, client_cpu=0.1, server_cpu=0.2, wal=5000, memory=2**20
    )


def test_a_table_tells_the_middle_and_the_extremes_and_the_part_of_the_limit():
    table = Table("Load")
    for seconds, limit in ((1.0, 0.5), (2.0, 0.5), (4.0, 1.0)):
        table.add("ours", "first", measured(seconds), limit=measured(limit))

    last = table.shown().splitlines()[-1]

    assert "250 / 500 / 1,000" in last
    assert "0.25 / 0.25 / 0.50" in last
    assert "100.0 + 200.0" in last


def test_the_books_are_always_the_same_and_one_in_twenty_changes(tmp_path):
    books, again = Books.write(tmp_path / "a", 100), Books.write(tmp_path / "b", 100)

    [first], [second] = list(pages(books.first, 100)), list(pages(books.second, 100))

    assert [first] == list(pages(again.first, 100))
    assert sum(a != b for a, b in zip(first, second, strict=True)) == 100 // CHANGED_EVERY
    assert 900 < sum(map(len, first)) / 100 < 1500


def test_a_sheet_tells_words_as_they_are_and_rounds_by_their_middle():
    sheet = Sheet("Pages", ("p50 ms", "queries"))
    sheet.add("companies", [30.0, 10.0, 20.0], "3 + 3")

    assert sheet.shown().splitlines()[-1] == "| companies | 10.0 / 20.0 / 30.0 | 3 + 3 |"
    assert sheet.record()["rows"] == [
        {"what": "companies", "p50 ms": [30.0, 10.0, 20.0], "queries": "3 + 3"}
    ]


def measure(written: Path, benchmark: str, *options: str) -> list[dict[str, Any]]:
    said = subprocess.run(
        [sys.executable, "manage.py", "bench", benchmark, "--json", written, *options],
        cwd=locations.PROJECT,
        env={**os.environ, "LEDGERPORT_ENV": "development"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    figures = json.loads(written.read_text())
    assert figures["postgresql"]
    for table in figures["tables"]:
        assert table["title"] in said.stdout
    return figures["tables"]


@pytest.mark.full
def test_loads_are_measured_by_one_command(tmp_path):
    [table] = measure(tmp_path / "load.json", "load", "--records", "400", "--rounds", "2")

    found = {(row["contestant"], row["phase"]): row["rounds"] for row in table["rows"]}
    assert {("Ledgerport", "first"), ("Ledgerport", "second")} < set(found)
    for rounds in found.values():
        assert [each["records"] for each in rounds] == [400, 400]
        assert all(each["server_cpu"] >= 0 < each["seconds"] for each in rounds)


@pytest.mark.full
def test_whole_pulls_are_measured_beside_the_ordinary_stack(tmp_path):
    pulls, little = measure(tmp_path / "pull.json", "pull", "--records", "10", "--rounds", "1")

    found = {(row["contestant"], row["phase"]): row["rounds"][0] for row in pulls["rows"]}
    for contestant in (
        "Ledgerport",
        "Ledgerport, by a Celery worker",
        "httpx, pydantic, bulk_create",
    ):
        for phase in ("first", "again"):
            cost = found[contestant, phase]
            assert cost["records"] > 1000
            assert cost["client_cpu"] > 0 < cost["server_cpu"]
    assert ("HTTP alone (httpx)", "first") in found
    assert all(0 < value < 1000 for row in little["rows"] for value in row["values"])


@pytest.mark.full
def test_growth_is_measured_over_three_decades(tmp_path):
    options = ("--records", "1000", "--schedules", "2000", "--companies", "100", "--rounds", "1")
    sheets = measure(tmp_path / "growth.json", "growth", *options, "--calls", "1")

    of_each = {sheet["title"]: [row["what"] for row in sheet["rows"]] for sheet in sheets}
    assert of_each["Records of a connection"] == ["1", "10", "100", "1,000"]
    assert len(of_each["Schedules"]) == 4
    assert of_each["Companies"] == ["1", "1", "10", "100"]


@pytest.mark.full
def test_the_scheduler_is_measured_on_an_estate_of_any_size(tmp_path):
    options = ("--schedules", "2000", "--rounds", "2", "--seconds", "3")
    [table] = measure(tmp_path / "schedule.json", "schedule", *options)

    found = {row["what"]: row["values"] for row in table["rows"]}
    [burst] = [values for what, values in found.items() if "due at once" in what]
    assert len(burst) == 2
    assert min(burst) > 0
    assert len(found["a look when nothing is due"]) == 200


@pytest.mark.full
@pytest.mark.timeout(600)
def test_pages_are_measured_at_any_size(tmp_path):
    pages, alone = measure(
        tmp_path / "pages.json",
        "pages",
        *("--organizations", "3", "--companies", "400", "--large", "200", "--pulls", "9000"),
        *("--rounds", "2", "--calls", "2"),
    )

    found = {row["what"]: row for row in pages["rows"]}
    assert {"companies, last page", "pull history, middle", "monitor"} < set(found)
    for row in pages["rows"]:
        assert len(row["p50 ms"]) == 2
        assert min(row["p50 ms"]) > 0
        own, signed_in = map(int, row["queries: its own + signed in"].split(" + "))
        assert own
        assert signed_in == 3
    assert {row["what"] for row in alone["rows"]} > {"a search by name"}


@pytest.mark.full
@pytest.mark.timeout(600)
def test_open_pages_are_measured_with_any_number_of_viewers(tmp_path):
    options = ("--viewers", "25", "--changes", "4", "--rounds", "2", "--seconds", "2")
    [table] = measure(tmp_path / "live.json", "live", *options)

    found = {row["what"]: row["values"] for row in table["rows"]}
    assert found["of all changes shown to everybody"] == [100, 100]
    assert found["connections to Valkey that listen"] == [1]
    assert found["viewers without the newest state after all were cut off"] == [0]
    assert min(found["polling the same table: CPU of a request"]) > 0


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.skipif(
    not (os.environ.get("CHROMIUM") or shutil.which("chromium")), reason="no Chromium"
)
def test_what_a_person_waits_for_is_measured_in_a_browser(tmp_path):
    [table] = measure(tmp_path / "latency.json", "latency", "--rounds", "1", "--calls", "2")

    found = {row["what"]: row["values"] for row in table["rows"]}
    shown = found["Refresh clicked to its first row on the screen"]
    complete = found["Refresh clicked to the small company complete"]
    assert all(0 < row < end for row, end in zip(shown, complete, strict=True))
    assert len(shown) == 2


def test_without_chromium_the_benchmark_says_so(monkeypatch, capsys):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    assert command.main(["latency"]) == 1
    assert "No Chromium" in capsys.readouterr().err
