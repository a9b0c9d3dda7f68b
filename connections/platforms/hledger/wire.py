"""hledger-web's JSON, as far as we read it: https://hledger.org/1.25/hledger-web.html#json-api.

Amounts also come as floating point, which is not read: the mantissa and its places are exact.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from connections.platforms.decoding import MAX_MAGNITUDE
from connections.platforms.drift import Documented

_MOST_DIGITS = 28


class Quantity(msgspec.Struct, rename="camel"):
    decimal_mantissa: int
    decimal_places: int

    def __post_init__(self) -> None:
        # A Decimal's arithmetic keeps 28 digits, and would round the rest away in silence.
        if len(str(abs(self.decimal_mantissa))) > _MOST_DIGITS:
            raise ValueError(f"An amount has more than {_MOST_DIGITS} digits.")
        if not 0 <= self.decimal_places <= MAX_MAGNITUDE:
            raise ValueError(f"An amount has {self.decimal_places} decimal places.")

    @property
    def value(self) -> Decimal:
        return Decimal(self.decimal_mantissa).scaleb(-self.decimal_places)


class Price(msgspec.Struct):
    """What an amount was bought or sold for: by the unit, or in all."""

    tag: Literal["UnitPrice", "TotalPrice"]
    contents: "Amount"


class Amount(msgspec.Struct):
    acommodity: str
    aquantity: Quantity
    aprice: Price | None = None


class Posting(msgspec.Struct):
    paccount: str
    pamount: list[Amount]
    ptype: Literal["RegularPosting", "VirtualPosting", "BalancedVirtualPosting"]
    pcomment: str = ""
    #: Tags of the posting and those inherited from its account's declaration: `type:` among them.
    ptags: list[tuple[str, str]] = []


class Transaction(msgspec.Struct):
    tindex: int
    tdate: date
    tpostings: list[Posting]
    tdescription: str = ""
    tcode: str = ""
    tcomment: str = ""


class Account(msgspec.Struct):
    aname: str


#: What hledger-web 1.25 sends beside what is read, and later versions do.
DOCUMENTED: Documented = {
    Transaction: "tdate2 tprecedingcomment tsourcepos tstatus ttags",
    Posting: "pbalanceassertion pdate pdate2 poriginal pstatus ptransaction_",
    Account: """
        aboring adata adeclarationinfo aebalance aibalance anumpostings aparent_ asubs asubs_
    """,
}
