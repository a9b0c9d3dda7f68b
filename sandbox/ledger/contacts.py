"""Customers and suppliers: who they are and how much of the business they make."""

import math

import msgspec

from sandbox.ledger.books import Books
from sandbox.ledger.records import Address, Contact

_SLUG = str.maketrans(dict.fromkeys(" &.,'’/", "-"))
_FEWEST_CUSTOMERS = 10


def add_customer(books: Books, moment: int) -> None:
    profile = books.profile
    rank = len(books.customer_pool)
    currency, tax = profile.currency, None
    if rank > 1 and books.chance(profile.foreign_share):
        currency = books.rng.choice(sorted(profile.foreign))
        tax = profile.zero_tax
    elif not books.chance(profile.taxed_customers):
        tax = profile.no_tax
    contact = _invent(books, "cus", currency)
    contact = msgspec.structs.replace(
        contact,
        terms=books.rng.choice((14, 30, 30, 30, 45, 60)),
        tax_rate_id=books.tax_by_code[tax].id if tax else None,
    )
    books.customers.put(contact, moment)
    books.customer_pool.append(contact.id)
    # An exponential tail: with any number of customers a few make most of the revenue.
    steepness = max(4.0, profile.customers / 6)
    books.customer_weights.append(math.exp(-rank / steepness) + 0.02)


def add_supplier(books: Books, moment: int, *, role: str) -> None:
    profile = books.profile
    currency = profile.currency
    if role in {"inventory", "software"} and books.chance(profile.foreign_share):
        currency = books.rng.choice(sorted(profile.foreign))
    contact = msgspec.structs.replace(
        _invent(books, "sup", currency),
        terms=books.rng.choice((7, 14, 30, 30)),
        account=books.chart[role],
        tax_rate_id=books.tax_by_code[
            profile.default_tax
            if profile.tax_recoverable and currency == profile.currency
            else profile.no_tax
        ].id,
    )
    books.suppliers.put(contact, moment)
    books.supplier_pool.setdefault(role, []).append(contact.id)


def change_contact(books: Books, moment: int) -> None:
    """Give somebody a new telephone number or contact person, as happens now and then."""
    customer = books.rng.choice(books.customer_pool)
    contact = books.customers.get(customer)
    if contact is None:
        return
    if books.chance(0.5):
        changed = msgspec.structs.replace(contact, phone=_phone(books))
    else:
        changed = msgspec.structs.replace(contact, contact_name=_person(books))
    books.customers.put(changed, moment)


def add_mistaken_customer(books: Books, moment: int) -> str:
    """Enter a customer who is not drawn for documents, to be deleted later."""
    contact = _invent(books, "cus", books.profile.currency)
    books.customers.put(contact, moment)
    return contact.id


def archive_customer(books: Books, moment: int) -> None:
    """Archive one of the smaller customers; their old documents stay."""
    if len(books.customer_pool) < _FEWEST_CUSTOMERS:
        return
    place = books.rng.randrange(len(books.customer_pool) // 2, len(books.customer_pool))
    key = books.customer_pool[place]
    contact = books.customers.get(key)
    if contact is None or books.open_documents.get(key):
        return
    books.customer_pool.pop(place)
    books.customer_weights.pop(place)
    books.customers.put(msgspec.structs.replace(contact, status="archived"), moment)


def _invent(books: Books, prefix: str, currency: str) -> Contact:
    names, rng = books.profile.names, books.rng
    key = books.new_id(prefix)
    special = books.number(f"{prefix} name") - 1
    if prefix == "cus" and special < len(names.special):
        name = names.special[special]
    else:
        name = f"{rng.choice(names.heads)} {rng.choice(names.tails)}"
        if books.chance(0.4):
            name = f"{name} {rng.choice(names.suffixes)}"
    city, region, postcode = rng.choice(names.cities)
    person = _person(books)
    first = Address(
        line1=f"{rng.randint(1, 220)} {rng.choice(names.streets)}",
        line2=f"Unit {rng.randint(1, 40)}" if books.chance(0.2) else None,
        city=city,
        region=region,
        country=names.country,
        postcode=postcode,
    )
    addresses: tuple[Address, ...] = (first,)
    if books.chance(0.25):
        addresses = (first, msgspec.structs.replace(first, kind="delivery", line2="Goods in"))
    slug = "".join(sign for sign in name.lower().translate(_SLUG) if sign.isascii()).strip("-")
    has_number = books.chance(0.6)
    return Contact(
        id=key,
        name=name,
        currency=currency,
        contact_name=person if books.chance(0.85) else None,
        email=f"accounts@{slug[:40] or key}.example" if books.chance(0.9) else None,
        phone=_phone(books) if books.chance(0.8) else None,
        registration_number=str(rng.randint(1_000_000, 19_999_999)) if has_number else None,
        tax_number=f"{names.country}{rng.randint(10**8, 10**9 - 1)}" if has_number else None,
        addresses=addresses,
    )


def _person(books: Books) -> str:
    names = books.profile.names
    return f"{books.rng.choice(names.first)} {books.rng.choice(names.last)}"


def _phone(books: Books) -> str:
    return books.profile.names.phone.format(f"{books.rng.randint(0, 9_999):04d}")
