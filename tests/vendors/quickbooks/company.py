"""One company's books, as a view of the ledger that can then be changed."""

from calendar import month_name
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from threading import RLock
from typing import Any

from tests.vendors.books import Body, Postings, ledger
from tests.vendors.clock import Clock
from tests.vendors.quickbooks.names import Ids
from tests.vendors.quickbooks.transactions import voided

LISTS = ("CompanyInfo", "Preferences", "Account", "Customer", "Vendor", "Item")
TAXES = ("TaxCode", "TaxRate")
TRANSACTIONS = (
    "Invoice",
    "Bill",
    "CreditMemo",
    "VendorCredit",
    "Payment",
    "BillPayment",
    "JournalEntry",
    "Purchase",
    "Deposit",
    "Transfer",
    "SalesReceipt",
    "RefundReceipt",
)
ENTITIES = (*LISTS, *TAXES, *TRANSACTIONS)
# QuickBooks writes Pacific time; here the winter's the whole year.
PACIFIC = timezone(timedelta(hours=-8))


def moment_text(moment: datetime) -> str:
    return moment.astimezone(PACIFIC).isoformat(timespec="seconds")


def precise_moment_text(moment: datetime) -> str:
    return moment.astimezone(PACIFIC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Row:
    """An entity's state; ``is_deleted`` is what CDC tells and queries do not."""

    id: str
    changed_at: datetime
    body: Body
    is_deleted: bool = False


@dataclass(slots=True)
class Company:
    """Rows by entity and id, and what was posted; every change is dated by the clock."""

    realm: str
    clock: Clock
    #: The ledger's moment that it shows, in microseconds; 0 where it shows none.
    copied_at: int = 0
    lists: dict[str, dict[str, Row]] = field(
        default_factory=lambda: {entity: {} for entity in ENTITIES}
    )
    postings: Postings = field(default_factory=Postings)
    ids: Ids = field(default_factory=Ids)
    lock: RLock = field(default_factory=RLock)

    @property
    def name(self) -> str:
        return str(self.get("CompanyInfo", "1")["CompanyName"])

    @property
    def currency(self) -> str:
        return str(self.get("Preferences", "1")["CurrencyPrefs"]["HomeCurrency"]["value"])

    @classmethod
    def of(cls, business: str, clock: Clock) -> "Company":
        """Show one of the ledger's businesses as it is at the clock's moment."""
        from tests.vendors.quickbooks.copying import copy  # noqa: PLC0415 - it makes this class

        now = clock.now()
        return copy(ledger(business, now.date()), clock, now)

    @classmethod
    def empty(cls, name: str, realm: str, clock: Clock) -> "Company":
        company = cls(realm=realm, clock=clock)
        company.put("CompanyInfo", {"Id": "1", "CompanyName": name})
        company.put(
            "Preferences",
            {
                "Id": "1",
                "AccountingInfoPrefs": {"FirstMonthOfFiscalYear": "January"},
                "CurrencyPrefs": {"HomeCurrency": {"value": "USD"}},
            },
        )
        return company

    def rows(self, entity: str) -> list[Row]:
        with self.lock:
            return [row for row in self.lists[entity].values() if not row.is_deleted]

    def changes(self, entity: str, since: datetime) -> list[Row]:
        """List what changed after a moment: what is left in order of change, then what is not."""
        with self.lock:
            changed = [row for row in self.lists[entity].values() if row.changed_at > since]
        return sorted(changed, key=lambda row: (row.is_deleted, row.changed_at, int(row.id)))

    def get(self, entity: str, row_id: str) -> Body:
        return self.lists[entity][row_id].body

    def put(self, entity: str, body: Body) -> str:
        """Add or replace a row, changed now."""
        with self.lock:
            now = self.clock.now().replace(microsecond=0)
            row_id = str(body["Id"])
            known = self.lists[entity].get(row_id)
            created = known.body["MetaData"]["CreateTime"] if known else moment_text(now)
            token = int(known.body["SyncToken"]) + 1 if known else 0
            body = {
                **body,
                "SyncToken": str(token),
                "MetaData": {"CreateTime": created, "LastUpdatedTime": moment_text(now)},
                "domain": "QBO",
                "sparse": False,
            }
            self.lists[entity][row_id] = Row(row_id, now, body)
            return row_id

    def change(self, entity: str, row_id: str, **members: Any) -> None:
        with self.lock:
            self.put(entity, {**self.get(entity, row_id), **members})

    def delete(self, entity: str, row_id: str) -> None:
        """Delete a transaction: queries no longer know it, CDC tells for thirty days."""
        with self.lock:
            self.postings.drop(source(entity, row_id))
            now = self.clock.now().replace(microsecond=0)
            body = {
                "domain": "QBO",
                "status": "Deleted",
                "Id": row_id,
                "MetaData": {"LastUpdatedTime": moment_text(now)},
            }
            self.lists[entity][row_id] = Row(row_id, now, body, is_deleted=True)

    def add_invoice(self, net: str, *, customer_id: str | None = None, tax: str = "0.00") -> str:
        """Enter a sales invoice of today; return its id."""
        with self.lock:
            template = next(
                row.body
                for row in self.rows("Invoice")
                if row.body["TotalAmt"] and row.body["TxnTaxDetail"]["TaxLine"]
            )
            amount, total = Decimal(net), Decimal(net) + Decimal(tax)
            today = self.clock.now().date()
            line = deepcopy(template["Line"][0]) | {"Amount": amount}
            line["SalesItemLineDetail"] |= {"UnitPrice": amount, "Qty": Decimal(1)}
            tax_line = deepcopy(template["TxnTaxDetail"]["TaxLine"][0]) | {"Amount": Decimal(tax)}
            tax_line["TaxLineDetail"]["NetAmountTaxable"] = amount
            subtotal = {
                "Amount": amount,
                "DetailType": "SubTotalLineDetail",
                "SubTotalLineDetail": {},
            }
            number = self.ids.new("Invoice")
            body = deepcopy(template) | {
                "Id": number,
                "DocNumber": f"N-{number}",
                "TxnDate": str(today),
                "DueDate": str(today + timedelta(days=30)),
                "LinkedTxn": [],
                "Line": [line, subtotal],
                "TxnTaxDetail": {"TotalTax": Decimal(tax), "TaxLine": [tax_line]},
                "TotalAmt": total,
                "Balance": total,
            }
            body.pop("PrivateNote", None)
            if customer_id:
                name = self.get("Customer", customer_id)["DisplayName"]
                body["CustomerRef"] = {"value": customer_id, "name": name}
            origin = source("Invoice", number)
            sold = line["SalesItemLineDetail"]["ItemAccountRef"]["value"]
            self.postings.add(
                self._account("AccountType", "Accounts Receivable"), today, total, origin
            )
            self.postings.add(sold, today, -amount, origin)
            self.postings.add(
                self._account("AccountSubType", "GlobalTaxPayable"), today, -Decimal(tax), origin
            )
            return self.put("Invoice", body)

    def void_invoice(self, invoice_id: str) -> None:
        """Void an invoice: it stays with all its amounts zero, and leaves every report."""
        with self.lock:
            self.postings.drop(source("Invoice", invoice_id))
            self.put("Invoice", voided(self.get("Invoice", invoice_id)))

    def delete_invoice(self, invoice_id: str) -> None:
        self.delete("Invoice", invoice_id)

    def delete_payment(self, payment_id: str) -> None:
        """Delete a payment: what it settled is open again."""
        with self.lock:
            for line in self.get("Payment", payment_id)["Line"]:
                for link in line["LinkedTxn"]:
                    body = self.get(link["TxnType"], link["TxnId"])
                    opened = body["Balance"] + line["Amount"]
                    links = [each for each in body["LinkedTxn"] if each["TxnId"] != payment_id]
                    members = {"Balance": opened, "LinkedTxn": links}
                    if link["TxnType"] == "CreditMemo":
                        members["RemainingCredit"] = opened
                    self.change(link["TxnType"], link["TxnId"], **members)
            self.delete("Payment", payment_id)

    def rename_customer(self, customer_id: str, name: str) -> None:
        self.change("Customer", customer_id, DisplayName=name, FullyQualifiedName=name)

    def deactivate(self, entity: str, row_id: str) -> None:
        """Make a name inactive, which is all that QuickBooks lets people do with one."""
        self.change(entity, row_id, Active=False)

    def balance(self, account_id: str, first: date, last: date) -> int:
        return self.postings.balance(account_id, first, last)

    def year_start(self, on: date) -> date:
        """Return the first day of the fiscal year that a day is in."""
        told = self.get("Preferences", "1")["AccountingInfoPrefs"]["FirstMonthOfFiscalYear"]
        start = date(on.year, list(month_name).index(told), 1)
        return start if start <= on else start.replace(year=on.year - 1)

    def _account(self, member: str, value: str) -> str:
        return next(row.id for row in self.rows("Account") if row.body[member] == value)


def source(entity: str, row_id: str) -> str:
    """Name a transaction for its postings."""
    return f"{entity} {row_id}"


def at_moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC)
