"""What a connection shares, in the words of whoever shares it."""

from collections.abc import Collection

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connections.schemas import DataType

_WORDS: tuple[tuple[Promise, frozenset[DataType]], ...] = (
    (_("Company name and address"), frozenset({DataType.COMPANY})),
    (
        _("Invoices, bills and credit notes"),
        frozenset(
            {DataType.INVOICES, DataType.BILLS, DataType.CREDIT_NOTES, DataType.BILL_CREDIT_NOTES}
        ),
    ),
    (
        _("Payments made and received, bank accounts and their transactions"),
        frozenset(
            {
                DataType.PAYMENTS,
                DataType.BILL_PAYMENTS,
                DataType.BANK_ACCOUNTS,
                DataType.BANK_TRANSACTIONS,
            }
        ),
    ),
    (
        _("Customers, suppliers and what you buy and sell"),
        frozenset({DataType.CUSTOMERS, DataType.SUPPLIERS, DataType.ITEMS}),
    ),
    (
        _("Accounts, journal entries and tax rates"),
        frozenset({DataType.CHART_OF_ACCOUNTS, DataType.JOURNAL_ENTRIES, DataType.TAX_RATES}),
    ),
    (
        _("Balance sheet, profit and loss, cash flow"),
        frozenset({DataType.BALANCE_SHEET, DataType.PROFIT_AND_LOSS, DataType.CASH_FLOW_STATEMENT}),
    ),
)


def in_plain_words(data_types: Collection[DataType]) -> list[str]:
    """Return one line for each kind of data among them."""
    return [str(words) for words, kinds in _WORDS if not kinds.isdisjoint(data_types)]
