"""What happened at an invented landscaping company, month by month: no Tryton in here.

The same seed and last day tell the same story. It leaves traces of what real books hold: payments
in part, unpaid and credited documents, drafts, a namesake, a customer without address, euros.
"""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

COMPANY = "Larkspur & Stone Landscaping LLC"
CURRENCY, FOREIGN = "USD", "EUR"
EUROS_FOR_A_DOLLAR = Decimal("0.90")
MONTHS = 14
SEED = 20261128

CUSTOMERS = 48
SUPPLIERS = 18
OPENING_BALANCE = Decimal("48500.00")
#: Debits are positive.
OPENING: tuple[tuple[str, Decimal], ...] = (
    ("checking", OPENING_BALANCE),
    ("savings", Decimal("25000.00")),
    ("vehicles", Decimal("64000.00")),
    ("depreciated", Decimal("-12000.00")),
    ("loan", Decimal("-38000.00")),
    ("equity", Decimal("-50000.00")),
    ("retained", Decimal("-37500.00")),
)

_SEASON = (0.5, 0.5, 0.8, 1.3, 1.7, 1.7, 1.5, 1.4, 1.2, 1.0, 0.7, 0.5)
_SERVICES = (
    "Lawn mowing",
    "Hedge trimming",
    "Garden design",
    "Patio installation",
    "Tree pruning",
    "Irrigation repair",
    "Spring clean-up",
    "Snow clearance",
)
_GOODS = ("Sprinkler heads", "River stone", "Perennial plants", "Garden lights", "Planter box")
_COSTS = (
    ("Topsoil and mulch", "materials"),
    ("Plants, wholesale", "materials"),
    ("Crew, subcontracted", "subcontractors"),
    ("Equipment hire", "subcontractors"),
    ("Diesel", "fuel"),
    ("Office supplies", "overheads"),
    ("Insurance", "overheads"),
    ("Advertising", "overheads"),
    ("Scheduling software", "software"),
)
_FIRST = ("Ada", "Bruno", "Chloë", "Dmitri", "Esra", "Françoise", "Goran", "Hana", "Ivo", "Jürgen")
_LAST = ("Abbott", "Bianchi", "Castaño", "Dąbrowski", "Ekström", "Fletcher", "Ōta", "O’Neill")
_TRADES = ("Bakery", "Dental Practice", "Estates", "Hotels", "Logistics", "Museum", "Vineyards")
_STREETS = ("Alder Way", "Bridge Street", "Cedar Lane", "Dock Road", "Elm Grove", "Ferry Hill")
_CITIES = (("Ashford", "10021"), ("Brookton", "10415"), ("Carrick", "11207"), ("Dunmore", "11990"))

Kind = Literal["out", "in"]
Fate = Literal["posted", "draft", "cancelled", "credited"]


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    street: str | None
    city: str | None
    postal_code: str | None
    email: str


@dataclass(frozen=True, slots=True)
class Line:
    description: str
    account: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice (out) or a bill (in); with negative quantities a credit note."""

    kind: Kind
    party: int
    date: dt.date
    lines: tuple[Line, ...]
    net_days: int
    fate: Fate = "posted"
    is_taxed: bool = False
    is_foreign: bool = False
    reference: str | None = None
    paid_on: dt.date | None = None
    paid_share: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry that no document makes; debits are positive."""

    date: dt.date
    description: str
    lines: tuple[tuple[str, Decimal], ...]
    is_posted: bool = True


@dataclass(frozen=True, slots=True)
class BankLine:
    """Money that moves without a document."""

    date: dt.date
    description: str
    account: str
    amount: Decimal


@dataclass(slots=True)
class Story:
    first_day: dt.date
    last_day: dt.date
    customers: list[Contact] = field(default_factory=list)
    suppliers: list[Contact] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    bank: list[BankLine] = field(default_factory=list)

    @property
    def months(self) -> list[dt.date]:
        return [_months_after(self.first_day, count) for count in range(MONTHS)]

    @property
    def years(self) -> range:
        """The fiscal years, up to the one in which somebody works with the books."""
        return range(self.first_day.year, (self.last_day + dt.timedelta(days=1)).year + 1)


