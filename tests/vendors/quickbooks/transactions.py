"""Transactions as QuickBooks shows them.

A credit is set off by a payment of nothing, whose lines name both the credit and what it settled.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from sandbox.ledger.books import Books
from sandbox.ledger.money import RATE_ONE, share
from sandbox.ledger.records import Allocation, Document, Entry, Line, Payment, Posting
from tests.vendors.books import Body, cents
from tests.vendors.quickbooks.names import SERVICES, Names

ZERO = Decimal("0.00")
_PAYMENT = {True: "Payment", False: "BillPaymentCheck"}


class Transactions:
    def __init__(self, books: Books, names: Names) -> None:
        self.books = books
        self.names = names
        self.ids = names.ids

    def invoice(self, record: Document, entity: str) -> Body:
        """Give an invoice or credit memo, which differ in the member that tells what is open."""
        body: Body = {
            "Id": self.ids.of(entity, record.id),
            **self._head(record),
            "CustomerRef": self._party("Customer", record),
            "LinkedTxn": self._links(record, is_sale=True),
            "Line": list(self._sales_lines(record)),
            "TxnTaxDetail": self._tax(record.lines, "Sales"),
            "GlobalTaxCalculation": "TaxExcluded",
            "TotalAmt": cents(record.total),
            "Balance": cents(record.due),
            "EmailStatus": "NotSet",
            "PrintStatus": "NeedToPrint",
            "ApplyTaxAfterDiscount": False,
        }
        if entity == "Invoice":
            body["DueDate"] = str(date.fromordinal(record.due_date))
        else:
            body["RemainingCredit"] = cents(record.due)
        return voided(body) if record.status == "void" else body

    def bill(self, record: Document, entity: str) -> Body:
        """Give a bill or vendor credit."""
        body: Body = {
            "Id": self.ids.of(entity, record.id),
            **self._head(record),
            "VendorRef": self._party("Vendor", record),
            "APAccountRef": self.names.account_ref(self.books.chart["payable"]),
            "LinkedTxn": self._links(record, is_sale=False),
            "Line": [self._expense_line(n, line) for n, line in enumerate(record.lines, 1)],
            "TxnTaxDetail": self._tax(record.lines, "Purchase"),
            "GlobalTaxCalculation": "TaxExcluded",
            "TotalAmt": cents(record.total),
            "Balance": cents(record.due),
        }
        if entity == "Bill":
            body["DueDate"] = str(date.fromordinal(record.due_date))
        return voided(body) if record.status == "void" else body

    def payment(self, record: Payment) -> Body:
        body: Body = {
            "Id": self.ids.of("Payment", record.id),
            **self._payment_head(record),
            "CustomerRef": self._party("Customer", record),
            "DepositToAccountRef": {"value": self.ids.of("Account", record.account.id)},
            "TotalAmt": cents(record.amount),
            "UnappliedAmt": cents(record.unapplied),
            "ProcessPayment": False,
            "Line": self._settled(record, "Invoice"),
        }
        if record.reference:
            body["PaymentRefNum"] = record.reference
        return body

    def bill_payment(self, record: Payment) -> Body:
        account = self.names.account_ref(record.account)
        body: Body = {
            "Id": self.ids.of("BillPayment", record.id),
            **self._payment_head(record),
            "VendorRef": self._party("Vendor", record),
            "TotalAmt": cents(record.amount),
            "Line": self._settled(record, "Bill"),
        }
        if record.account.type == "credit_card":
            return body | {"PayType": "CreditCard", "CreditCardPayment": {"CCAccountRef": account}}
        check = {"BankAccountRef": account, "PrintStatus": "NotSet"}
        return body | {"PayType": "Check", "CheckPayment": check}

    def set_off(self, credit: Document, used: Allocation, *, is_sale: bool) -> Body:
        entity, document, source = (
            ("Payment", "Invoice", "CreditMemo")
            if is_sale
            else ("BillPayment", "Bill", "VendorCredit")
        )
        settled = self.ids.of(document, used.counterpart_id)
        body: Body = {
            "Id": self.ids.of(entity, credit.id, used.counterpart_id),
            "TxnDate": str(date.fromordinal(used.date)),
            "CurrencyRef": {"value": credit.currency},
            "ExchangeRate": _rate(credit.rate),
            "TotalAmt": ZERO,
            "Line": [
                _linked(cents(used.amount), document, settled),
                _linked(cents(used.amount), source, self.ids.of(source, credit.id)),
            ],
        }
        if is_sale:
            return body | {
                "CustomerRef": self._party("Customer", credit),
                "UnappliedAmt": ZERO,
                "ProcessPayment": False,
            }
        bank = self.names.account_ref(self.books.chart["bank"])
        return body | {
            "VendorRef": self._party("Vendor", credit),
            "PayType": "Check",
            "CheckPayment": {"BankAccountRef": bank, "PrintStatus": "NotSet"},
        }

    def entry(self, record: Entry) -> tuple[str, Body]:
        """Give what was entered without a document, as what it does to the bank accounts."""
        banks = [posting for posting in record.postings if posting.account.is_bank]
        rest = [posting for posting in record.postings if not posting.account.is_bank]
        entity = "JournalEntry"
        if len(banks) == 2 and not rest:
            entity = "Transfer"
        elif len(banks) == 1 and banks[0].amount < 0:
            entity = "Purchase"
        elif len(banks) == 1 and banks[0].account.type == "bank":
            entity = "Deposit"
        head: Body = {
            "Id": self.ids.of(entity, record.id),
            "TxnDate": str(date.fromordinal(record.date)),
            "CurrencyRef": {"value": record.currency},
            "PrivateNote": record.description,
        }
        build = {
            "Transfer": self._transfer,
            "Purchase": self._purchase,
            "Deposit": self._deposit,
            "JournalEntry": self._journal_entry,
        }[entity]
        return entity, head | build(banks, rest)

    def _transfer(self, banks: list[Posting], _: list[Posting]) -> Body:
        giver, taker = sorted(banks, key=lambda posting: posting.amount)
        return {
            "FromAccountRef": self.names.account_ref(giver.account),
            "ToAccountRef": self.names.account_ref(taker.account),
            "Amount": cents(taker.amount),
        }

    def _purchase(self, banks: list[Posting], rest: list[Posting]) -> Body:
        by_card = banks[0].account.type == "credit_card"
        return {
            "AccountRef": self.names.account_ref(banks[0].account),
            "PaymentType": "CreditCard" if by_card else "Check",
            "Credit": False,
            "TotalAmt": cents(-banks[0].amount),
            "Line": [
                {
                    "Id": str(number),
                    "Description": posting.description or "",
                    "Amount": cents(posting.amount),
                    "DetailType": "AccountBasedExpenseLineDetail",
                    "AccountBasedExpenseLineDetail": {
                        "AccountRef": self.names.account_ref(posting.account),
                        "BillableStatus": "NotBillable",
                    },
                }
                for number, posting in enumerate(rest, 1)
            ],
        }

    def _deposit(self, banks: list[Posting], rest: list[Posting]) -> Body:
        return {
            "DepositToAccountRef": self.names.account_ref(banks[0].account),
            "TotalAmt": cents(banks[0].amount),
            "Line": [
                {
                    "Id": str(number),
                    "LineNum": number,
                    "Description": posting.description or "",
                    "Amount": cents(-posting.amount),
                    "DetailType": "DepositLineDetail",
                    "DepositLineDetail": {"AccountRef": self.names.account_ref(posting.account)},
                }
                for number, posting in enumerate(rest, 1)
            ],
        }

    def _journal_entry(self, banks: list[Posting], rest: list[Posting]) -> Body:
        return {
            "Adjustment": False,
            "TotalAmt": cents(sum(max(0, posting.amount) for posting in (*banks, *rest))),
            "Line": [
                {
                    "Id": str(number),
                    "Description": posting.description or "",
                    "Amount": cents(abs(posting.amount)),
                    "DetailType": "JournalEntryLineDetail",
                    "JournalEntryLineDetail": {
                        "PostingType": "Debit" if posting.amount > 0 else "Credit",
                        "AccountRef": self.names.account_ref(posting.account),
                    },
                }
                for number, posting in enumerate((*banks, *rest))
            ],
        }

    def _head(self, record: Document) -> Body:
        body: Body = {
            "TxnDate": str(date.fromordinal(record.date)),
            "CurrencyRef": {"value": record.currency},
            "ExchangeRate": _rate(record.rate),
        }
        if record.number:
            body["DocNumber"] = record.number[:21]
        if record.note:
            body["PrivateNote"] = record.note[:4000]
        return body

    def _payment_head(self, record: Payment) -> Body:
        return {
            "TxnDate": str(date.fromordinal(record.date)),
            "CurrencyRef": {"value": record.currency},
            "ExchangeRate": _rate(record.rate),
        }

    def _party(self, entity: str, record: Document | Payment) -> Body:
        return self.names.ref(entity, record.contact.id, record.contact.name)

    def _links(self, record: Document, *, is_sale: bool) -> list[Body]:
        entity = "Payment" if is_sale else "BillPayment"
        links: dict[str, Body] = {}
        for part in record.allocations:
            if part.kind == "payment":
                number = self.ids.of(entity, part.counterpart_id)
            elif part.kind == "credit_note":
                number = self.ids.of(entity, part.counterpart_id, record.id)
            else:
                number = self.ids.of(entity, record.id, part.counterpart_id)
            links[number] = {"TxnId": number, "TxnType": _PAYMENT[is_sale]}
        return list(links.values())

    def _settled(self, record: Payment, entity: str) -> list[Body]:
        amounts: dict[str, int] = {}
        for part in record.applied:
            amounts[part.document_id] = amounts.get(part.document_id, 0) + part.amount
        return [
            _linked(cents(amount), entity, self.ids.of(entity, document))
            for document, amount in amounts.items()
        ]

    def _sales_lines(self, record: Document) -> Iterator[Body]:
        """Give the lines before discount, their sum, and the discount on the whole."""
        gross = [share(line.quantity * line.unit_price, 1, 100) for line in record.lines]
        for number, (line, amount) in enumerate(zip(record.lines, gross, strict=True), 1):
            yield {
                "Id": str(number),
                "LineNum": number,
                "Description": line.description,
                "Amount": cents(amount),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": self._item(line),
                    "UnitPrice": cents(line.unit_price),
                    "Qty": cents(line.quantity),
                    "ItemAccountRef": self.names.account_ref(line.account),
                    "TaxCodeRef": {"value": self.ids.of("TaxCode", line.tax_rate_id)},
                },
            }
        yield {
            "Amount": cents(sum(gross)),
            "DetailType": "SubTotalLineDetail",
            "SubTotalLineDetail": {},
        }
        discounted = [
            line for line, amount in zip(record.lines, gross, strict=True) if line.net != amount
        ]
        if discounted:
            yield {
                "Amount": cents(sum(gross) - record.net),
                "DetailType": "DiscountLineDetail",
                "DiscountLineDetail": {
                    "PercentBased": False,
                    "DiscountAccountRef": self.names.account_ref(discounted[0].account),
                },
            }

    def _expense_line(self, number: int, line: Line) -> Body:
        tax_code = {"value": self.ids.of("TaxCode", line.tax_rate_id)}
        body: Body = {
            "Id": str(number),
            "LineNum": number,
            "Description": line.description,
            "Amount": cents(line.net),
            "LinkedTxn": [],
        }
        if line.item_id:
            detail = {
                "ItemRef": self._item(line),
                "UnitPrice": cents(line.unit_price),
                "Qty": cents(line.quantity),
            }
            kind = "ItemBasedExpenseLineDetail"
        else:
            detail = {"AccountRef": self.names.account_ref(line.account)}
            kind = "AccountBasedExpenseLineDetail"
        detail |= {"TaxCodeRef": tax_code, "BillableStatus": "NotBillable"}
        return body | {"DetailType": kind, kind: detail}

    def _item(self, line: Line) -> Body:
        item = self.books.items.get(line.item_id) if line.item_id else None
        if item is None:
            return self.names.ref("Item", SERVICES, SERVICES)
        return self.names.ref("Item", item.id, item.name)

    def _tax(self, lines: Iterable[Line], side: str) -> Body:
        sums: dict[str, tuple[int, int]] = {}
        for line in lines:
            net, tax = sums.get(line.tax_rate_id, (0, 0))
            sums[line.tax_rate_id] = (net + line.net, tax + line.tax)
        rates = self.books.tax_by_id
        return {
            "TotalTax": cents(sum(tax for _, tax in sums.values())),
            "TaxLine": [
                {
                    "Amount": cents(tax),
                    "DetailType": "TaxLineDetail",
                    "TaxLineDetail": {
                        "TaxRateRef": {"value": self.names.tax_rate_ref(rates[key], side)["value"]},
                        "PercentBased": True,
                        "TaxPercent": cents(rates[key].rate),
                        "NetAmountTaxable": cents(net),
                    },
                }
                for key, (net, tax) in sums.items()
            ],
        }


def _linked(amount: Decimal, entity: str, number: str) -> Body:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": number, "TxnType": entity}]}


def voided(body: Body) -> Body:
    """Void: every amount is nothing, and the note says so; nothing else does."""
    lines = [{**line, "Amount": ZERO} for line in body["Line"]]
    for line in lines:
        detail = line.get(line["DetailType"], {})
        line[line["DetailType"]] = {
            name: ZERO if name in {"UnitPrice", "Qty"} else value for name, value in detail.items()
        }
    changed = {
        "Line": lines,
        "TotalAmt": ZERO,
        "Balance": ZERO,
        "TxnTaxDetail": {"TotalTax": ZERO, "TaxLine": []},
        "PrivateNote": f"Voided - {body['PrivateNote']}" if "PrivateNote" in body else "Voided",
    }
    if "RemainingCredit" in body:
        changed["RemainingCredit"] = ZERO
    return body | changed


def _rate(rate: int) -> Decimal:
    return (Decimal(rate) / RATE_ONE).quantize(Decimal("1e-6")).normalize() + 0
