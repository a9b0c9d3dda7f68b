"""What all of Xero's views share: ids, dates and amounts."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

from sandbox.ledger.books import Books
from sandbox.ledger.money import RATE_ONE
from sandbox.ledger.records import Account, Contact
from tests.vendors.books import Body


def ms_date(moment: datetime) -> str:
    return f"/Date({int(moment.timestamp() * 1000)}+0000)/"


def day_text(ordinal: int) -> str:
    on = date.fromordinal(ordinal)
    return ms_date(datetime(on.year, on.month, on.day, tzinfo=UTC))


def rate_of(rate: int) -> Decimal:
    """Tell how much of the foreign currency one unit of the base buys, as Xero does."""
    return (Decimal(RATE_ONE) / Decimal(rate)).quantize(Decimal("1e-6"))


def code_of(account: Account, name: str = "AccountCode") -> Body:
    return {name: account.code} if account.code else {}


class Named:
    """One organization's records; their ids follow from its id and the ledger's."""

    def __init__(self, tenant: str, books: Books) -> None:
        self.tenant = tenant
        self.books = books
        self.currency = books.profile.currency

    def id(self, *parts: str) -> str:
        return str(uuid.uuid5(uuid.UUID(self.tenant), "/".join(parts)))

    def party(self, contact: Contact) -> Body:
        return {"ContactID": self.id(contact.id), "Name": contact.name}
