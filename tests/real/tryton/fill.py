"""Put the story into an empty Tryton; runs inside Tryton's own environment.

``python -m tests.real.tryton.fill CONFIGURATION DATABASE FIRST-OF-MONTH KEYS``

It works with the model layer in process: a client of Tryton's takes a second for each record.
"""

import datetime as dt
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

# Tryton is not in the environment that types are checked in.
from trytond.config import config  # type: ignore[import-not-found]

from tests.real.tryton import rights, setting_up, story
from tests.real.tryton.inside import create, create_one, model
from tests.real.tryton.story import Document, Line, Posting, Story

_BATCH = 100
_ZERO = Decimal(0)


def main(configuration: str, database: str, until: str, keys: str) -> None:
    config.update_etc(configuration)
    # These read the configuration on import.
    from trytond.model import ModelSQL  # type: ignore[import-not-found] # noqa: PLC0415
    from trytond.pool import Pool  # type: ignore[import-not-found] # noqa: PLC0415
    from trytond.transaction import Transaction  # type: ignore[import-not-found] # noqa: PLC0415

    Pool.start()
    pool = Pool(database)
    pool.init()
    # Posting asks for locks by starting the transaction again: a lone writer takes them at first.
    models = [each for _, each in pool.iterobject() if issubclass(each, ModelSQL)]
    tables = [each._table for each in models if each._table and not each.table_query]
    context = {"_skip_warnings": True}  # about dates in the past
    with Transaction().start(
        database, rights.ADMINISTRATOR, context=context, _lock_tables=tables
    ) as run:
        fill(run, story.tell(dt.date.fromisoformat(until)), Path(keys))


def fill(transaction: Any, books: Story, keys: Path) -> None:
    # A rendered PDF for each invoice would take much of the time, and nobody looks at them.
    model("account.invoice").print_invoice = lambda _invoices: None
    company = setting_up.make_company(books.first_day)
    setting_up.let_in(rights.ADMINISTRATOR, company.id)
    with transaction.set_context(company=company.id, companies=[company.id]):
        bookkeeping = Bookkeeping(transaction, company, books)
        bookkeeping.keep()
        keys.write_text(json.dumps(rights.make_keys(company.id)))
    transaction.commit()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Movement:
    """A line of a bank statement."""

    date: dt.date
    description: str
    amount: Decimal
    account: int
    invoice: Any = None


