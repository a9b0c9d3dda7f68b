"""Sync settings as the contract writes them: hours instead of words."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.errors import ApiError, Issue
from api.shapes import Shape
from companies.models import Company, Organization, Program
from connections.schemas import DataType
from sync import operations
from sync.models import Frequency
from sync.settings import EffectiveSetting

_HOURS = {
    Frequency.NONE: 0,
    Frequency.HOURLY: 1,
    Frequency.DAILY: 24,
    Frequency.WEEKLY: 168,
    Frequency.MONTHLY: 720,
}
#: A month is written in both ways.
_FREQUENCIES = {hours: frequency for frequency, hours in _HOURS.items()} | {730: Frequency.MONTHLY}


class SyncSetting(Shape):
    data_type: DataType
    fetch_on_first_link: bool
    sync_schedule: Annotated[int, Field(description="Hours: 0, 1, 24, 168 or 720.")]
    sync_order: int
    sync_from_utc: dt.datetime | None = None
    sync_from_window: int | None = None
    months_to_sync: int | None = None
    is_locked: bool | None = None


class SyncSettings(Shape):
    client_id: UUID
    settings: list[SyncSetting]
    overrides_defaults: bool


class CompanySyncSettings(Shape):
    company_id: UUID
    settings: list[SyncSetting]
    overrides_defaults: bool


class SyncSettingsBody(SyncSettings):
    """The whole of what the organization wants; data types left out stay as they are."""


class CompanySyncSettingsBody(CompanySyncSettings):
    """The whole of what the company wants; data types left out follow the organization."""


def of_organization(organization: Organization) -> dict[str, Any]:
    held = operations.data_type_settings(organization.pk)
    return {
        "clientId": organization.pk,
        "settings": [_written(each) for each in held],
        "overridesDefaults": True,
    }


def of_company(company: Company) -> dict[str, Any]:
    held = operations.data_type_settings(company.organization_id, company)
    return {
        "companyId": company.pk,
        "settings": [_written(each) for each in held],
        "overridesDefaults": any(each.is_override for each in held),
    }


def save(
    organization: Organization,
    settings: Iterable[SyncSetting],
    *,
    company: Company | None = None,
    overrides: bool = True,
    actor: Program,
) -> None:
    """Keep what is sent, for the organization or for one company.

    :raises ApiError: 400 with each setting that cannot be kept.
    """
    if company is not None and not overrides:
        operations.clear_company_settings(company, actor=actor)
        return
    wanted = list(settings)
    issues = [*_repeated(wanted), *(issue for each in wanted for issue in _issues(each))]
    if issues:
        raise ApiError(400, "The sync settings cannot be kept.", issues=issues)
    operations.save_settings(
        organization,
        settings=[
            EffectiveSetting(
                data_type=each.data_type,
                frequency=_FREQUENCIES[each.sync_schedule],
                fetch_on_first_link=each.fetch_on_first_link,
                is_override=company is not None,
            )
            for each in wanted
        ],
        company=company,
        actor=actor,
    )


def _repeated(settings: Iterable[SyncSetting]) -> Iterator[Issue]:
    counts = Counter(each.data_type for each in settings)
    for data_type, count in counts.items():
        if count > 1:
            yield Issue(
                data_type, f"{data_type}: its settings are sent {count} times.", "SyncSettings"
            )


def _issues(setting: SyncSetting) -> Iterator[Issue]:
    if setting.sync_schedule not in _FREQUENCIES:
        yield Issue(
            setting.data_type,
            f"{setting.data_type}: a syncSchedule of {setting.sync_schedule} hours is none of "
            f"{', '.join(str(hours) for hours in _HOURS.values())}.",
            "SyncSettings",
        )
    unsupported = {
        "syncFromUtc": setting.sync_from_utc,
        "syncFromWindow": setting.sync_from_window,
    }
    for name, value in unsupported.items():
        if value:
            yield Issue(
                setting.data_type,
                f"{setting.data_type}: {name} is not supported: all there is gets pulled.",
                "SyncSettings",
            )


def _written(setting: EffectiveSetting) -> dict[str, Any]:
    return {
        "dataType": setting.data_type,
        "fetchOnFirstLink": setting.fetch_on_first_link,
        "syncSchedule": _HOURS[setting.frequency],
        "syncOrder": setting.data_type.sync_order,
        "monthsToSync": 24 if setting.data_type.is_report else None,
        "isLocked": False,
    }
