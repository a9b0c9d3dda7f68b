"""Documents, payments, entries and bank lines as the API shows them."""

from sandbox.ledger.moments import date_text
from sandbox.ledger.money import rate_text, text
from sandbox.ledger.records import BankLine, Document, Entry, Line, Payment, Posting
from sandbox.ledger.sides import PURCHASES, SALES, Side

type Body = dict[str, object]


def invoice(record: Document) -> Body:
    return {"number": record.number, **_document(record, SALES)}


def bill(record: Document) -> Body:
    return {"reference": record.number, **_document(record, PURCHASES)}


def credit_note(record: Document) -> Body:
    return _credit(record, SALES)


def supplier_credit(record: Document) -> Body:
    return _credit(record, PURCHASES)


def payment(record: Payment) -> Body:
    return _payment(record, SALES)


def bill_payment(record: Payment) -> Body:
    return _payment(record, PURCHASES)


def entry(record: Entry) -> Body:
    return {
        "date": date_text(record.date),
        "description": record.description,
        # What no document caused is its own source.
        "source": {"kind": record.source_kind, "id": record.source_id or record.id},
        "lines": [_posting(posting, record.currency) for posting in record.postings],
    }


def bank_line(record: BankLine) -> Body:
    return {
        "bank_account_id": record.bank_account_id,
        "date": date_text(record.date),
        "description": record.description,
        "amount": text(record.amount),
        "balance": text(record.balance),
        "kind": record.kind,
        "reconciled": record.reconciled,
    }


def _document(record: Document, side: Side) -> Body:
    return {
        **_party(record, side),
        "date": date_text(record.date),
        "due_date": date_text(record.due_date),
        "paid_on": date_text(record.paid_on) if record.paid_on else None,
        "currency": record.currency,
        "exchange_rate": rate_text(record.rate),
        "status": record.status,
        "lines": [_line(line) for line in record.lines],
        "net": text(record.net),
        "tax": text(record.tax),
        "total": text(record.total),
        "amount_due": text(record.due),
        "note": record.note,
        "allocations": [
            {
                "payment_id": allocation.counterpart_id,
                "kind": allocation.kind,
                "date": date_text(allocation.date),
                "amount": text(allocation.amount),
                "account_id": allocation.account_id,
            }
            for allocation in record.allocations
        ],
    }


def _credit(record: Document, side: Side) -> Body:
    return {
        "number": record.number,
        **_party(record, side),
        "date": date_text(record.date),
        "currency": record.currency,
        "exchange_rate": rate_text(record.rate),
        "status": record.status,
        "lines": [_line(line) for line in record.lines],
        "net": text(record.net),
        "tax": text(record.tax),
        "total": text(record.total),
        "remaining": text(record.due),
        "note": record.note,
        "allocations": [
            {
                "document_id": allocation.counterpart_id,
                "date": date_text(allocation.date),
                "amount": text(allocation.amount),
            }
            for allocation in record.allocations
        ],
    }


def _payment(record: Payment, side: Side) -> Body:
    return {
        **_party(record, side),
        "account_id": record.account.id,
        "date": date_text(record.date),
        "amount": text(record.amount),
        "currency": record.currency,
        "exchange_rate": rate_text(record.rate),
        "reference": record.reference,
        "note": record.note,
        "method": record.method,
        "applied": [
            {"document_id": each.document_id, "kind": each.kind, "amount": text(each.amount)}
            for each in record.applied
        ],
    }


def _party(record: Document | Payment, side: Side) -> Body:
    word = side.contacts.removesuffix("s")
    return {f"{word}_id": record.contact.id, f"{word}_name": record.contact.name}


def _line(line: Line) -> Body:
    return {
        "description": line.description,
        "quantity": text(line.quantity),
        "unit_price": text(line.unit_price),
        "discount_percent": text(line.discount),
        "net": text(line.net),
        "tax": text(line.tax),
        "total": text(line.net + line.tax),
        "account_id": line.account.id,
        "account_name": line.account.name,
        "tax_rate_id": line.tax_rate_id,
        "item_id": line.item_id,
    }


def _posting(posting: Posting, currency: str) -> Body:
    party = posting.contact_id or ""
    return {
        "account_id": posting.account.id,
        "account_name": posting.account.name,
        "amount": text(posting.amount),
        "currency": currency,
        "transaction_amount": text(posting.transaction_amount),
        "description": posting.description,
        "customer_id": party if party.startswith("cus_") else None,
        "supplier_id": party if party.startswith("sup_") else None,
    }
