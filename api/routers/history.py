"""What a pull did in full and what was wrong in it, and how to stop it."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Count, Sum
from ninja import Field, Router

from api import shapes
from api.errors import ApiError
from api.principals import ApiRequest, program_of
from api.responses import responses
from api.routers.refresh import find_pull
from api.scopes import READ, REFRESH
from api.shapes import PullShape, Shape
from sync import operations
from sync.history import PullRow
from sync.models import PlatformRequest, Pull, RejectedRecord, ValidationIssue

router = Router(tags=["History"], by_alias=True)

#: Of a pull's requests and rejected records so many; their numbers tell of all.
SHOWN = 100
_HISTORY = "/companies/{uuid:companyId}/data/history/{uuid:datasetId}"


class ValidationIssueShape(Shape):
    rule_id: str
    item_id: str
    message: str
    validator_name: str


class ValidationResult(Shape):
    errors: list[ValidationIssueShape]
    warnings: list[ValidationIssueShape]


class StepShape(Shape):
    status: str
    since: str
    milliseconds: int | None = None


class CountsShape(Shape):
    """fetched = added + changed + unchanged + repeated + rejected; deleted stands apart."""

    fetched: int
    added: int
    changed: int
    unchanged: int
    repeated: int
    rejected: int
    deleted: int
    warnings: int
    errors: int


class RequestShape(Shape):
    at: str
    method: str
    url: str
    status: Annotated[int, Field(description="0 where no answer came.")]
    milliseconds: int
    size: int


class RequestsShape(Shape):
    count: int
    milliseconds: int
    items: list[RequestShape]


class RejectedShape(Shape):
    id: str
    reason: str
    raw: Annotated[str, Field(description="The record as the platform sent it.")]


class RejectedRecordsShape(Shape):
    count: int
    items: list[RejectedShape]


class PullDetails(PullShape):
    trigger: Pull.Trigger
    why: Annotated[str, Field(description="Who or what asked for it, in one sentence.")]
    started: str | None = None
    attempts: int
    is_full: Annotated[bool, Field(description="Whether everything was read and compared.")]
    is_cancelling: bool
    is_held: Annotated[
        bool, Field(description="Not published, because too many records had disappeared.")
    ]
    steps: list[StepShape]
    counts: CountsShape
    requests: Annotated[RequestsShape, Field(description=f"The first {SHOWN}.")]
    rejected_records: Annotated[RejectedRecordsShape, Field(description=f"The first {SHOWN}.")]


@router.get(
    "/companies/{uuid:companyId}/sync/{uuid:datasetId}/validation",
    auth=READ,
    response=responses(ValidationResult, 404),
    operation_id="get-validation-results",
    summary="Get validation results",
    tags=["Read data"],
)
def get_validation(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    datasetId: UUID,  # noqa: N803
) -> dict[str, Any]:
    """Which rules the dataset's records do not keep; errors make it unusable, warnings do not."""
    pull = find_pull(request, companyId, datasetId)
    found: dict[str, list[ValidationIssue]] = {"error": [], "warning": []}
    issues = ValidationIssue.objects.within(request.organization).filter(pull=pull)
    for issue in issues.order_by("rule_id", "item_id", "pk"):
        found[issue.level].append(issue)
    return {"errors": found["error"], "warnings": found["warning"]}


@router.get(
    f"{_HISTORY}/details",
    auth=READ,
    response=responses(PullDetails, 404),
    operation_id="get-pull-operation-details",
    summary="Get pull operation details",
)
def get_details(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    datasetId: UUID,  # noqa: N803
) -> dict[str, Any]:
    """All there is to know of a pull: why, how it went step by step, and what came of it."""
    return _details(find_pull(request, companyId, datasetId))


@router.post(
    f"{_HISTORY}/cancel",
    auth=REFRESH,
    response=responses(PullShape, 404, 409),
    operation_id="cancel-pull-operation",
    summary="Cancel pull operation",
)
def cancel(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    datasetId: UUID,  # noqa: N803
) -> dict[str, Any]:
    """Stop a pull: at once while it waits, else after the page its worker has in hand."""
    pull = find_pull(request, companyId, datasetId)
    try:
        operations.cancel_pull(pull, actor=program_of(request))
    except operations.AlreadyEnded:
        status = find_pull(request, companyId, datasetId).status
        raise ApiError(
            409, f"Dataset {datasetId} has ended already: it is {status}, and stays so."
        ) from None
    return shapes.pull(find_pull(request, companyId, datasetId))


def _details(pull: Pull) -> dict[str, Any]:
    row = PullRow(pull)
    asked = PlatformRequest.objects.within(pull.organization_id).filter(pull=pull)
    rejected = RejectedRecord.objects.within(pull.organization_id).filter(pull=pull)
    totals = asked.aggregate(count=Count("pk"), milliseconds=Sum("milliseconds"))
    return shapes.pull(pull) | {
        "trigger": pull.trigger,
        "why": row.why,
        "started": shapes.moment(pull.started_at),
        "attempts": pull.attempts,
        "isFull": pull.is_full,
        "isCancelling": pull.is_cancelling,
        "isHeld": pull.is_held,
        "steps": [
            {
                "status": step.status,
                "since": shapes.moment(step.at),
                "milliseconds": None
                if step.took is None
                else step.took // dt.timedelta(milliseconds=1),
            }
            for step in row.steps
        ],
        "counts": {name: getattr(pull, name) for name in CountsShape.model_fields},
        "requests": {
            "count": totals["count"],
            "milliseconds": totals["milliseconds"] or 0,
            "items": [
                {
                    "at": shapes.moment(each.at),
                    "method": each.method,
                    "url": each.url,
                    "status": each.status,
                    "milliseconds": each.milliseconds,
                    "size": each.size,
                }
                for each in asked.order_by("pk")[:SHOWN]
            ],
        },
        "rejectedRecords": {
            "count": rejected.count(),
            "items": [
                {"id": each.source_id, "reason": each.reason, "raw": each.raw}
                for each in rejected.order_by("source_id", "pk")[:SHOWN]
            ],
        },
    }
