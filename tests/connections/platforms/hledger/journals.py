"""Pieces of hledger-web's answers, with the members that 1.25 sends as far as they are read."""

from typing import Any


def quantity(cents: int) -> dict[str, Any]:
    # A floating point that is off shows at once that somebody reads it.
    return {"decimalMantissa": cents, "decimalPlaces": 2, "floatingPoint": 0.1}


def amount(cents: int, commodity: str = "$", price: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"acommodity": commodity, "aquantity": quantity(cents), "aprice": price}


def price(tag: str, cents: int, commodity: str = "$") -> dict[str, Any]:
    return {"tag": tag, "contents": amount(cents, commodity)}


def posting(
    account: str,
    cents: int,
    *,
    commodity: str = "$",
    at: dict[str, Any] | None = None,
    kind: str = "RegularPosting",
    tags: tuple[tuple[str, str], ...] = (),
) -> dict[str, Any]:
    return {
        "paccount": account,
        "pamount": [amount(cents, commodity, at)],
        "ptype": kind,
        "pcomment": "",
        "ptags": [list(tag) for tag in tags],
    }


def transaction(
    index: int, *postings: dict[str, Any], on: str = "2026-01-15", description: str = "Sale"
) -> dict[str, Any]:
    return {
        "tindex": index,
        "tdate": on,
        "tcode": f"T-{index}",
        "tdescription": description,
        "tpostings": list(postings),
    }
