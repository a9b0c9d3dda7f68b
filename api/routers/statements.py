"""Financial statements over the periods that are asked for, and aged debtors and creditors."""

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import Field, Router, Schema
from ninja import Query as FromQuery

from api import ageing_shapes, bodies, datasets, record_schemas
from api.datasets import find_dataset, path_of
from api.errors import ApiError
from api.parsing import Written
from api.principals import ApiRequest
from api.responses import responses
from api.routers.data import AsOf, at_both_levels
from api.scopes import READ
from connections.schemas import (
    BalanceSheet,
    CashFlowStatement,
    DataType,
    ProfitAndLoss,
    decode,
    single_id,
)
from sync import ageing
from sync.statement_periods import Periods, over

router = Router(tags=["Financial statements"], by_alias=True)

_STATEMENTS: dict[DataType, type[BalanceSheet | ProfitAndLoss | CashFlowStatement]] = {
    DataType.BALANCE_SHEET: BalanceSheet,
    DataType.PROFIT_AND_LOSS: ProfitAndLoss,
    DataType.CASH_FLOW_STATEMENT: CashFlowStatement,
}
_MOST_MONTHS = 60


class StatementQuery(Schema):
    periodLength: Annotated[  # noqa: N815 - the contract's names
        int, Field(ge=1, le=_MOST_MONTHS, description="How many months a period has.")
    ]
    periodsToCompare: Annotated[  # noqa: N815
        int, Field(ge=1, le=_MOST_MONTHS, description="How many periods there are to be.")
    ]
    startMonth: Annotated[  # noqa: N815
        dt.datetime | dt.date | None,
        Written,
        Field(description="The newest month; periods go back from it. Else the newest there is."),
    ] = None
    asOf: AsOf = None  # noqa: N815


class AgeingQuery(Schema):
    reportDate: Annotated[  # noqa: N815
        dt.date | None, Written, Field(description="Nothing issued later counts. Else today.")
    ] = None
    numberOfPeriods: Annotated[int, Field(ge=1, le=36)] = 4  # noqa: N815
    periodLengthDays: Annotated[int, Field(ge=1, le=366)] = 30  # noqa: N815
    asOf: AsOf = None  # noqa: N815


def get_statement(
    request: ApiRequest,
    company_id: UUID,
    connection_id: UUID | None,
    data_type: DataType,
    asked: StatementQuery,
) -> HttpResponse:
    dataset = find_dataset(request, company_id, connection_id, data_type, asked.asOf)
    identifier = single_id(data_type)
    body = dataset.rows().filter(source_id=identifier).values_list("body", flat=True)[:1]
    for each in body:
        wanted = Periods(asked.periodLength, asked.periodsToCompare, asked.startMonth)
        statement = over(decode(_STATEMENTS[data_type], each), wanted)
        return bodies.answer(bodies.without_own(statement))
    raise datasets.missing(data_type, dataset.connection.company_id)


def _statement(data_type: DataType) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def of_company(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        asked: FromQuery[StatementQuery],
    ) -> HttpResponse:
        return get_statement(request, companyId, None, data_type, asked)

    def of_connection(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        asked: FromQuery[StatementQuery],
    ) -> HttpResponse:
        return get_statement(request, companyId, connectionId, data_type, asked)

    return of_company, of_connection


for each in _STATEMENTS:
    at_both_levels(
        router,
        f"/data/{path_of(each)}",
        _statement(each),
        name=f"get-{each}",
        summary=f"Get {each.english.lower()}",
        description="The statement over whole months, newest period first. Periods without any "
        "stored month are left out; one that the books do not reach back to begins where they do.",
        schema=record_schemas.reference(each),
        refusals=(400, 404, 409),
    )


_DEBTORS = record_schemas.responses({"$ref": "#/components/schemas/AgedDebtorReport"})
_CREDITORS = record_schemas.responses({"$ref": "#/components/schemas/AgedCreditorReport"})


@router.get(
    "/companies/{uuid:companyId}/reports/agedDebtor",
    auth=READ,
    response=responses(None, 400, 404, 409),
    operation_id="get-aged-debtors-report",
    summary="Get aged debtors report",
    openapi_extra=_DEBTORS,
)
def get_aged_debtors(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    asked: FromQuery[AgeingQuery],
) -> HttpResponse:
    """What customers owe, by customer, currency and how long it has been due.

    Drafts, void and deleted invoices owe nothing. The amounts of a customer add up to the amounts
    due of the customer's invoices.
    """
    parties, day = _aged(request, companyId, DataType.INVOICES, asked)
    report = ageing_shapes.debtors(parties, day, timezone.now())
    return bodies.answer(bodies.encoded(report))


@router.get(
    "/companies/{uuid:companyId}/reports/agedCreditor",
    auth=READ,
    response=responses(None, 400, 404, 409),
    operation_id="get-aged-creditors-report",
    summary="Get aged creditors report",
    openapi_extra=_CREDITORS,
)
def get_aged_creditors(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    asked: FromQuery[AgeingQuery],
) -> HttpResponse:
    """What suppliers are owed, by supplier, currency and how long it has been due."""
    parties, day = _aged(request, companyId, DataType.BILLS, asked)
    report = ageing_shapes.creditors(parties, day, timezone.now())
    return bodies.answer(bodies.encoded(report))


@router.get(
    "/companies/{uuid:companyId}/reports/agedDebtor/available",
    auth=READ,
    response=responses(bool, 404),
    operation_id="is-aged-debtor-report-available",
    summary="Is aged debtors report available",
)
def is_aged_debtors_available(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
) -> HttpResponse:
    """Whether the company's invoices have been pulled."""
    is_there = datasets.is_pulled(request, companyId, None, DataType.INVOICES)
    return bodies.answer(bodies.encoded(is_there))


@router.get(
    "/companies/{uuid:companyId}/reports/agedCreditor/available",
    auth=READ,
    response=responses(bool, 404),
    operation_id="is-aged-creditor-report-available",
    summary="Is aged creditors report available",
)
def is_aged_creditors_available(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
) -> HttpResponse:
    """Whether the company's bills have been pulled."""
    is_there = datasets.is_pulled(request, companyId, None, DataType.BILLS)
    return bodies.answer(bodies.encoded(is_there))


def _aged(
    request: ApiRequest, company_id: UUID, data_type: DataType, asked: AgeingQuery
) -> tuple[list[ageing.Party], dt.date]:
    dataset = find_dataset(request, company_id, None, data_type, asked.asOf)
    day = asked.reportDate or timezone.now().date()
    wanted = ageing.Parameters(day, asked.numberOfPeriods, asked.periodLengthDays)
    try:
        with datasets.hurried():
            return ageing.aged(dataset.rows(), data_type, wanted), day
    except OverflowError:
        raise ApiError(400, f"reportDate: {day} is too far from today.") from None