class Bookkeeping:
    """Books what the story tells, in the order in which it happened."""

    def __init__(self, transaction: Any, company: Any, books: Story) -> None:
        self.transaction = transaction
        self.company = company
        self.story = books
        self.ids = setting_up.set_up(company, books.years)
        self.parties = {
            "out": setting_up.make_parties(books.customers),
            "in": setting_up.make_parties(books.suppliers),
        }
        currencies = model("currency.currency").search([("code", "=", story.FOREIGN)])
        self.foreign = currencies[0].id
        self.began = time.monotonic()
        self.credited: list[int] = []
        self.movements = [
            _Movement(
                date=line.date,
                description=line.description,
                amount=line.amount,
                account=self.ids.accounts[line.account],
            )
            for line in books.bank
        ]

    def keep(self) -> None:
        self._post_entries()
        self._commit("journal entries")
        documents = self.story.documents
        for first in range(0, len(documents), _BATCH):
            self._post_documents(documents[first : first + _BATCH])
            self._commit(f"documents from number {first + 1}")
        # A number must not be of an earlier day than the one before, so these come last.
        invoices = model("account.invoice")
        invoices.credit(
            invoices.browse(self.credited), refund=True, invoice_date=self.story.last_day
        )
        self._commit("credited documents")
        self._post_statements()

    def _commit(self, done: str) -> None:
        self.transaction.commit()
        print(f"{time.monotonic() - self.began:6.1f} s  {done}", flush=True)

    def _post_entries(self) -> None:
        made = create("account.move", *map(self._move, self.story.postings))
        told = zip(made, self.story.postings, strict=True)
        model("account.move").post([move for move, posting in told if posting.is_posted])

    def _move(self, posting: Posting) -> dict[str, Any]:
        lines = [
            {
                "account": self.ids.accounts[account],
                "debit": max(amount, _ZERO),
                "credit": max(-amount, _ZERO),
            }
            for account, amount in posting.lines
        ]
        return {
            "journal": self.ids.journals["MISC"],
            "date": posting.date,
            "company": self.company.id,
            "description": posting.description,
            "period": model("account.period").find(self.company.id, date=posting.date).id,
            "lines": [("create", lines)],
        }

    def _post_documents(self, documents: list[Document]) -> None:
        invoices = model("account.invoice")
        made = create("account.invoice", *map(self._invoice, documents))
        invoices.update_taxes(made)
        pairs = list(zip(made, documents, strict=True))
        invoices.cancel([each for each, told in pairs if told.fate == "cancelled"])
        invoices.post([each for each, told in pairs if told.fate in {"posted", "credited"}])
        self.credited += [each.id for each, told in pairs if told.fate == "credited"]
        read_again = invoices.browse([each.id for each in made])
        self.movements += _payments(zip(read_again, documents, strict=True))

    def _invoice(self, document: Document) -> dict[str, Any]:
        party = self.parties[document.kind][document.party]
        is_sale = document.kind == "out"
        account = party.account_receivable_used if is_sale else party.account_payable_used
        return {
            "type": document.kind,
            "party": party.id,
            "invoice_address": party.addresses[0].id,
            "company": self.company.id,
            "currency": self.foreign if document.is_foreign else self.company.currency.id,
            "invoice_date": document.date,
            "reference": document.reference,
            "payment_term": self.ids.terms[document.net_days],
            "journal": self.ids.journals["REV" if is_sale else "EXP"],
            "account": account.id,
            "lines": [("create", [self._line(document, line) for line in document.lines])],
        }

    def _line(self, document: Document, line: Line) -> dict[str, Any]:
        return {
            "type": "line",
            "invoice_type": document.kind,
            "company": self.company.id,
            "currency": self.foreign if document.is_foreign else self.company.currency.id,
            "account": self.ids.accounts[line.account],
            "description": line.description,
            "quantity": float(line.quantity),
            "unit_price": line.unit_price,
            "taxes": [("add", [self.ids.tax])] if document.is_taxed else [],
        }

    def _post_statements(self) -> None:
        """Post a statement for each month: what was paid, and that it paid the documents."""
        journal = create_one(
            "account.statement.journal",
            name="Operating Checking",
            journal=self.ids.journals["STA"],
            account=self.ids.accounts["checking"],
            company=self.company.id,
            currency=self.company.currency.id,
            validation="balance",
        )
        balance = story.OPENING_BALANCE
        self.movements.sort(key=lambda each: (each.date, each.description))
        for month, lines in groupby(self.movements, key=lambda each: f"{each.date:%Y-%m}"):
            balance = self._post_statement(journal.id, month, list(lines), balance)
            self._commit(f"bank statement {month}")

    def _post_statement(
        self, journal: int, month: str, lines: list[_Movement], balance: Decimal
    ) -> Decimal:
        statements = model("account.statement")
        closing = balance + sum((line.amount for line in lines), _ZERO)
        numbered = [_statement_line(f"{month}/{n:03}", line) for n, line in enumerate(lines, 1)]
        statement = create_one(
            "account.statement",
            name=f"Checking {month}",
            journal=journal,
            date=lines[-1].date,
            company=self.company.id,
            start_balance=balance,
            end_balance=closing,
            lines=[("create", numbered)],
        )
        statements.validate_statement([statement])
        statements.post([statement])
        return closing


def _payments(documents: Iterable[tuple[Any, Document]]) -> Iterable[_Movement]:
    for invoice, document in documents:
        if document.paid_on is None:
            continue
        amount = (invoice.total_amount * document.paid_share).quantize(Decimal("0.01"))
        is_sale = document.kind == "out"
        yield _Movement(
            date=document.paid_on,
            description=f"Payment {invoice.number}" if is_sale else f"Bill {invoice.reference}",
            amount=amount if is_sale else -amount,
            account=invoice.account.id,
            invoice=invoice,
        )


def _statement_line(number: str, line: _Movement) -> dict[str, Any]:
    paid = line.invoice
    return {
        "number": number,
        "date": line.date,
        "description": line.description,
        "amount": line.amount,
        "account": line.account,
        "party": paid.party.id if paid else None,
        "related_to": f"account.invoice,{paid.id}" if paid else None,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
