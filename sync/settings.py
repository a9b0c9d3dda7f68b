"""How each data type is pulled: for the organization, or for one company instead."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_noop

from companies import audit, events, tenancy
from companies.models import Actor, AuditKind, Company, EventType, Organization
from connections.schemas import DataType
from sync import schedule
from sync.models import Frequency, SyncSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSetting:
    """What holds for a data type."""

    data_type: DataType
    frequency: Frequency
    fetch_on_first_link: bool
    #: The company has a setting of its own.
    is_override: bool = False


def data_type_settings(
    organization_id: UUID, company: Company | None = None
) -> list[EffectiveSetting]:
    """Return what holds for every data type, in the order in which they are pulled."""
    scope = [None] if company is None else [None, company.pk]
    found: dict[tuple[UUID | None, str], SyncSetting] = {}
    with tenancy.entered(organization_id):
        rows = SyncSetting.objects.within(organization_id)
        for setting in rows.order_by("id"):
            if setting.company_id in scope:
                found[setting.company_id, setting.data_type] = setting
    effective = []
    for data_type in DataType:
        own = found.get((company.pk, data_type)) if company else None
        row: SyncSetting | None = own if own is not None else found.get((None, data_type))
        effective.append(
            EffectiveSetting(
                data_type=data_type,
                frequency=Frequency(row.frequency) if row is not None else Frequency.NONE,
                fetch_on_first_link=row.fetch_on_first_link if row is not None else True,
                is_override=own is not None,
            )
        )
    return effective


def save_settings(
    organization: Organization,
    *,
    settings: Iterable[EffectiveSetting],
    company: Company | None = None,
    actor: Actor | None,
) -> None:
    """Set how data types are pulled, and when the next pulls are due; others stay as they are."""
    rows = [
        SyncSetting(
            organization=organization,
            company=company,
            data_type=setting.data_type,
            frequency=setting.frequency,
            fetch_on_first_link=setting.fetch_on_first_link,
        )
        for setting in settings
    ]
    with tenancy.entered(organization.pk):
        _alone(organization.pk)
        before = data_type_settings(organization.pk, company)
        SyncSetting.objects.bulk_create(
            rows,
            update_conflicts=True,
            update_fields=["frequency", "fetch_on_first_link"],
            unique_fields=["organization", "company", "data_type"],
        )
        _audit(organization, company, gettext_noop("changed"), before, actor)
        _apply(organization, company, actor, f"changed the settings of {_types(len(rows))}")


def clear_company_settings(company: Company, *, actor: Actor | None) -> None:
    """Let the organization's settings hold for the company again."""
    with tenancy.entered(company.organization_id):
        _alone(company.organization_id)
        before = data_type_settings(company.organization_id, company)
        count, _ = (
            SyncSetting.objects.within(company.organization_id).filter(company=company).delete()
        )
        if count:
            _audit(company.organization, company, gettext_noop("reset"), before, actor)
            _apply(
                company.organization,
                company,
                actor,
                f"set {_types(count)} back to the organization's settings",
            )


def held_still(organization_id: UUID) -> None:
    """Let nobody change settings until the commit: what is made of them now follows them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM companies_organization WHERE id = %s FOR SHARE", [organization_id]
        )


def _alone(organization_id: UUID) -> None:
    """Wait for schedules that are being made of the settings as they were."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def _audit(
    organization: Organization,
    company: Company | None,
    action: str,
    before: list[EffectiveSetting],
    actor: Actor | None,
) -> None:
    audit.record(
        AuditKind.DATA_TYPES,
        action,
        organization_id=organization.pk,
        object_id=company.pk if company else "",
        label=f"Data types of {company.name}" if company else "Data types",
        actor=actor,
        before=_members(before),
        after=_members(data_type_settings(organization.pk, company)),
    )


def _members(settings: Iterable[EffectiveSetting]) -> dict[str, str | bool]:
    members: dict[str, str | bool] = {}
    for each in settings:
        members[f"{each.data_type}.frequency"] = each.frequency
        members[f"{each.data_type}.fetch_on_first_link"] = each.fetch_on_first_link
        members[f"{each.data_type}.own_setting"] = each.is_override
    return members


def _apply(
    organization: Organization, company: Company | None, actor: Actor | None, summary: str
) -> None:
    company_id = company.pk if company else None
    schedule.reschedule(organization.pk, company_id)
    events.record(
        EventType.SETTINGS_CHANGED,
        organization_id=organization.pk,
        company_id=company_id,
        actor=actor,
        summary=summary,
    )


def _types(count: int) -> str:
    return f"{count} data type{'' if count == 1 else 's'}"
