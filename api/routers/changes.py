"""What records were before, and what changed between two moments: beyond the contract."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from ninja import Field, Router
from ninja import Query as FromQuery

from api import bodies, datasets, paging, record_schemas, shapes
from api.datasets import Dataset, find_dataset, moment_of, named
from api.errors import ApiError
from api.principals import ApiRequest
from api.routers.data import Views, at_both_levels, storable
from connections.schemas import DataType
from sync import comparison, versions
from sync.comparison import ChangeKind
from sync.models import RecordState

router = Router(tags=["Changes"], by_alias=True)

#: The year in which the newest state of a record is superseded.
_NEVER = 9999


class ChangesQuery(paging.Paging):
    from_: Annotated[
        str, Field(alias="from", description="An ISO date or time, or the ID of a dataset.")
    ]
    to: Annotated[str | None, Field(description="Likewise; else now.")] = None
    change: Annotated[ChangeKind | None, Field(description="Only changes of this kind.")] = None


_STATE = {
    "type": "object",
    "properties": {
        "datasetId": {
            "type": "string",
            "format": "uuid",
            "description": "The pull that brought this state.",
        },
        "modifiedDate": {"type": "string", "format": "date-time"},
        "supersededDate": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "isDeleted": {"type": "boolean"},
        "record": {"type": "object", "description": "The record as it was."},
    },
}
_CHANGE = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "change": {"enum": [kind.value for kind in ChangeKind]},
        "modifiedDate": {"type": "string", "format": "date-time"},
        "differences": {
            "type": "array",
            "description": "What a changed record has another value in, digit by digit.",
            "items": {
                "type": "object",
                "properties": {
                    name: {"anyOf": [{"type": "string"}, {"type": "null"}]}
                    for name in ("path", "before", "after")
                },
            },
        },
        "before": {"anyOf": [{"type": "object"}, {"type": "null"}]},
        "after": {"type": "object"},
    },
}
_CHANGES = record_schemas.page_of(_CHANGE)
_CHANGES["allOf"].append(
    {
        "type": "object",
        "properties": {
            "counts": {
                "type": "object",
                "properties": {kind.value: {"type": "integer"} for kind in ChangeKind},
            }
        },
    }
)


def _changes_at_both_levels() -> Views:
    def of_company(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        dataType: str,  # noqa: N803
        asked: FromQuery[ChangesQuery],
    ) -> HttpResponse:
        return _changes(request, find_dataset(request, companyId, None, named(dataType)), asked)

    def of_connection(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        dataType: str,  # noqa: N803
        asked: FromQuery[ChangesQuery],
    ) -> HttpResponse:
        dataset = find_dataset(request, companyId, connectionId, named(dataType))
        return _changes(request, dataset, asked)

    return of_company, of_connection


def _versions_at_both_levels() -> Views:
    def of_company(
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        dataType: str,  # noqa: N803
        recordId: str,  # noqa: N803
        asked: FromQuery[paging.Paging],
    ) -> HttpResponse:
        dataset = find_dataset(request, companyId, None, named(dataType))
        return _versions(request, dataset, recordId, asked)

    def of_connection(  # noqa: PLR0917 - the path's parameters
        request: ApiRequest,
        companyId: UUID,  # noqa: N803
        connectionId: UUID,  # noqa: N803
        dataType: str,  # noqa: N803
        recordId: str,  # noqa: N803
        asked: FromQuery[paging.Paging],
    ) -> HttpResponse:
        dataset = find_dataset(request, companyId, connectionId, named(dataType))
        return _versions(request, dataset, recordId, asked)

    return of_company, of_connection


def _changes(request: ApiRequest, dataset: Dataset, asked: ChangesQuery) -> HttpResponse:
    connection, data_type = dataset.connection, dataset.data_type
    since = moment_of(connection, data_type, asked.from_)
    until = moment_of(connection, data_type, asked.to)
    if since is None:
        raise ApiError(400, "from: Say since when, as an ISO date or time or a dataset’s ID.")
    first, last = since.at, until.at if until else timezone.now()
    if first > last:
        raise ApiError(400, "from: It lies after to; nothing can have changed in between.")
    found = comparison.changed_between(connection, data_type, first, last)
    with datasets.hurried():
        counts = comparison.counts(found)
        if asked.change is not None:
            found = found.filter(change=asked.change.value)
        page = list(
            found.order_by("source_id").values_list("source_id", "change", *bodies.COLUMNS)[
                asked.offset : asked.offset + asked.pageSize
            ]
        )
        total = sum(counts.values()) if asked.change is None else counts[asked.change]
        former: dict[str, bodies.Stored] = {
            source_id: stored
            for source_id, *stored in comparison.states_at(
                connection, data_type, first, [row[0] for row in page]
            ).values_list("source_id", *bodies.COLUMNS)
        }
    envelope = paging.described(request, asked, total)
    envelope["counts"] = {kind.value: number for kind, number in counts.items()}
    return bodies.page(
        envelope,
        (
            _change(data_type, source_id, change, former.get(source_id), stored)
            for source_id, change, *stored in page
        ),
    )


def _change(
    data_type: DataType,
    source_id: str,
    change: str,
    before: bodies.Stored | None,
    after: bodies.Stored,
) -> bytes:
    differences = (
        versions.differences(before[0], after[0])
        if before is not None and change == ChangeKind.CHANGED
        else []
    )
    return bodies.encoded(
        {
            "id": source_id,
            "change": change,
            "modifiedDate": shapes.moment(after[1]),
            "differences": [
                {"path": each.path, "before": each.before, "after": each.after}
                for each in differences
            ],
            "before": bodies.raw(data_type, before) if before is not None else None,
            "after": bodies.raw(data_type, after),
        }
    )


def _versions(
    request: ApiRequest, dataset: Dataset, record_id: str, asked: paging.Paging
) -> HttpResponse:
    data_type = dataset.data_type
    states = (
        RecordState.objects.within(request.organization)
        .of(dataset.connection.pk, data_type)
        .filter(source_id=storable(data_type, record_id))
    )
    total = states.count()
    if not total:
        raise datasets.missing(data_type, record_id)
    page = states.order_by("-modified_at", "-superseded_at").values_list(
        "pull_id", "superseded_at", *bodies.COLUMNS
    )[asked.offset : asked.offset + asked.pageSize]
    return bodies.page(
        paging.described(request, asked, total),
        (
            bodies.encoded(
                {
                    "datasetId": pull_id,
                    "modifiedDate": shapes.moment(stored[1]),
                    "supersededDate": shapes.moment(_superseded(superseded_at)),
                    "isDeleted": stored[2],
                    "record": bodies.raw(data_type, stored),
                }
            )
            for pull_id, superseded_at, *stored in page
        ),
    )


def _superseded(moment: dt.datetime) -> dt.datetime | None:
    return None if moment.year == _NEVER else moment


at_both_levels(
    router,
    "/data/{dataType}/changes",
    _changes_at_both_levels(),
    name="list-changes",
    summary="List changes",
    description="What was added, changed or deleted between two moments, such as two pulls. What "
    "changed and was changed back is no change.",
    schema=_CHANGES,
    refusals=(400, 404, 409),
)
at_both_levels(
    router,
    "/data/{dataType}/{path:recordId}/versions",
    _versions_at_both_levels(),
    name="list-record-versions",
    summary="List versions of a record",
    description="Every state that a record was in, newest first.",
    schema=record_schemas.page_of(_STATE),
    refusals=(400, 404, 409),
)
