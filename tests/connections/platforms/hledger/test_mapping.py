"""What becomes of a journal's words, signs, prices and types."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from connections.platforms.hledger import mapping, statements, wire
from connections.platforms.hledger.journal import (
    DoesNotBalance,
    Journal,
    NotInOneCurrency,
    source_id,
)
from connections.schemas.validation import validate
from tests.connections.platforms.hledger.journals import posting, price, transaction


def journal(*transactions: dict[str, Any]) -> Journal:
    return Journal(msgspec.convert(list(transactions), list[wire.Transaction]))


def entry(*postings: dict[str, Any]):
    read = journal(transaction(1, *postings))
    return mapping.journal_entry(read.transactions[0], read, "e-1")


def test_entry_has_its_words_date_and_signed_lines():
    found = entry(posting("assets:bank:checking", 12050), posting("income:sales", -12050))

    assert (found.description, found.posted_on) == ("(T-1) Sale", date(2026, 1, 15))
    assert [
        (line.account_ref.id, line.net_amount, line.currency) for line in found.journal_lines
    ] == [
        ("assets:bank:checking", Decimal("120.50"), "USD"),
        ("income:sales", Decimal("-120.50"), "USD"),
    ]


@pytest.mark.parametrize(
    ("at", "cents", "expected"),
    [
        (price("UnitPrice", 110), 10000, "110.00"),
        (price("UnitPrice", 110), -10000, "-110.00"),
        (price("TotalPrice", 10950), 10000, "109.50"),
        (price("TotalPrice", 10950), -10000, "-109.50"),
    ],
)
def test_foreign_amount_counts_at_cost_and_keeps_its_own(at, cents, expected):
    counter = -Decimal(expected) * 100
    found = entry(
        posting("assets:euro", cents, commodity="€", at=at),
        posting("assets:bank", int(counter)),
    )

    line = found.journal_lines[0]
    assert (line.net_amount, line.currency) == (Decimal(expected), "USD")
    assert (line.transaction_amount, line.transaction_currency) == (Decimal(cents) / 100, "EUR")


def test_foreign_amount_without_a_price_is_no_entry_of_ours():
    read = journal(
        transaction(1, posting("assets:bank", 500), posting("income:sales", -500)),
        transaction(
            2, posting("assets:shop", 5, commodity="cup"), posting("income:x", -5, commodity="cup")
        ),
    )

    with pytest.raises(NotInOneCurrency, match="cup"):
        mapping.journal_entry(read.transactions[1], read, "e-2")
    assert read.balances() == {"assets:bank": Decimal(5), "income:sales": Decimal(-5)}


def test_price_that_hledger_inferred_leaves_no_rest():
    # What `3 USD + 4 USD = -1 EUR` comes as: hledger infers a unit price of ten digits.
    unit = {
        "tag": "UnitPrice",
        "contents": {
            "acommodity": "€",
            "aprice": None,
            "aquantity": {"decimalMantissa": 1428571429, "decimalPlaces": 10},
        },
    }
    read = journal(
        transaction(
            1,
            posting("assets:a", 300, at=unit),
            posting("assets:b", 400, at=unit),
            posting("assets:bank", -100, commodity="€"),
        )
    )

    lines = mapping.journal_entry(read.transactions[0], read, "e").journal_lines or ()
    assert sum(line.net_amount for line in lines) == 0
    assert sum(read.balances().values()) == 0


def test_entry_whose_real_postings_do_not_balance_is_in_no_figure():
    read = journal(
        transaction(1, posting("assets:bank", 100), posting("income:sales", -100)),
        transaction(2, posting("assets:bank", 100), posting("b", -100, kind="VirtualPosting")),
    )

    with pytest.raises(DoesNotBalance):
        mapping.journal_entry(read.transactions[1], read, "e-2")
    assert read.balances()["assets:bank"] == 1


def test_tag_of_a_posting_says_nothing_of_its_account():
    tagged = posting("assets:bank", 100, tags=(("type", "X"),)) | {"pcomment": "type:X\n"}
    read = journal(transaction(1, tagged, posting("equity", -100)))

    assert read.account_type("assets:bank") == "Asset"


def test_amount_with_more_digits_than_can_be_kept_is_refused():
    with pytest.raises(msgspec.ValidationError, match="digits"):
        journal(transaction(1, posting("assets:bank", 10**39), posting("equity", -(10**39))))


def test_virtual_postings_are_left_out():
    found = entry(
        posting("assets:bank", 100),
        posting("income:sales", -100),
        posting("budget:fun", 100, kind="VirtualPosting"),
        posting("budget:a", 100, kind="BalancedVirtualPosting"),
        posting("budget:b", -100, kind="BalancedVirtualPosting"),
    )

    assert len(found.journal_lines) == 2


@pytest.mark.parametrize(
    ("account", "tags", "kind"),
    [
        ("assets:bank", (), "Asset"),
        ("Asset", (), "Asset"),
        ("liabilities:loan", (), "Liability"),
        ("debts:card", (), "Liability"),
        ("equity:opening", (), "Equity"),
        ("revenues:sales", (), "Income"),
        ("income", (), "Income"),
        ("expenses:rent", (), "Expense"),
        ("assetsish", (), "Unknown"),
        ("werkzeug", (("type", "Asset"),), "Asset"),
        ("kasse", (("type", "C"),), "Asset"),
        ("assets:odd", (("type", "L"),), "Liability"),
        ("tausch", (("type", "V"),), "Equity"),
    ],
)
def test_account_is_what_it_is_declared_or_named(account, tags, kind):
    read = journal(transaction(1, posting(account, 100, tags=tags), posting("equity", -100)))

    assert mapping.account(account, read, Decimal(1)).type == kind
    assert read.account_type(f"{account}:below") == kind


@pytest.mark.parametrize(
    ("account", "is_cash"),
    [("assets:bank:checking", True), ("assets:cash", True), ("assets:receivable", False)],
)
def test_accounts_at_banks_are_told_from_others(account, is_cash):
    assert mapping.account(account, journal(), Decimal()).is_bank_account is is_cash


def test_balance_is_positive_on_the_accounts_usual_side():
    read = journal(transaction(1, posting("assets:bank", 700), posting("income:sales", -700)))
    balances = read.balances()

    assert mapping.account("assets:bank", read, balances["assets:bank"]).current_balance == 7
    assert mapping.account("income:sales", read, balances["income:sales"]).current_balance == 7


def test_entry_keeps_its_id_when_lines_are_added_above_it():
    before = journal(transaction(7, posting("a", 100), posting("b", -100)))
    after = journal(transaction(8, posting("a", 100), posting("b", -100)) | {"tcode": "T-7"})

    assert source_id(before.transactions[0]) == source_id(after.transactions[0])


BOOKS = tuple(
    transaction(index, posting(debit, cents), posting(credit, -cents), on=on)
    for index, (on, debit, credit, cents) in enumerate(
        [
            ("2025-11-30", "assets:bank", "equity:opening", 100000),
            ("2026-01-10", "assets:bank", "income:sales", 30000),
            ("2026-01-31", "expenses:rent", "liabilities:landlord", 12000),
        ],
        start=1,
    )
)


def test_balance_sheet_balances_month_by_month():
    sheet = statements.balance_sheet(journal(*BOOKS))

    assert [(each.date, each.net_assets) for each in sheet.reports] == [
        (date(2026, 1, 31), Decimal(1180)),
        (date(2025, 12, 31), Decimal(1000)),
        (date(2025, 11, 30), Decimal(1000)),
    ]
    for each in sheet.reports:
        assert each.equity
        assert each.assets
        assert each.liabilities
        assert each.net_assets == each.equity.value == each.assets.value - each.liabilities.value
    equity = sheet.reports[0].equity
    assert equity
    assert [(line.name, line.value) for line in equity.items or ()] == [
        ("equity:opening", Decimal(1000)),
        ("Result to date", Decimal(180)),
    ]
    assert not validate(sheet)


def test_profit_and_loss_has_every_month_newest_first():
    result = statements.profit_and_loss(journal(*BOOKS))

    assert [
        (each.from_date, each.gross_profit, each.gross_profit - each.net_profit, each.net_profit)
        for each in result.reports
    ] == [
        (date(2026, 1, 1), Decimal(300), Decimal(120), Decimal(180)),
        (date(2025, 12, 1), Decimal(), Decimal(), Decimal()),
        (date(2025, 11, 1), Decimal(), Decimal(), Decimal()),
    ]
    assert not validate(result)


def test_account_without_a_type_makes_no_statement():
    read = journal(transaction(1, posting("werkzeug", 100), posting("equity", -100)))

    with pytest.raises(statements.NoType, match="werkzeug"):
        statements.balance_sheet(read)


def test_empty_journal_has_empty_statements():
    assert statements.balance_sheet(journal()).reports == ()
    assert statements.profit_and_loss(journal()).reports == ()
