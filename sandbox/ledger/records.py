"""What the books hold. Each value is one revision: it is replaced, never changed."""

import msgspec


class Account(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    id: str
    role: str
    code: str | None
    name: str
    description: str | None
    classification: str
    type: str
    currency: str
    status: str = "active"
    is_bank: bool = False
    parent_id: str | None = None


class TaxComponent(msgspec.Struct, frozen=True, gc=False):
    name: str
    rate: int
    compound: bool = False


class TaxRate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """`rate` is in hundredths of a percent."""

    id: str
    code: str
    name: str
    rate: int
    components: tuple[TaxComponent, ...] = ()
    status: str = "active"


class Price(msgspec.Struct, frozen=True, gc=False):
    price: int
    account_id: str
    tax_rate_id: str


class Item(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    id: str
    code: str
    name: str
    description: str | None
    kind: str
    status: str = "active"
    sale: Price | None = None
    purchase: Price | None = None


class Address(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    line1: str
    city: str
    country: str
    kind: str = "billing"
    line2: str | None = None
    region: str | None = None
    postcode: str | None = None


class Contact(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A customer or a supplier; `tax_rate_id` and `account` say how their documents are coded."""

    id: str
    name: str
    currency: str
    contact_name: str | None = None
    email: str | None = None
    phone: str | None = None
    registration_number: str | None = None
    tax_number: str | None = None
    status: str = "active"
    addresses: tuple[Address, ...] = ()
    terms: int = 30
    tax_rate_id: str | None = None
    account: Account | None = None


class Line(msgspec.Struct, frozen=True, gc=False):
    """`quantity` is in hundredths, `discount` in hundredths of a percent."""

    description: str
    quantity: int
    unit_price: int
    discount: int
    net: int
    tax: int
    account: Account
    tax_rate_id: str
    item_id: str | None


class Allocation(msgspec.Struct, frozen=True, gc=False):
    """What settled a document, or for a credit: which document it settled."""

    counterpart_id: str
    kind: str
    date: int
    amount: int
    account_id: str | None


class Document(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An invoice, a bill or a credit of either; `due` is what is still open of it."""

    id: str
    number: str | None
    contact: Contact
    date: int
    due_date: int
    currency: str
    rate: int
    status: str
    lines: tuple[Line, ...]
    net: int
    tax: int
    due: int
    note: str | None = None
    paid_on: int | None = None
    allocations: tuple[Allocation, ...] = ()

    @property
    def total(self) -> int:
        return self.net + self.tax


class Application(msgspec.Struct, frozen=True, gc=False):
    document_id: str
    kind: str
    amount: int


class Payment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What `applied` leaves over stands on the contact's account."""

    id: str
    contact: Contact
    account: Account
    date: int
    amount: int
    currency: str
    rate: int
    method: str
    applied: tuple[Application, ...]
    reference: str | None = None
    note: str | None = None

    @property
    def unapplied(self) -> int:
        return self.amount - sum(application.amount for application in self.applied)


class Posting(msgspec.Struct, frozen=True, gc=False):
    """Debit positive, credit negative; `amount` in the base currency."""

    account: Account
    amount: int
    transaction_amount: int
    contact_id: str | None = None
    description: str | None = None


class Entry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    id: str
    date: int
    description: str
    currency: str
    source_kind: str
    source_id: str | None
    postings: tuple[Posting, ...]


class BankAccount(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    id: str
    account: Account
    name: str
    kind: str
    number: str | None
    sort_code: str | None
    iban: str | None
    institution: str
    overdraft_limit: int
    status: str = "active"


class BankLine(msgspec.Struct, frozen=True, gc=False):
    id: str
    bank_account_id: str
    date: int
    description: str
    amount: int
    balance: int
    kind: str
    reconciled: bool


type Record = (
    Account | TaxRate | Item | Contact | Document | Payment | Entry | BankAccount | BankLine
)
