"""Custom data types: a platform's own lists, read beside the standard data types."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from companies import tenancy
from companies.models import Actor, Organization
from connections.configured import (
    MOST_PROPERTIES,
    ConfigurationInvalid,
    NotConfigurable,
    Problem,
    name_problems,
    path_problems,
    record_change,
    source_problems,
)
from connections.models import CustomDataType
from connections.platforms.base import CustomSource, Platform
from connections.platforms.json_paths import JsonPath
from connections.schemas import CustomType

#: Of one platform.
MOST_TYPES = 50
_MOST_PATHS = 10


class NoSuchType(Exception):
    """Nobody configured a custom data type by this identifier."""


def find_custom_type(organization_id: UUID, platform_key: str, identifier: str) -> CustomDataType:
    """:raises NoSuchType: when it is not configured."""
    with tenancy.entered(organization_id):
        found = (
            CustomDataType.objects.within(organization_id)
            .filter(platform=platform_key, identifier=identifier)
            .first()
        )
    if found is None:
        raise NoSuchType(f"No custom data type was found with ID {identifier}")
    return found


def custom_types_of(organization_id: UUID, platform_key: str) -> list[CustomDataType]:
    """Return what is configured for a platform, by identifier."""
    with tenancy.entered(organization_id):
        found = CustomDataType.objects.within(organization_id).filter(platform=platform_key)
        return list(found.order_by("identifier"))


def configure(
    organization: Organization,
    platform: type[Platform],
    identifier: str,
    *,
    data_source: str,
    required_data: Mapping[str, str],
    key_by: Sequence[str],
    source_modified_date: Sequence[str],
    actor: Actor | None,
) -> CustomDataType:
    """Keep how the data type is read, a new one or one that is there.

    :raises NotConfigurable: when the platform's lists cannot be read.
    :raises ConfigurationInvalid: with everything that is wrong.
    """
    if not platform.has_custom_types:
        raise NotConfigurable(
            f"Custom data types such as {identifier} are not supported for {platform.name}: "
            "only the standard data types are pulled."
        )
    values: dict[str, Any] = {
        "data_source": data_source,
        "required_data": dict(required_data),
        "key_by": list(key_by),
        "source_modified_date": list(source_modified_date),
    }
    if problems := _problems(identifier, values):
        raise ConfigurationInvalid(problems)
    with tenancy.entered(organization.pk):
        # One at a time: what was there before is what the audit log tells.
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        rows = CustomDataType.objects.within(organization.pk).filter(platform=platform.key)
        before = rows.filter(identifier=identifier).first()
        if before is None and rows.count() >= MOST_TYPES:
            full = f"There are {MOST_TYPES} custom data types for {platform.name} already."
            raise ConfigurationInvalid([Problem("customDataIdentifier", full)])
        row, _ = CustomDataType.objects.within(organization.pk).update_or_create(
            organization=organization,
            platform=platform.key,
            identifier=identifier,
            defaults={**values, "changed_at": Now()},
        )
        record_change(
            organization,
            platform,
            f"custom data type {identifier}",
            before=_members(before) if before else None,
            after=_members(row),
            actor=actor,
        )
    return row


def wanted(organization_id: UUID, platform: type[Platform], custom_type: CustomType) -> Any:
    """Return how a pull reads the data type, as JSON; None where it is not configured."""
    try:
        row = find_custom_type(organization_id, platform.key, custom_type.identifier)
    except NoSuchType:
        return None
    return {
        "dataSource": row.data_source,
        "requiredData": row.required_data,
        "keyBy": row.key_by,
        "sourceModifiedDate": row.source_modified_date,
    }


def source_of(asked: Mapping[str, Any]) -> CustomSource:
    """Read what `wanted` returned, in an adapter's words."""
    return CustomSource(
        data_source=asked["dataSource"],
        required_data={name: JsonPath.parse(path) for name, path in asked["requiredData"].items()},
        key_by=tuple(JsonPath.parse(path) for path in asked["keyBy"]),
        modified_by=tuple(JsonPath.parse(path) for path in asked["sourceModifiedDate"]),
    )


def _problems(identifier: str, values: Mapping[str, Any]) -> list[Problem]:
    problems = source_problems("dataSource", values["data_source"])
    try:
        CustomType.of(identifier)
    except ValueError as error:
        problems.append(Problem("customDataIdentifier", str(error)))
    required = values["required_data"]
    if not 0 < len(required) <= MOST_PROPERTIES:
        problems.append(
            Problem("requiredData", f"It needs 1 to {MOST_PROPERTIES} properties to be fetched.")
        )
    problems += name_problems("requiredData", required)
    problems += path_problems("requiredData", required)
    for member, paths, least in (
        ("keyBy", values["key_by"], 1),
        ("sourceModifiedDate", values["source_modified_date"], 0),
    ):
        if not least <= len(paths) <= _MOST_PATHS:
            problems.append(Problem(member, f"It needs {least} to {_MOST_PATHS} paths."))
        for place, path in enumerate(paths):
            problems += path_problems(f"{member}[{place}]", {"": path})
    return problems


def _members(row: CustomDataType) -> dict[str, Any]:
    """Name everything by where it stands, for the audit log."""
    return {
        "data_source": row.data_source,
        **{f"required_data.{name}": path for name, path in row.required_data.items()},
        "key_by": row.key_by,
        "source_modified_date": row.source_modified_date,
    }
