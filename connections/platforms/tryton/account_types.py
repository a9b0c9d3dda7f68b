"""Where an account stands in the statements: told by the tree its type hangs on.

A type's flags do not tell. The universal chart that comes with Tryton leaves ``assets`` off for
cash, and only the top of the tree is called assets, liabilities or equity.
https://docs.tryton.org/latest/modules-account/design.html
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal

from connections.platforms.tryton import wire
from connections.schemas.ledger import AccountType

FIELDS = (
    "name",
    "parent",
    "statement",
    "receivable",
    "payable",
    "revenue",
    "expense",
    "sequence",
)

type Section = Literal[
    "assets",
    "liabilities",
    "equity",
    "income",
    "cost_of_sales",
    "expenses",
    "other_income",
    "other_expenses",
]

_CLASSES: dict[Section, AccountType] = {
    "assets": "Asset",
    "liabilities": "Liability",
    "equity": "Equity",
    "income": "Income",
    "other_income": "Income",
    "cost_of_sales": "Expense",
    "expenses": "Expense",
    "other_expenses": "Expense",
}

# The charts name their top types in the language they were made in.
_EQUITY = re.compile(
    r"(shareholders?.? |owners?.? |stockholders?.? )?equit|capital|net assets|eigenkapital"
    r"|capitaux propres|fonds propres|fondos propios|patrimoni|patrimônio|eigen vermogen",
    re.IGNORECASE,
)
_ASSETS = re.compile(r"(total )?assets?\b|aktiva|acti[fv]|activo|attiv|ativo", re.IGNORECASE)
_LIABILITIES = re.compile(
    r"(total )?liabilit|pass?iv|passif|verbindlichkeit|fremdkapital|dettes?\b|deudas?\b|schulden",
    re.IGNORECASE,
)
_COST_OF_SALES = re.compile(
    r"costs? of (sales|goods|revenue)|co[uû]ts? des ventes|costes? de (las )?ventas"
    r"|kosten der warenabgabe|wareneinsatz|materialaufwand",
    re.IGNORECASE,
)
_GAINS = re.compile(
    r"(?!.*\b(expense|tax))(.*\b(revenues?|gains?|income)\b)|.*\bertr[aä]ge|.*\brevenus\b"
    r"|.*\bproduits\b|.*\bingresos\b",
    re.IGNORECASE,
)


class AccountTypes:
    """The tree of account types."""

    def __init__(self, types: Iterable[wire.AccountType]) -> None:
        self._types = {each.id: each for each in types}

    def name(self, type_id: int) -> str | None:
        return self._types[type_id].name if type_id in self._types else None

    def order(self, type_id: int) -> tuple[int, int]:
        """Return a type's place among its siblings."""
        sequence = self._types[type_id].sequence
        return (sequence if sequence is not None else 0, type_id)

    def account_type(self, type_id: int) -> AccountType:
        section = self.section(type_id)
        return _CLASSES[section] if section else "Unknown"

    def section(self, type_id: int) -> Section | None:
        """Return the part of the statements an account of the type belongs to.

        Nothing for accounts off the balance sheet and for types we are not told of.
        """
        if type_id not in self._types:
            return None
        branch = list(self.branch(type_id))
        if self._types[type_id].statement == "income":
            return self._result_section([each for each in branch if each.statement == "income"])
        if self._types[type_id].statement == "balance":
            return self._balance_section(branch)
        return None

    def branch(self, type_id: int) -> Iterator[wire.AccountType]:
        """Yield the type's ancestors that stand in a statement, the topmost first, and itself."""
        found: list[wire.AccountType] = []
        place: int | None = type_id
        while place is not None and place in self._types and len(found) <= len(self._types):
            found.append(self._types[place])
            place = self._types[place].parent
        return (each for each in reversed(found) if each.statement)

    def _balance_section(self, branch: list[wire.AccountType]) -> Section:
        for each in branch:
            name = each.name or ""
            if _EQUITY.match(name):
                return "equity"
            if _ASSETS.match(name):
                return "assets"
            if _LIABILITIES.match(name):
                return "equity" if self._is_inner_equity(branch) else "liabilities"
        return self._section_by_kin(branch[0])

    def _is_inner_equity(self, branch: list[wire.AccountType]) -> bool:
        """Tell whether a branch is equity within passiva, as German and French law have it."""
        return not self._has_equity_branch and any(
            _EQUITY.match(each.name or "") for each in branch[1:2]
        )

    @cached_property
    def _has_equity_branch(self) -> bool:
        tops = (next(self.branch(type_id), None) for type_id in self._types)
        return any(top is not None and _EQUITY.match(top.name or "") for top in tops)

    def _section_by_kin(self, top: wire.AccountType) -> Section:
        """Return the section of a branch whose names say nothing, by what else hangs on it."""
        kin = [each for each in self._types.values() if top in self.branch(each.id)]
        if any(each.receivable for each in kin):
            return "assets"
        if any(each.payable for each in kin):
            return "liabilities"
        return "equity" if any(each.statement == "income" for each in kin) else "liabilities"

    def _result_section(self, branch: list[wire.AccountType]) -> Section:
        if any(each.revenue for each in branch):
            return "income"
        if any(_COST_OF_SALES.match(each.name or "") for each in branch):
            return "cost_of_sales"
        if any(each.expense for each in branch):
            return "expenses"
        return "other_income" if _GAINS.match(branch[-1].name or "") else "other_expenses"
