"""Records of every data type: lists and single ones, of a company or over one connection.

Company-level paths read the company's accounting connection. Each data type has operations of its
own, so that the document can say what its records look like.
"""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q
from django.db.models.lookups import Exact
from django.http import HttpResponse
from django.utils.text import slugify
from ninja import Field, Router
from ninja import Query as FromQuery

from api import bodies, datasets, paging, record_schemas
from api.datasets import Dataset, find_dataset, path_of
from api.principals import ApiRequest
from api.responses import responses
from api.scopes import READ
from connections.schemas import DataType
from sync.query import member, properties
from sync.records import records_of

router = Router(tags=["Read data"], by_alias=True)

AsOf = Annotated[
    str | None,
    Field(
        description="Read what was there at a past moment: an ISO date or time, or the ID of a "
        "complete dataset of this data type."
    ),
]

#: The same operation below a company, and below one of its connections.
type Views = tuple[Callable[..., Any], Callable[..., Any]]

_LONGEST_ID = 200


class RecordsQuery(paging.Query):
    asOf: AsOf = None  # noqa: N815 - written as the contract's parameters are


def list_records(
    request: ApiRequest, dataset: Dataset, asked: RecordsQuery, account_id: str | None = None
) -> HttpResponse:
    rows = dataset.found(asked.query, paging.order_by(request, asked))
    if account_id is not None:
        rows = rows.filter(_of_account(account_id))
    with datasets.hurried():
        total = rows.count()
        stored = rows.values_list(*bodies.COLUMNS)[asked.offset : asked.offset + asked.pageSize]
        written = [
            bodies.written(dataset.data_type, each)
            for each in stored.iterator(chunk_size=bodies.AT_ONCE)
        ]
    if account_id is not None and not total and not asked.query:
        _check_account(dataset, account_id)
    return bodies.page(paging.described(request, asked, total), written)


def get_record(dataset: Dataset, record_id: str, account_id: str | None = None) -> HttpResponse:
    data_type = dataset.data_type
    rows = dataset.rows().filter(source_id=storable(data_type, record_id))
    if account_id is not None:
        rows = rows.filter(_of_account(account_id))
    for stored in rows.values_list(*bodies.COLUMNS)[:1]:
        return bodies.answer(bodies.written(data_type, stored))
    raise datasets.missing(data_type, record_id)


def storable(data_type: DataType, record_id: str) -> str:
    """:raises ApiError: 404 for what cannot be a record's ID."""
    if "\0" in record_id or len(record_id) > _LONGEST_ID:
        raise datasets.missing(data_type, record_id[:_LONGEST_ID])
    return record_id


def _of_account(account_id: str) -> Q:
    asked = properties(DataType.BANK_TRANSACTIONS)["accountId"]
    return Q(Exact(member(asked), storable(DataType.BANK_ACCOUNTS, account_id)))


def _check_account(dataset: Dataset, account_id: str) -> None:
    """Tell an account without transactions from one that is not there.

    :raises ApiError: 404 for the latter.
    """
    accounts = records_of(dataset.connection, DataType.BANK_ACCOUNTS)
    if not accounts.filter(source_id=account_id).exists():
        raise datasets.missing(DataType.BANK_ACCOUNTS, account_id)


def _listing(data_type: DataType) -> Views:
    def of_company(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        asked: FromQuery[RecordsQuery],
    ) -> HttpResponse:
        return list_records(
            request, find_dataset(request, companyId, None, data_type, asked.asOf), asked
        )

    def of_connection(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        asked: FromQuery[RecordsQuery],
    ) -> HttpResponse:
        return list_records(
            request, find_dataset(request, companyId, connectionId, data_type, asked.asOf), asked
        )

    return of_company, of_connection


def _reading(data_type: DataType) -> Views:
    def of_company(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        recordId: str,  # noqa: N803
        asOf: AsOf = None,  # noqa: N803
    ) -> HttpResponse:
        return get_record(find_dataset(request, companyId, None, data_type, asOf), recordId)

    def of_connection(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        recordId: str,  # noqa: N803
        asOf: AsOf = None,  # noqa: N803
    ) -> HttpResponse:
        return get_record(find_dataset(request, companyId, connectionId, data_type, asOf), recordId)

    return of_company, of_connection


