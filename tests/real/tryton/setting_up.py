"""Set up an empty Tryton for one company: chart of accounts, fiscal years, taxes, terms."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.real.tryton import story
from tests.real.tryton.inside import by_xml_id, create, create_one, model
from tests.real.tryton.story import Contact

#: What the universal chart calls the accounts of the story.
_ACCOUNTS = {
    "services": "4.2.2",
    "goods": "4.1.1",
    "materials": "5.1.1",
    "subcontractors": "5.1.3",
    "overheads": "5.2.2",
    "depreciation": "5.1.4",
    "interest": "6.2.6",
    "loan": "2.3.2",
    "equity": "3.1.1",
    "retained": "3.2.3",
    "sales tax": "6.3.4",
}
#: What it lacks: code, name, and the account whose type and parent are taken.
_NEW_ACCOUNTS = {
    "checking": ("1.1.11", "Operating Checking", "1.1.1"),
    "savings": ("1.1.12", "Business Savings", "1.1.1"),
    "rent": ("5.2.21", "Rent", "5.2.2"),
    "fuel": ("5.2.22", "Vehicles & Fuel", "5.2.2"),
    "software": ("5.2.23", "Software & Subscriptions", "5.2.2"),
    "wages": ("5.2.24", "Wages & Salaries", "5.2.2"),
    "vehicles": ("1.5.31", "Vehicles", "1.5.3"),
    "depreciated": ("1.5.9", "Accumulated Depreciation", "1.5.3"),
}
_OWN_CONTACT = Contact(
    story.COMPANY, "1 Quarry Road", "Ashford", "10021", "office@larkspur.example"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """What documents and entries refer to."""

    accounts: dict[str, int]
    journals: dict[str, int]
    terms: dict[int, int]
    tax: int


def make_company(first_day: dt.date) -> Any:
    """Make the company; its books are in dollars, and it knows euros."""
    currencies = ((story.CURRENCY, "$", Decimal(1)), (story.FOREIGN, "€", story.EUROS_FOR_A_DOLLAR))
    rows = [
        {
            "name": code,
            "code": code,
            "symbol": symbol,
            "rates": [("create", [{"date": first_day, "rate": rate}])],
        }
        for code, symbol, rate in currencies
    ]
    own, _ = create("currency.currency", *rows)
    (party,) = make_parties([_OWN_CONTACT])
    return create_one("company.company", party=party.id, currency=own.id)


def let_in(user: int, company: int) -> None:
    """Let a user work for the company."""
    users = model("res.user")
    users.write([users(user)], {"companies": [("add", [company])], "company": company})


def set_up(company: Any, years: range) -> Ids:
    """Make what has to be there before anything can be booked."""
    _make_chart(company)
    for year in years:
        _make_year(company.id, year)
    accounts = _name_accounts(company.id)
    return Ids(
        accounts=accounts,
        journals={each.code: each.id for each in model("account.journal").search([])},
        terms={days: _make_term(days) for days in (0, 14, 30)},
        tax=_make_tax(company.id, accounts["sales tax"]),
    )


def make_parties(contacts: Sequence[Contact]) -> list[Any]:
    return create("party.party", *map(_party, contacts))


def _party(contact: Contact) -> dict[str, Any]:
    email = {"type": "email", "value": contact.email}
    address = {
        "street_unstructured": contact.street,
        "city": contact.city,
        "postal_code": contact.postal_code,
    }
    return {
        "name": contact.name,
        "addresses": [("create", [address])],
        "contact_mechanisms": [("create", [email])],
    }


def _make_chart(company: Any) -> None:
    """Take the chart that comes with Tryton, by the wizard that comes with it."""
    wizard = model("account.create_chart", "wizard")
    session, _, _ = wizard.create()
    chart = wizard(session)
    chart.account.account_template = by_xml_id("account.account_template_root_en")
    chart.account.company = company
    chart.transition_create_account()
    names = list(chart.properties._fields)
    defaults = chart.states["properties"].get_defaults(chart, "properties", names)
    for name, value in defaults.items():
        if name in names:
            setattr(chart.properties, name, value)
    # It has several of each, so that the wizard suggests none.
    chart.properties.account_receivable = _first_account("receivable")
    chart.properties.account_payable = _first_account("payable")
    chart.transition_create_properties()


def _first_account(flag: str) -> Any:
    wanted = [(f"type.{flag}", "=", True), ("party_required", "=", True)]
    return model("account.account").search(wanted, order=[("code", "ASC")], limit=1)[0]


def _name_accounts(company: int) -> dict[str, int]:
    found = {each.code: each for each in model("account.account").search([])}
    # The chart does not take general expenses for an expense: bills would refuse them.
    overheads = found[_ACCOUNTS["overheads"]].type
    model("account.account.type").write([overheads], {"template_override": True, "expense": True})
    accounts = {name: found[code].id for name, code in _ACCOUNTS.items()}
    for name, (code, label, like) in _NEW_ACCOUNTS.items():
        made = create_one(
            "account.account",
            name=label,
            code=code,
            company=company,
            type=found[like].type.id,
            parent=found[like].parent.id,
        )
        accounts[name] = made.id
    return accounts


def _make_tax(company: int, account: int) -> int:
    made = create_one(
        "account.tax",
        name="Sales tax 8 %",
        description="Sales tax 8 %",
        company=company,
        type="percentage",
        rate=Decimal("0.08"),
        invoice_account=account,
        credit_note_account=account,
    )
    return int(made.id)


def _make_year(company: int, year: int) -> None:
    """Make a fiscal year with its months; each kind of document counts for itself."""
    numbers = {
        f"{kind}_sequence": _make_sequence(company, f"{kind} {year}", "Invoice", f"{year}-")
        for kind in ("out_invoice", "in_invoice", "out_credit_note", "in_credit_note")
    }
    made = create_one(
        "account.fiscalyear",
        name=str(year),
        company=company,
        start_date=dt.date(year, 1, 1),
        end_date=dt.date(year, 12, 31),
        move_sequence=_make_sequence(company, f"Entries {year}", "Account Move", ""),
        invoice_sequences=[("create", [{"company": company, **numbers}])],
    )
    model("account.fiscalyear").create_period([made])


def _make_sequence(company: int, name: str, kind: str, prefix: str) -> int:
    (sequence_type,) = model("ir.sequence.type").search([("name", "=", kind)])
    made = create_one(
        "ir.sequence.strict",
        name=name,
        sequence_type=sequence_type.id,
        company=company,
        prefix=prefix,
    )
    return int(made.id)


def _make_term(days: int) -> int:
    remainder = {"type": "remainder", "relativedeltas": [("create", [{"days": days}])]}
    name = f"{days} days" if days else "At once"
    return int(
        create_one("account.invoice.payment_term", name=name, lines=[("create", [remainder])]).id
    )
