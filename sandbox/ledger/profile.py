"""What makes one sample business different from another."""

import msgspec

from sandbox.ledger.chart import Template
from sandbox.ledger.records import Address, TaxRate


class ItemSpec(msgspec.Struct, frozen=True):
    code: str
    name: str
    kind: str
    price: int
    cost: int
    role: str
    tax: str
    description: str | None = None


def item_id(spec: ItemSpec) -> str:
    return f"itm_{spec.code.lower()}"


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """`special` names are used first and as they are, duplicates included."""

    first: tuple[str, ...]
    last: tuple[str, ...]
    heads: tuple[str, ...]
    tails: tuple[str, ...]
    suffixes: tuple[str, ...]
    streets: tuple[str, ...]
    cities: tuple[tuple[str, str | None, str], ...]
    country: str
    phone: str
    special: tuple[str, ...] = ()


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """How often, as shares of all documents, things happen that complicate books."""

    draft: float = 0.08
    discarded: float = 0.15
    voided: float = 0.01
    part_paid: float = 0.06
    unpaid: float = 0.07
    credited: float = 0.025
    credits_set_off: float = 0.5
    credit_voided: float = 0.04
    entered_twice: float = 0.01
    edited: float = 0.04
    edited_after_payment: float = 0.004
    cheque: float = 0.06
    cheque_deleted: float = 0.08
    overpaid: float = 0.01
    pays_together: float = 0.2


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Money in cents, `live` multiplies how often things happen after the first start."""

    key: str
    name: str
    legal_name: str
    summary: str
    size: str
    registration_number: str
    tax_number: str
    currency: str
    year_start: tuple[int, int]
    founded: str
    phone: str
    website: str
    address: Address
    names: Names
    items: tuple[ItemSpec, ...]
    tax_rates: tuple[TaxRate, ...]
    tax_recoverable: bool
    tax_period: int
    tax_authority: str
    taxed_customers: float
    default_tax: str
    no_tax: str
    zero_tax: str
    customers: int
    new_customers: float
    suppliers: dict[str, int]
    invoices: float
    bills: float
    card_purchases: float
    typical_invoice: int
    season: tuple[float, ...]
    growth: float
    live: float
    churn: float
    cost_share: float
    wage_share: float
    salary: int
    rent: int
    loan: int
    loan_rate: float
    loan_months: int
    equipment: int
    bank: tuple[str, str | None, str | None, str | None]
    weekend: float = 0.15
    foreign: dict[str, float] = {}
    foreign_share: float = 0.0
    max_lines: int = 5
    account_names: dict[str, str] = {}
    extra_accounts: tuple[Template, ...] = ()
    habits: Habits = Habits()
    oddities: bool = False

    @property
    def typical_sales(self) -> int:
        """What an average month of the first year sells."""
        return int(self.invoices * self.typical_invoice)
