"""Statements side by side: every line of every period, none of them twice, none lost."""

import json
from decimal import Decimal

import pytest

from connections.schemas import DataType
from sync import statements
from tests.sync.books import a_line


def a_cash_flow(*periods):
    return json.dumps(
        {
            "id": "cashFlowStatement",
            "reportBasis": "Cash",
            "reportInput": "Direct",
            "currency": "GBP",
            "reports": [
                {
                    "fromDate": f"2026-{month:02}-01",
                    "toDate": f"2026-{month:02}-28",
                    "cashReceipts": receipts,
                }
                for month, receipts in periods
            ],
        }
    )


def read(*periods, shown=3):
    return statements.read(DataType.CASH_FLOW_STATEMENT, a_cash_flow(*periods), periods=shown)


def test_an_account_missing_from_a_period_has_no_amount_there():
    newest = a_line("Receipts", 10, a_line("Shop", 10, account="200"))
    older = a_line("Receipts", 7, a_line("Fair", 7, account="300"))

    receipts = read((2, newest), (1, older)).parts[0]

    assert [(line.name, line.amounts) for line in receipts.lines] == [
        ("Shop", (Decimal(10), None)),
        ("Fair", (None, Decimal(7))),
    ]
    assert receipts.amounts == (Decimal(10), Decimal(7))


def test_an_account_is_one_line_although_it_was_renamed():
    newest = a_line("Receipts", 10, a_line("Web shop", 10, account="200"))
    older = a_line("Receipts", 7, a_line("Shop", 7, account="200"))

    (line,) = read((2, newest), (1, older)).parts[0].lines

    assert (line.name, line.amounts) == ("Web shop", (Decimal(10), Decimal(7)))


def test_two_lines_alike_are_two_lines():
    twice = a_line("Receipts", 10, a_line("Other", 4), a_line("Other", 6))

    receipts = read((1, twice)).parts[0]

    assert [line.amounts for line in receipts.lines] == [(Decimal(4),), (Decimal(6),)]


def test_nesting_is_kept_as_deep_as_it_goes():
    line = a_line("leaf", 1)
    for depth in range(6):
        line = a_line(f"group {depth}", 1, line)

    levels = [each.level for each in read((1, line)).parts[0].lines]

    assert levels == [1, 2, 3, 4, 4, 4]


def test_headings_fold_away_with_all_that_lies_below_them():
    staff = a_line("Staff", 5, a_line("Wages", 3), a_line("Taxes", 2))
    costs = a_line("Receipts", 9, a_line("Rent", 1), staff, a_line("Post", 1), a_line("Fees", 2))

    def outline(blocks):
        return [
            (block.heading.name, outline(block.blocks))
            if block.heading
            else [line.name for line in block.lines]
            for block in blocks
        ]

    assert outline(read((1, costs)).parts[0].blocks) == [
        ["Rent"],
        ("Staff", [["Wages", "Taxes"]]),
        ["Post", "Fees"],
    ]


def test_a_section_that_is_missing_has_no_amount():
    payments = read((1, a_line("Receipts", 10))).parts[1]

    assert payments.name == "Cash payments"
    assert payments.amounts == (None,)


def test_only_the_newest_periods_are_shown_and_all_are_counted():
    statement = read(*[(month, a_line("Receipts", month)) for month in range(12, 0, -1)], shown=2)

    assert statement.columns == ("Dec 2026", "Nov 2026")
    assert statement.available == 12


def test_a_statement_without_periods_is_empty():
    assert read().columns == ()


def test_what_is_no_statement_is_refused():
    with pytest.raises(KeyError):
        statements.read(DataType.INVOICES, "{}", periods=3)
