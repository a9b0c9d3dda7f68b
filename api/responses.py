"""Which answers an operation documents: its own, and the refusals that any can give."""

from typing import Any

from ninja import Schema
from pydantic import Field

#: 400 is for what no address may have (NUL). No plan of ours limits anything, but clients of the
#: contract know 402.
_ALWAYS = (400, 401, 402, 403, 429, 500, 503)


class ValidationItem(Schema):
    itemId: str | None = None  # noqa: N815 - the contract's names
    message: str | None = None
    validatorName: str | None = None  # noqa: N815


class ErrorValidation(Schema):
    errors: list[ValidationItem] | None = None
    warnings: list[ValidationItem] | None = None


class ErrorMessage(Schema):
    """What every refusal looks like."""

    statusCode: int  # noqa: N815
    service: str
    error: str = Field(description="What happened, and what to do next.")
    correlationId: str = Field(description="Name it to support: our log knows it.")  # noqa: N815
    validation: ErrorValidation | None = None
    canBeRetried: str  # noqa: N815 - a text: typed clients fail at a boolean
    detailedErrorCode: int  # noqa: N815


def responses(success: Any, *refusals: int, status: int = 200) -> dict[int, Any]:
    """Say what a success looks like (None: nothing) and which refusals there are beside the usual.

    `api.record_schemas` adds those that come with an Idempotency-Key, or with a body, and says that
    all of them are an `ErrorMessage`. To ninja they are nothing: it would make a model of its own
    for each of a thousand.
    """
    return {status: success} | dict.fromkeys(sorted({*_ALWAYS, *refusals}))
