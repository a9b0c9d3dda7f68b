"""Aged debtors and creditors as the contract writes them; amounts are exact numbers."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from api import shapes
from connections.schemas import DataType
from sync import ageing


class _Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    pass


class AgedDetail(_Shape, frozen=True, kw_only=True):
    """Which documents an amount comes from."""

    name: str
    amount: Decimal


class AgedOutstandingAmount(_Shape, frozen=True, kw_only=True):
    """What fell due between two days; without the first all that is older, without the last all
    that is not due yet."""

    from_date: dt.date | None = None
    to_date: dt.date | None = None
    amount: Decimal
    details: tuple[AgedDetail, ...]


class AgedCurrencyOutstanding(_Shape, frozen=True, kw_only=True):
    currency: str
    aged_outstanding_amounts: tuple[AgedOutstandingAmount, ...]


class AgedDebtor(_Shape, frozen=True, kw_only=True):
    customer_id: str
    customer_name: str
    aged_currency_outstanding: tuple[AgedCurrencyOutstanding, ...]


class AgedCreditor(_Shape, frozen=True, kw_only=True):
    supplier_id: str
    supplier_name: str
    aged_currency_outstanding: tuple[AgedCurrencyOutstanding, ...]


class AgedDebtorReport(_Shape, frozen=True, kw_only=True):
    data: tuple[AgedDebtor, ...]
    generated: str
    report_date: dt.date


class AgedCreditorReport(_Shape, frozen=True, kw_only=True):
    data: tuple[AgedCreditor, ...]
    generated: str
    report_date: dt.date


def debtors(
    parties: list[ageing.Party], report_date: dt.date, now: dt.datetime
) -> AgedDebtorReport:
    return AgedDebtorReport(
        data=tuple(
            AgedDebtor(
                customer_id=party.id,
                customer_name=party.name,
                aged_currency_outstanding=tuple(_outstanding(party, DataType.INVOICES)),
            )
            for party in parties
        ),
        generated=shapes.moment(now) or "",
        report_date=report_date,
    )


def creditors(
    parties: list[ageing.Party], report_date: dt.date, now: dt.datetime
) -> AgedCreditorReport:
    return AgedCreditorReport(
        data=tuple(
            AgedCreditor(
                supplier_id=party.id,
                supplier_name=party.name,
                aged_currency_outstanding=tuple(_outstanding(party, DataType.BILLS)),
            )
            for party in parties
        ),
        generated=shapes.moment(now) or "",
        report_date=report_date,
    )


def _outstanding(party: ageing.Party, data_type: DataType) -> Iterator[AgedCurrencyOutstanding]:
    for each in party.outstanding:
        yield AgedCurrencyOutstanding(
            currency=each.currency,
            aged_outstanding_amounts=tuple(
                AgedOutstandingAmount(
                    from_date=bucket.from_date,
                    to_date=bucket.to_date,
                    amount=bucket.amount,
                    details=(AgedDetail(name=data_type.english, amount=bucket.amount),)
                    if bucket.amount
                    else (),
                )
                for bucket in each.buckets
            ),
        )
