"""What a bookkeeper does to books between two pulls, in Tryton's own ways."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.real.tryton.api import Desktop, Rest
from tests.real.tryton.environment import Tryton

INVOICE, LINE, PARTY = "account.invoice", "account.invoice.line", "party.party"
STATEMENT, STATEMENT_LINE = "account.statement", "account.statement.line"


class Bookkeeper:
    """Works with a key of their own, and with Tryton's client where a dialog is needed."""

    def __init__(self, tryton: Tryton, rest: Rest) -> None:
        self.rest = rest
        self.desktop = Desktop(tryton, "bookkeeper", tryton.keys["password"])

    def find(self, kind: str, *domain: Any, fields: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """Return documents (``out`` or ``in``), the newest first."""
        wanted = [["type", "=", kind], *domain]
        named = ["number", "state", "party.id", "total_amount", "amount_to_pay", *fields]
        return self.rest.list(INVOICE, named, wanted, order=[["invoice_date", "DESC"]])

    def movements(self, party: int) -> list[dict[str, Any]]:
        """Return a party's lines of bank statements."""
        return self.rest.list(STATEMENT_LINE, ["id"], [["party", "=", party]])

    def account(self, code: str) -> int:
        (found,) = self.rest.list("account.account", ["id"], [["code", "=", code]])
        return int(found["id"])

    def unpaid(self, kind: str) -> list[dict[str, Any]]:
        """Return documents of which nothing is paid, credit notes left out."""
        posted = self.find(
            kind, ["state", "=", "posted"], ["payment_lines", "=", None], ["currency", "=", 1]
        )
        return [each for each in posted if each["amount_to_pay"] == each["total_amount"] > 0]

    def rename(self, party: int, name: str) -> None:
        self.rest.write(PARTY, party, {"name": name})

    def move_house(self, party: int, city: str) -> None:
        """Edit an address, and nothing of the party it belongs to."""
        (address, *_) = self.rest.list("party.address", ["id"], [["party", "=", party]])
        self.rest.write("party.address", address["id"], {"city": city})

    def change_price(self, invoice: int, price: Decimal) -> None:
        """Edit a line of a draft, and nothing of the invoice it belongs to."""
        (line, *_) = self.rest.list(LINE, ["id"], [["invoice", "=", invoice]])
        self.rest.write(LINE, line["id"], {"unit_price": price})

    def post(self, invoice: int) -> None:
        self.rest.press(INVOICE, invoice, "post")

    def credit_with_refund(self, invoice: int) -> None:
        """Void a sale: a credit note cancels it, which only the dialog can do."""
        self.desktop.answer(
            "account.invoice.credit",
            "credit",
            {"start": {"with_refund": True, "invoice_date": None}},
            model=INVOICE,
            records=[invoice],
        )

    def cancel(self, invoice: int) -> None:
        """Void a bill, or a draft."""
        self.rest.press(INVOICE, invoice, "cancel")

    def delete(self, invoice: int) -> None:
        """Delete a draft that never had a number."""
        self.rest.delete(INVOICE, invoice)

    def receive(self, invoice: int, amount: Decimal, day: dt.date) -> int:
        """Enter and post a bank statement with one line, which pays an invoice; return the line."""
        (document,) = self.find("out", ["id", "=", invoice], fields=("account.id",))
        statement, line = self.enter_statement(
            day,
            {
                "description": f"Payment {document['number']}",
                "amount": amount,
                "account": document["account"]["id"],
                "party": document["party"]["id"],
                "related_to": f"{INVOICE},{document['id']}",
            },
        )
        self.rest.press(STATEMENT, statement, "validate_statement")
        self.rest.press(STATEMENT, statement, "post")
        return line

    def enter_statement(self, day: dt.date, line: Mapping[str, Any]) -> tuple[int, int]:
        """Enter a bank statement with one line, and leave it a draft; return both ids."""
        (journal,) = self.rest.list("account.statement.journal", ["id"])
        (newest, *_) = self.rest.list(
            STATEMENT, ["end_balance"], [["state", "=", "posted"]], order=[["date", "DESC"]]
        )
        statement = self.rest.create(
            STATEMENT,
            {
                "name": f"Checking {day}",
                "journal": journal["id"],
                "date": day,
                "start_balance": newest["end_balance"],
                "end_balance": newest["end_balance"] + line["amount"],
                "lines": [["create", [{"number": "1", "date": day, **line}]]],
            },
        )
        (entered,) = self.rest.list(STATEMENT_LINE, ["id"], [["statement", "=", statement]])
        return statement, int(entered["id"])

    def describe(self, line: int, description: str) -> None:
        """Edit the line of a draft statement, and nothing of the statement it belongs to."""
        self.rest.write(STATEMENT_LINE, line, {"description": description})

    def book_by_hand(self, day: dt.date, debit: int, credit: int, amount: Decimal) -> None:
        """Enter and post a journal entry of two lines."""
        (journal,) = self.rest.list("account.journal", ["id"], [["code", "=", "MISC"]])
        (period,) = self.rest.list(
            "account.period", ["id"], [["start_date", "<=", day], ["end_date", ">=", day]]
        )
        lines = [
            {"account": debit, "debit": amount, "credit": Decimal(0)},
            {"account": credit, "debit": Decimal(0), "credit": amount},
        ]
        values = {
            "journal": journal["id"],
            "period": period["id"],
            "date": day,
            "description": "Accrued insurance",
            "lines": [["create", lines]],
        }
        move = self.rest.create("account.move", values)
        self.rest.press("account.move", move, "post")
