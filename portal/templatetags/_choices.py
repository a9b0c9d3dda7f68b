"""Words of the public API that pages show in the reader's own: kinds of connections and records."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: By the word itself; any other word, a platform's own, is shown as it is.
CHOICES = {
    # Of a connection
    "Accounting": _("Accounting"),
    "Banking": _("Banking"),
    "BankFeed": _("Bank feed"),
    "Commerce": _("Commerce"),
    # Of an account
    "Asset": _("Asset"),
    "Equity": _("Equity"),
    "Expense": _("Expense"),
    "Income": _("Income"),
    "Liability": _("Liability"),
    # Of an item
    "Inventory": _("Inventory"),
    "NonInventory": _("Non inventory"),
    "Service": _("Service"),
    # Of a bank account and a bank transaction
    "Atm": _("Atm"),
    "Cash": _("Cash"),
    "Check": pgettext_lazy("paper one pays with", "Check"),
    "Credit": _("Credit"),
    "Debit": _("Debit"),
    "Dep": _("Dep"),
    "DirectDebit": _("Direct debit"),
    "DirectDep": _("Direct dep"),
    "Div": _("Div"),
    "Fee": _("Fee"),
    "Int": _("Int"),
    "Payment": _("Payment"),
    "Pos": _("Pos"),
    "RepeatPmt": _("Repeat pmt"),
    "SerChg": _("Ser chg"),
    "Xfer": _("Xfer"),
    # Of a statement
    "Accrual": _("Accrual"),
    "Direct": _("Direct"),
    "Indirect": _("Indirect"),
    "Other": _("Other"),
    "Unknown": _("Unknown"),
}