def tell(until: dt.date, seed: int = SEED) -> Story:
    """Tell of the whole months before the first of a month."""
    assert until.day == 1
    return _Author(until, seed).story


class _Author:
    def __init__(self, until: dt.date, seed: int) -> None:
        self.chance = random.Random(seed)
        self.story = Story(_months_after(until, -MONTHS), until - dt.timedelta(days=1))
        self._contacts()
        self.story.postings.append(Posting(self.story.first_day, "Opening balances", OPENING))
        for count, month in enumerate(self.story.months):
            self._month(month, growth=1 + 0.02 * count)
        self._oddities()
        self.story.documents.sort(key=lambda document: document.date)

    def _contacts(self) -> None:
        names = [f"{first} {last}" for last in _LAST for first in _FIRST]
        self.chance.shuffle(names)
        customers = names[: CUSTOMERS - 2]
        # Two people of one name, and one whose address nobody wrote down.
        customers += [customers[0], "walk-in customers"]
        trades = [f"{last} {trade}" for last in _LAST for trade in _TRADES]
        self.chance.shuffle(trades)
        self.story.customers = [self._contact(name) for name in customers]
        self.story.suppliers = [self._contact(name) for name in trades[:SUPPLIERS]]

    def _contact(self, name: str) -> Contact:
        email = "".join(letter for letter in name.lower() if "a" <= letter <= "z")
        city, postal_code = self.chance.choice(_CITIES)
        street = f"{self.chance.randint(1, 180)} {self.chance.choice(_STREETS)}"
        if name.islower():
            return Contact(name.capitalize(), None, None, None, f"accounts@{email}.example")
        return Contact(name, street, city, postal_code, f"accounts@{email}.example")

    def _month(self, month: dt.date, growth: float) -> None:
        season = _SEASON[month.month - 1]
        for day in self._days(month, 14 * season * growth):
            self.story.documents.append(self._sale(day))
        for day in self._days(month, 8 * season * growth):
            self.story.documents.append(self._purchase(day))
        self.story.documents.append(self._rent(month))
        last = _months_after(month, 1) - dt.timedelta(days=1)
        wages = _money(5200 * season**0.5 * self.chance.uniform(0.95, 1.05))
        self.story.bank += [
            BankLine(last, f"Payroll {month:%Y-%m}", "wages", -wages),
            BankLine(last, "Loan interest", "interest", Decimal("-212.50")),
            BankLine(last, "Loan principal", "loan", Decimal("-650.00")),
        ]
        depreciation = Decimal("890.00")
        self.story.postings.append(
            Posting(
                last,
                f"Depreciation {month:%Y-%m}",
                (("depreciation", depreciation), ("depreciated", -depreciation)),
            )
        )

    def _days(self, month: dt.date, about: float) -> Iterator[dt.date]:
        for _ in range(max(4, round(about + self.chance.gauss(0, 1)))):
            yield month + dt.timedelta(days=self.chance.randrange(28))

    def _sale(self, day: dt.date) -> Document:
        lines = tuple(self._sold() for _ in range(self.chance.choice((1, 1, 2, 2, 3, 4))))
        net_days = self.chance.choice((0, 14, 30, 30))
        luck = self.chance.random()
        is_recent = day > self.story.last_day - dt.timedelta(days=10)
        paid_on = day + dt.timedelta(days=int(max(0, self.chance.gauss(net_days + 4, 9))))
        fate: Fate = "posted"
        if is_recent and luck > 0.7:
            fate = "draft"
        elif luck > 0.97:
            fate = "credited"
        return Document(
            kind="out",
            party=min(CUSTOMERS - 1, int(self.chance.expovariate(1 / 12))),
            date=day,
            lines=lines,
            net_days=net_days,
            fate=fate,
            is_taxed=self.chance.random() < 0.7,
            paid_on=self._if_happened(paid_on) if fate == "posted" and luck < 0.92 else None,
            paid_share=_money(self.chance.uniform(0.3, 0.7)) if luck < 0.06 else Decimal(1),
        )

    def _sold(self) -> Line:
        if self.chance.random() < 0.75:
            price = self.chance.choice((45, 65, 85, 120, 240)) * self.chance.uniform(0.9, 1.2)
            hours = Decimal(self.chance.choice((1, 2, 3, 4, 6, 8)))
            return Line(self.chance.choice(_SERVICES), "services", hours, _money(price))
        pieces = Decimal(self.chance.randint(1, 20))
        price = self.chance.uniform(6, 90)
        return Line(self.chance.choice(_GOODS), "goods", pieces, _money(price))

    def _purchase(self, day: dt.date) -> Document:
        net_days = self.chance.choice((14, 30, 30))
        paid_on = day + dt.timedelta(days=net_days + self.chance.randrange(-3, 6))
        return Document(
            kind="in",
            party=self.chance.randrange(1, SUPPLIERS),
            date=day,
            lines=tuple(self._bought() for _ in range(self.chance.choice((1, 1, 1, 2, 3)))),
            net_days=net_days,
            reference=f"R-{self.chance.randrange(100_000):05}",
            paid_on=self._if_happened(paid_on) if self.chance.random() < 0.95 else None,
        )

    def _bought(self) -> Line:
        description, account = self.chance.choice(_COSTS)
        return Line(description, account, Decimal(1), _money(self.chance.lognormvariate(5.4, 0.7)))

    def _rent(self, month: dt.date) -> Document:
        line = Line("Yard and office", "rent", Decimal(1), Decimal("1850.00"))
        reference = f"RENT {month:%Y-%m}"
        return Document(
            kind="in",
            party=0,
            date=month,
            lines=(line,),
            net_days=0,
            reference=reference,
            paid_on=month + dt.timedelta(days=2),
        )

    def _oddities(self) -> None:
        """Plant what is rare, so that it is always there."""
        months = self.story.months
        planted = self.story.documents
        for count, month in enumerate(months[2::4]):
            day = month + dt.timedelta(days=17)
            back = Line("Returned planters", "goods", Decimal(-2), Decimal("41.20"))
            planted.append(_document("out", count, day, back))
            refused = Line("Wilted plants", "materials", Decimal(-1), Decimal("63.75"))
            planted.append(_document("in", count + 1, day, refused, reference=f"CN-{count}"))
            abroad = Line("Garden design", "services", Decimal(3), Decimal("118.40"))
            foreign = _document("out", count + 2, day, abroad)
            planted.append(replace(foreign, is_foreign=True))
        nothing = Line("Warranty visit", "services", Decimal(1), Decimal(0))
        planted.append(_document("out", 3, months[5], nothing))
        mistake = Line("Snow clearance", "services", Decimal(2), Decimal("85.00"))
        planted.append(replace(_document("out", 4, months[-1], mistake), fate="cancelled"))
        for party in range(5, 8):
            quoted = Line("Tree pruning", "services", Decimal(party), Decimal("65.00"))
            draft = _document("out", party, self.story.last_day, quoted)
            planted.append(replace(draft, fate="draft", is_taxed=True))
        accrual = (("overheads", Decimal("300.00")), ("checking", Decimal("-300.00")))
        self.story.postings.append(
            Posting(self.story.last_day, "Accrual to be approved", accrual, is_posted=False)
        )

    def _if_happened(self, day: dt.date) -> dt.date | None:
        return day if day <= self.story.last_day else None


def _document(
    kind: Kind, party: int, day: dt.date, line: Line, *, reference: str | None = None
) -> Document:
    return Document(
        kind=kind, party=party, date=day, lines=(line,), net_days=30, reference=reference
    )


def _months_after(day: dt.date, count: int) -> dt.date:
    months = day.year * 12 + day.month - 1 + count
    return dt.date(months // 12, months % 12 + 1, 1)


def _money(amount: float) -> Decimal:
    return Decimal(str(round(amount, 2))).quantize(Decimal("0.01"))
