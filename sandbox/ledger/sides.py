"""Sales and purchases are mirror images: what one debits the other credits."""

import msgspec

from sandbox.ledger.books import Books
from sandbox.ledger.history import Log
from sandbox.ledger.records import Contact, Document, Payment


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """`sign` is the direction of a document's posting to its control account."""

    sign: int
    control: str
    documents: str
    credits: str
    payments: str
    contacts: str
    document_kind: str
    credit_kind: str
    payment_kind: str
    document_prefix: str
    credit_prefix: str
    payment_prefix: str
    open_status: str

    def document_log(self, books: Books) -> Log[Document]:
        log: Log[Document] = getattr(books, self.documents)
        return log

    def credit_log(self, books: Books) -> Log[Document]:
        log: Log[Document] = getattr(books, self.credits)
        return log

    def payment_log(self, books: Books) -> Log[Payment]:
        log: Log[Payment] = getattr(books, self.payments)
        return log

    def contact_log(self, books: Books) -> Log[Contact]:
        log: Log[Contact] = getattr(books, self.contacts)
        return log


SALES = Side(
    sign=1,
    control="receivable",
    documents="invoices",
    credits="credit_notes",
    payments="payments",
    contacts="customers",
    document_kind="invoice",
    credit_kind="credit_note",
    payment_kind="payment",
    document_prefix="inv",
    credit_prefix="crn",
    payment_prefix="pay",
    open_status="submitted",
)
PURCHASES = Side(
    sign=-1,
    control="payable",
    documents="bills",
    credits="supplier_credits",
    payments="bill_payments",
    contacts="suppliers",
    document_kind="bill",
    credit_kind="supplier_credit",
    payment_kind="bill_payment",
    document_prefix="bil",
    credit_prefix="scr",
    payment_prefix="bpy",
    open_status="open",
)
