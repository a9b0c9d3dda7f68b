"""Supplemental data: what records of a platform carry beside the members of their data type."""

import json
from typing import Any

from django.http import HttpResponse
from ninja import Router

from api.errors import ApiError, Issue
from api.principals import ApiRequest, program_of
from api.responses import responses
from api.routers.integrations import find_integration
from api.routers.refresh import find_data_type
from api.scopes import ADMIN, READ
from api.shapes import Shape
from connections import supplemental
from connections.configured import ConfigurationInvalid, NotConfigurable
from connections.supplemental import Source

router = Router(tags=["Supplemental data"], by_alias=True)


class SupplementalDataSource(Shape):
    data_source: str | None = None
    pull_data: dict[str, str] | None = None
    push_data: dict[str, str] | None = None


class SupplementalDataConfiguration(Shape):
    supplemental_data_config: dict[str, SupplementalDataSource] | None = None


def _path(word: str = "dataTypes") -> str:
    """Write the path; the contract's file and its manual differ in one letter."""
    return f"/integrations/{{platformKey}}/{word}/{{dataType}}/supplementalDataConfig"


@router.get(_path("datatypes"), auth=READ, include_in_schema=False)
@router.get(
    _path(),
    auth=READ,
    response=responses(SupplementalDataConfiguration, 404),
    operation_id="get-supplemental-data-configuration",
    summary="Get configuration of supplemental data",
    exclude_none=True,
)
def get_configuration(
    request: ApiRequest,
    platformKey: str,  # noqa: N803
    dataType: str,  # noqa: N803
) -> dict[str, Any]:
    """What was configured; empty where nothing was."""
    platform = find_integration(request, platformKey).platform
    data_type = find_data_type(dataType)
    found = supplemental.sources_of(request.organization.pk, platform.key, data_type)
    return {"supplementalDataConfig": {name: _written(each) for name, each in found.items()}}


@router.put(_path("datatypes"), auth=ADMIN, include_in_schema=False)
@router.put(
    _path(),
    auth=ADMIN,
    response=responses(None, 400, 404),
    operation_id="configure-supplemental-data",
    summary="Configure supplemental data",
)
def configure(
    request: ApiRequest,
    platformKey: str,  # noqa: N803
    dataType: str,  # noqa: N803
    body: SupplementalDataConfiguration,
) -> HttpResponse:
    """Say which of the platform's own properties records carry in `supplementalData`. The next
    pull reads everything again. `pushData` is kept and has no effect: nothing is written to
    platforms. An empty configuration puts it back to none.
    """
    platform = find_integration(request, platformKey).platform
    data_type = find_data_type(dataType)
    _check_members(request)
    sources = {
        name: Source(
            data_source=each.data_source or "",
            pull_data=each.pull_data or {},
            push_data=each.push_data or {},
        )
        for name, each in (body.supplemental_data_config or {}).items()
    }
    try:
        supplemental.configure(
            request.organization, platform, data_type, sources, actor=program_of(request)
        )
    except NotConfigurable as error:
        raise _refusal(str(error)) from error
    except ConfigurationInvalid as error:
        raise invalid(error, "SupplementalData") from error
    return HttpResponse(status=200)


def _check_members(request: ApiRequest) -> None:
    """Refuse what would be taken for an empty configuration, and put all back to none.

    :raises ApiError: 400 for no object, and for objects without the name around them.
    """
    sent = json.loads(request.body)
    if not isinstance(sent, dict):
        raise _refusal("The body is no JSON object.")
    if others := sorted(set(sent) - {"supplementalDataConfig"}):
        names = ", ".join(others[:5])
        raise _refusal(
            f"Send the objects within supplementalDataConfig, and not beside it: {names}."
        )


def invalid(error: ConfigurationInvalid, validator: str) -> ApiError:
    """Tell everything that is wrong, each with its member."""
    issues = [Issue(each.member, each.message, validator) for each in error.problems]
    return ApiError(400, str(error), issues=issues)


def _refusal(message: str) -> ApiError:
    return ApiError(400, message, issues=[Issue("Configuration", message, "SupplementalData")])


def _written(source: Source) -> dict[str, Any]:
    members = {
        "dataSource": source.data_source,
        "pullData": dict(source.pull_data),
        "pushData": dict(source.push_data),
    }
    return {name: value for name, value in members.items() if value}
