"""What Xero's own documents give as examples is understood."""

from datetime import date, datetime
from typing import Any

import pytest
import yaml

from connections.platforms.base import Page
from connections.platforms.xero.lists import SOURCES
from connections.schemas import BalanceSheet, DataType, decode, encode
from tests.connections.platforms.xero.test_mapping import answers_for, platform
from tests.vendors.xero import contract


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    directory = contract.find_documents()
    if directory is None:
        pytest.skip(contract.MISSING)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load((directory / "xero_accounting.yaml").read_text(), loader)
    return {
        path: operations["get"]["responses"]["200"]["content"]["application/json"].get("example")
        for path, operations in document["paths"].items()
        if "get" in operations and "{" not in path
    }


def _as_sent(value: Any) -> Any:
    """Turn what YAML took for dates back into the texts that they are."""
    if isinstance(value, dict):
        return {name: _as_sent(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_sent(member) for member in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def pages_of(data_type: DataType, examples: dict[str, Any]) -> list[Page]:
    answers = answers_for(DataType.COMPANY, None)
    for name in ("Organisation", *(source.path for source in SOURCES.get(data_type, ()))):
        answers[name] = _as_sent(examples[f"/{name}"])
    return list(platform(answers).fetch(data_type, since=None, cursor=None))


@pytest.mark.parametrize("data_type", [DataType.COMPANY, *sorted(SOURCES)])
def test_example_is_understood(data_type: DataType, examples: dict[str, Any]):
    pages = pages_of(data_type, examples)

    assert [(row.source_id, row.reason) for page in pages for row in page.rejected] == []
    for page in pages:
        for record in page.records:
            assert decode(type(record), encode(record)) == record


def test_example_of_a_balance_sheet_is_understood(examples: dict[str, Any]):
    report = _as_sent(examples["/Reports/BalanceSheet"])["Reports"][0]
    answers = answers_for(DataType.BALANCE_SHEET, report)

    (page,) = platform(answers).fetch(DataType.BALANCE_SHEET, since=None, cursor=None)

    (sheet,) = page.records
    assert isinstance(sheet, BalanceSheet)
    assert [str(period.net_assets) for period in sheet.reports] == [
        "185448.30",
        "185333.67",
        "464.00",
    ]