def _company_info() -> Views:
    single = DataType.COMPANY

    def of_company(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        asOf: AsOf = None,  # noqa: N803
    ) -> HttpResponse:
        return get_record(find_dataset(request, companyId, None, single, asOf), single.value)

    def of_connection(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        asOf: AsOf = None,  # noqa: N803
    ) -> HttpResponse:
        return get_record(
            find_dataset(request, companyId, connectionId, single, asOf), single.value
        )

    return of_company, of_connection


def _transactions() -> Views:
    data_type = DataType.BANK_TRANSACTIONS

    def of_company(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        accountId: str,  # noqa: N803
        asked: FromQuery[RecordsQuery],
    ) -> HttpResponse:
        return list_records(
            request, find_dataset(request, companyId, None, data_type, asked.asOf), asked, accountId
        )

    def of_connection(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        accountId: str,  # noqa: N803
        asked: FromQuery[RecordsQuery],
    ) -> HttpResponse:
        return list_records(
            request,
            find_dataset(request, companyId, connectionId, data_type, asked.asOf),
            asked,
            accountId,
        )

    return of_company, of_connection


def _transaction() -> Views:
    data_type = DataType.BANK_TRANSACTIONS

    def of_company(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        accountId: str,  # noqa: N803
        recordId: str,  # noqa: N803
        asOf: AsOf = None,  # noqa: N803
    ) -> HttpResponse:
        return get_record(
            find_dataset(request, companyId, None, data_type, asOf), recordId, accountId
        )

    def of_connection(  # noqa: PLR0917 - the path's parameters
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        accountId: str,  # noqa: N803
        recordId: str,  # noqa: N803
        asOf: AsOf = None,  # noqa: N803
    ) -> HttpResponse:
        return get_record(
            find_dataset(request, companyId, connectionId, data_type, asOf), recordId, accountId
        )

    return of_company, of_connection


def at_both_levels(
    on: Router,
    path: str,
    views: Views,
    *,
    name: str,
    summary: str,
    description: str,
    schema: dict[str, Any],
    refusals: tuple[int, ...],
) -> None:
    """Register an operation below a company, and below each of its connections."""
    of_company, of_connection = views
    for view, prefix, suffix, words in (
        (of_company, "/companies/{uuid:companyId}", "", ""),
        (
            of_connection,
            "/companies/{uuid:companyId}/connections/{uuid:connectionId}",
            "-of-connection",
            " of a connection",
        ),
    ):
        on.get(
            f"{prefix}{path}",
            auth=READ,
            response=responses(None, *refusals),
            operation_id=f"{name}{suffix}",
            summary=f"{summary}{words}",
            description=description,
            openapi_extra=record_schemas.responses(schema),
        )(view)


def _register_list(data_type: DataType, views: Views) -> None:
    at_both_levels(
        router,
        f"/data/{path_of(data_type)}",
        views,
        name=f"list-{slugify(data_type.english)}",
        summary=f"List {data_type.english.lower()}",
        description="A page of what is stored, as it was pulled; deleted at the source means "
        "flagged in `metadata.isDeleted`, never left out.",
        schema=record_schemas.page_of(record_schemas.reference(data_type)),
        refusals=(400, 404, 409),
    )


def _register_one(data_type: DataType, path: str, views: Views) -> None:
    at_both_levels(
        router,
        f"/data/{path}",
        views,
        name=f"get-{slugify(data_type.english)}",
        summary=f"Get {data_type.english.lower()}",
        description="One record, as it was pulled.",
        schema=record_schemas.reference(data_type),
        refusals=(400, 404, 409),
    )


# An account's transactions lie below the account, whose ID may have slashes: they are asked first.
_register_list(DataType.BANK_TRANSACTIONS, _transactions())
_register_one(
    DataType.BANK_TRANSACTIONS,
    f"{path_of(DataType.BANK_TRANSACTIONS)}/{{path:recordId}}",
    _transaction(),
)
_register_one(DataType.COMPANY, path_of(DataType.COMPANY), _company_info())
for each in DataType:
    if not each.is_single and each is not DataType.BANK_TRANSACTIONS:
        _register_list(each, _listing(each))
        _register_one(each, f"{path_of(each)}/{{path:recordId}}", _reading(each))
