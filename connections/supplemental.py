"""Supplemental data: properties of a platform's own on the records of a standard data type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
)
from connections.models import SupplementalConfiguration
from connections.platforms.base import Platform, Supplement
from connections.platforms.json_paths import JsonPath
from connections.schemas import DataType

MOST_OBJECTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One object that records carry: by the organization's names, the platform's properties."""

    data_source: str
    pull_data: Mapping[str, str] = field(default_factory=dict)
    #: Kept and told again. Nothing is written to a platform, so it has no effect.
    push_data: Mapping[str, str] = field(default_factory=dict)


def sources_of(organization_id: UUID, platform_key: str, data_type: DataType) -> dict[str, Source]:
    """Return what is configured, by the names of the objects; empty where nothing is."""
    with tenancy.entered(organization_id):
        found = (
            SupplementalConfiguration.objects.within(organization_id)
            .filter(platform=platform_key, data_type=data_type)
            .first()
        )
    return {} if found is None else _read(found.sources)


def configured_types(
    organization_id: UUID, platform: type[Platform]
) -> list[tuple[DataType, list[str]]]:
    """Name what records carry besides, by the data types that carry anything."""
    with tenancy.entered(organization_id):
        rows = SupplementalConfiguration.objects.within(organization_id)
        found = {each.data_type: each for each in rows.filter(platform=platform.key)}
    return [
        (data_type, _names(_read(found[data_type].sources)))
        for data_type in sorted(platform.supplemental, key=lambda each: each.sync_order)
        if data_type in found
    ]


def configure(
    organization: Organization,
    platform: type[Platform],
    data_type: DataType,
    sources: Mapping[str, Source],
    *,
    actor: Actor | None,
) -> None:
    """Keep what records of the data type shall carry; nothing puts it back to none.

    The next pull of each connection reads everything again.

    :raises NotConfigurable: when the platform has nothing to give.
    :raises ConfigurationInvalid: with everything that is wrong.
    """
    if sources and data_type not in platform.supplemental:
        raise NotConfigurable(
            f"Supplemental data is not supported for datatype {data_type} of {platform.name}: "
            "only the members of the data type are pulled."
        )
    if problems := _problems(platform, data_type, sources):
        raise ConfigurationInvalid(problems)
    with tenancy.entered(organization.pk):
        # One at a time: what was there before is what the audit log tells.
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        before = sources_of(organization.pk, platform.key, data_type)
        rows = SupplementalConfiguration.objects.within(organization.pk)
        if sources:
            rows.update_or_create(
                organization=organization,
                platform=platform.key,
                data_type=data_type,
                defaults={"sources": _written(sources), "changed_at": Now()},
            )
        else:
            rows.filter(platform=platform.key, data_type=data_type).delete()
        record_change(
            organization,
            platform,
            f"supplemental data of {data_type.label.lower()}",
            before=_members(before),
            after=_members(sources),
            actor=actor,
        )


def wanted(organization_id: UUID, platform: type[Platform], data_type: DataType) -> Any:
    """Return what a pull asks for beside the data type itself, as JSON; None for nothing."""
    if data_type not in platform.supplemental:
        return None
    found = {
        name: dict(source.pull_data)
        for name, source in sources_of(organization_id, platform.key, data_type).items()
        if source.pull_data
    }
    return found or None


def supplement_of(asked: Mapping[str, Mapping[str, str]]) -> Supplement:
    """Read what `wanted` returned, in an adapter's words."""
    return Supplement(
        {
            name: {own: JsonPath.parse(path) for own, path in properties.items()}
            for name, properties in asked.items()
        }
    )


def _names(sources: Mapping[str, Source]) -> list[str]:
    return [f"{name}.{own}" for name, source in sources.items() for own in source.pull_data]


def _problems(
    platform: type[Platform], data_type: DataType, sources: Mapping[str, Source]
) -> list[Problem]:
    problems = name_problems("supplementalDataConfig", sources)
    if len(sources) > MOST_OBJECTS:
        problems.append(
            Problem("supplementalDataConfig", f"It has more than {MOST_OBJECTS} objects.")
        )
    if sum(len(each.pull_data) + len(each.push_data) for each in sources.values()) > (
        MOST_PROPERTIES
    ):
        problems.append(
            Problem("supplementalDataConfig", f"It has more than {MOST_PROPERTIES} properties.")
        )
    for name, source in sources.items():
        expected = platform.supplemental[data_type]
        if source.data_source != expected:
            problems.append(
                Problem(
                    f"{name}.dataSource",
                    f"{platform.name} gives {data_type} from {expected}.",
                )
            )
        for member, properties in (
            ("pullData", source.pull_data),
            ("pushData", source.push_data),
        ):
            problems += name_problems(f"{name}.{member}", properties)
            problems += path_problems(f"{name}.{member}", properties)
    return problems


def _read(stored: Mapping[str, Any]) -> dict[str, Source]:
    return {
        name: Source(
            data_source=each["dataSource"],
            pull_data=each["pullData"],
            push_data=each["pushData"],
        )
        for name, each in stored.items()
    }


def _written(sources: Mapping[str, Source]) -> dict[str, Any]:
    return {
        name: {
            "dataSource": each.data_source,
            "pullData": dict(each.pull_data),
            "pushData": dict(each.push_data),
        }
        for name, each in sources.items()
    }


def _members(sources: Mapping[str, Source]) -> dict[str, str]:
    """Name every property by where it stands, for the audit log."""
    members = {}
    for name, source in sources.items():
        members[f"{name}.data_source"] = source.data_source
        members |= {f"{name}.pull_data.{own}": path for own, path in source.pull_data.items()}
        members |= {f"{name}.push_data.{own}": path for own, path in source.push_data.items()}
    return members
