"""Where accounts stand, by the tree of their types, in the languages of Tryton's own charts."""

import pytest

from connections.platforms.tryton import wire
from connections.platforms.tryton.account_types import AccountTypes, Section
from tests.connections.platforms.tryton.fake import sample


def tree(*rows: tuple[int, str, int | None, str | None]) -> AccountTypes:
    return AccountTypes(
        wire.AccountType(id=number, name=name, parent=parent, statement=statement)
        for number, name, parent, statement in rows
    )


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("Accounts receivable", "assets"),
        ("Cash and Cash Equivalents", "assets"),
        ("Investments accounted for using the equity method", "assets"),
        ("Accounts payable", "liabilities"),
        ("Liabilities and assets for current tax", "liabilities"),
        ("Creditors' equity", "liabilities"),
        ("Non-controlling interest in equity", "equity"),
        ("Revenue", "income"),
        ("Cost of Sales", "cost_of_sales"),
        ("Selling, General and Administrative expenses", "expenses"),
        ("Depreciation / amortisation", "expenses"),
        ("Other revenues or gains", "other_income"),
        ("Other expenses or losses", "other_expenses"),
        ("Finance costs", "other_expenses"),
        ("Income tax expense", "other_expenses"),
        ("Off-Balance", None),
    ],
)
def test_universal_chart_is_understood(name: str, section: Section | None):
    rows = sample("accountTypes")
    names = {row["name"]: row["id"] for row in rows}
    fields = wire.AccountType.__struct_fields__
    types = AccountTypes(
        wire.AccountType(**{field: row[field] for field in fields}) for row in rows
    )

    assert types.section(names[name]) == section


@pytest.mark.parametrize(
    ("assets", "liabilities", "equity"),
    [
        ("Assets", "Liabilities", "Equity / capital"),
        ("Aktiva", "Passiva", "Eigenkapital / Kapital"),
        ("Activos", "Pasivo", "Fondos propios / capital"),
        ("Actifs", "Passif", "Capitaux propres"),
    ],
)
def test_branches_are_known_by_the_names_of_the_charts(assets: str, liabilities: str, equity: str):
    types = tree(
        (1, "Root", None, None),
        (2, assets, 1, "balance"),
        (3, liabilities, 1, "balance"),
        (4, equity, 1, "balance"),
        (5, "Eigenkapital der Gläubiger", 3, "balance"),
        (6, "x", 2, "balance"),
    )

    assert [types.account_type(number) for number in (2, 3, 4, 5, 6)] == [
        "Asset",
        "Liability",
        "Equity",
        "Liability",
        "Asset",
    ]


def test_equity_may_be_a_part_of_passiva():
    types = tree(
        (1, "Passiva", None, "balance"),
        (2, "Eigenkapital", 1, "balance"),
        (3, "Gezeichnetes Kapital", 2, "balance"),
        (4, "Rückstellungen", 1, "balance"),
    )

    assert [types.section(number) for number in (2, 3, 4)] == ["equity", "equity", "liabilities"]


def test_branches_with_other_names_are_known_by_what_hangs_on_them():
    types = AccountTypes(
        [
            wire.AccountType(id=1, name="A", statement="balance"),
            wire.AccountType(id=2, name="A.1", parent=1, statement="balance", receivable=1),
            wire.AccountType(id=3, name="B", statement="balance"),
            wire.AccountType(id=4, name="B.1", parent=3, statement="balance", payable=1),
            wire.AccountType(id=5, name="C", statement="balance"),
            wire.AccountType(id=6, name="C.1", parent=5, statement="income"),
            wire.AccountType(id=7, name="D", statement="balance"),
        ]
    )

    assert [types.section(number) for number in (1, 3, 5, 7)] == [
        "assets",
        "liabilities",
        "equity",
        "liabilities",
    ]


def test_type_we_are_not_told_of_is_unknown():
    assert tree().account_type(7) == "Unknown"
    assert tree().name(7) is None


def test_tree_that_runs_in_circles_ends():
    types = tree((1, "Assets", 2, "balance"), (2, "More", 1, "balance"))

    assert types.section(2) == "assets"
