"""What is asked of pulls and of what they brought: the functions that views and other apps call."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from companies import events, tenancy
from companies.models import Actor, Company, EventType, Program, User, person
from connections import custom_types
from connections.models import Connection
from connections.platforms import get_platform
from connections.schemas import AnyType, CustomType, DataType, data_type_of
from portal import tracing
from sync import claims, outcomes, schedule, tasks
from sync.models import ACTIVE, DataStatus, Pull, PullStatus
from sync.settings import (
    EffectiveSetting,
    clear_company_settings,
    data_type_settings,
    held_still,
    save_settings,
)

__all__ = [
    "AlreadyEnded",
    "AlreadyRunning",
    "EffectiveSetting",
    "NotLinked",
    "NotSupported",
    "Refresh",
    "asked_for_by",
    "cancel_pull",
    "clear_company_settings",
    "data_type_settings",
    "ensure_statuses",
    "queue_first_pulls",
    "queue_pull",
    "refresh_company",
    "retry_pull",
    "save_settings",
]

#: What a refresh of everything by hand says of its pulls.
REFRESH_REASON = gettext_noop("Refresh data")


_NOT_LINKED = {
    Connection.Status.PENDING_AUTH: gettext_lazy("The connection is pending."),
    Connection.Status.UNLINKED: gettext_lazy("The connection is unlinked."),
    Connection.Status.DEAUTHORIZED: gettext_lazy("The connection is deauthorized."),
}


class AlreadyRunning(Exception):
    """The data type is being pulled already, by `pull`."""

    def __init__(self, pull: Pull) -> None:
        super().__init__(
            _("%(data_type)s is being pulled already, by pull %(pull)s.")
            % {"data_type": pull.data_type, "pull": pull.pk}
        )
        self.pull = pull


class NotLinked(Exception):
    """Nothing can be pulled over a connection that is not linked."""


class NotHeld(Exception):
    """There is no disappearance of records to accept (any more)."""


class AlreadyEnded(Exception):
    """There is nothing left of the pull to cancel."""


class NotSupported(Exception):
    """The platform has no such data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What a refresh started, and what was under way already."""

    queued: list[Pull]
    already_running: list[Pull]

    @property
    def pulls(self) -> list[Pull]:
        return sorted([*self.queued, *self.already_running], key=lambda pull: pull.sync_order)


def refresh_company(company: Company, *, requested_by: Actor | None = None) -> Refresh:
    """Pull every type that is fetched on first link, over every linked connection.

    Types being pulled already are returned, not doubled. Without a linked connection both lists
    are empty.
    """
    refresh = Refresh(queued=[], already_running=[])
    trigger, reason = Pull.Trigger.MANUAL, REFRESH_REASON
    if isinstance(requested_by, Program):
        trigger, reason = Pull.Trigger.API, asked_for_by(requested_by)
    batch = uuid4()
    with tenancy.entered(company.organization_id):
        wanted = _fetched_on_first_link(company)
        for connection in Connection.objects.filter(company=company).linked().oldest_first():
            queued, running = _queue(
                connection,
                _supported(connection, wanted),
                trigger=trigger,
                requested_by=person(requested_by),
                reason=reason,
                batch=batch,
            )
            refresh.queued.extend(queued)
            refresh.already_running.extend(running)
        if refresh.queued:
            events.record(
                EventType.REFRESH_REQUESTED,
                organization_id=company.organization_id,
                company_id=company.pk,
                actor=requested_by,
                summary=f"asked for fresh data: {len(refresh.queued)} data types",
                payload={"batch": str(batch)},
            )
    return refresh


def asked_for_by(program: Program) -> str:
    """Say of a pull that a program wants it: its key may be gone when somebody reads that."""
    return f"Asked for by {program}"


def queue_pull(
    connection: Connection,
    data_type: str,
    *,
    trigger: Pull.Trigger,
    requested_by: User | None = None,
    reason: str = "",
    batch: UUID | None = None,
    accepts_disappearance: bool = False,
) -> Pull:
    """Ask for one data type.

    :raises AlreadyRunning: with the pull that is under way.
    :raises NotLinked: when the connection is not linked.
    :raises NotSupported: when the platform has no such data.
    """
    with tenancy.entered(connection.organization_id):
        connection.refresh_from_db(fields=["status"])
        if not connection.is_linked:
            raise NotLinked(str(_NOT_LINKED[Connection.Status(connection.status)]))
        queued, running = _queue(
            connection,
            [_askable(connection, data_type)],
            trigger=trigger,
            requested_by=requested_by,
            reason=reason,
            batch=batch or uuid4(),
            accepts_disappearance=accepts_disappearance,
        )
    if not queued:
        raise AlreadyRunning(running[0])
    return queued[0]


def accept_disappearance(held: Pull, *, actor: User) -> Pull:
    """Pull again, and this time believe that the missing records are gone.

    :raises NotHeld: when the pull is not the latest of its data type, or was not held.
    :raises AlreadyRunning: with the pull that is under way.
    :raises NotLinked: when the connection is not linked.
    """
    with tenancy.entered(held.organization_id):
        is_latest = DataStatus.objects.within(held.organization_id).filter(
            connection_id=held.connection_id, data_type=held.data_type, latest_pull_id=held.pk
        )
        if not held.is_held or not is_latest.exists():
            raise NotHeld(_("A later pull looks at these records again."))
        return queue_pull(
            held.connection,
            held.data_type,
            trigger=Pull.Trigger.MANUAL,
            requested_by=actor,
            reason=gettext_noop("Accepted that the missing records are gone"),
            accepts_disappearance=True,
        )


def retry_pull(ended: Pull, *, actor: User) -> Pull:
    """Pull the data type of a pull that ended once more.

    :raises AlreadyRunning: with the pull that is under way.
    :raises NotLinked: when the connection is not linked.
    :raises NotSupported: when the platform has no such data.
    """
    return queue_pull(
        ended.connection,
        ended.data_type,
        trigger=Pull.Trigger.MANUAL,
        requested_by=actor,
        reason=gettext_noop("Tried again by hand"),
    )


def cancel_pull(pull: Pull, *, actor: Actor | None) -> None:
    """End a waiting pull; ask whoever has a running one to stop after the page in hand.

    :raises AlreadyEnded: when it ended meanwhile.
    """
    with tenancy.entered(pull.organization_id):
        claims.lock_owners(pull)
        active = Pull.objects.within(pull.organization_id).active().filter(pk=pull.pk)
        found = active.select_for_update(of=("self",)).first()
        if found is None:
            raise AlreadyEnded(_("The pull ended before it could be cancelled."))
        if found.cancel_requested_at is None:
            found.cancel_requested_by = person(actor)
            found.cancel_requested_by_name = str(actor or "")
            active.update(
                cancel_requested_at=Now(),
                cancel_requested_by=found.cancel_requested_by,
                cancel_requested_by_name=found.cancel_requested_by_name,
            )
        if not found.is_running:
            outcomes.end_waiting(found, outcomes.cancelled(found))
        events.announce(found.organization_id, found.company_id)


def queue_first_pulls(connection: Connection) -> list[Pull]:
    """Pull what is fetched on first link; call it with every authorization, in its transaction."""
    with tenancy.entered(connection.organization_id):
        company = Company.objects.get(pk=connection.company_id)
        queued, running = _queue(
            connection,
            _supported(connection, _fetched_on_first_link(company)),
            trigger=Pull.Trigger.FIRST_LINK,
            requested_by=None,
            reason=gettext_noop("The customer authorized the connection"),
            batch=uuid4(),
        )
        schedule.resume(connection.organization_id, connection.pk)
    return [*queued, *running]


def _fetched_on_first_link(company: Company) -> set[str]:
    return {
        setting.data_type
        for setting in data_type_settings(company.organization_id, company)
        if setting.fetch_on_first_link
    }


def _supported(connection: Connection, wanted: Collection[str]) -> list[DataType]:
    supported = get_platform(connection.platform).data_types
    return sorted(
        (data_type for data_type in supported if data_type in wanted),
        key=lambda data_type: data_type.sync_order,
    )


def _askable(connection: Connection, data_type: str) -> AnyType:
    """Return what can be pulled over the connection, under its name.

    :raises NotSupported: when the platform has no such data, or it is not configured.
    """
    platform = get_platform(connection.platform)
    try:
        found = data_type_of(data_type)
        if isinstance(found, CustomType):
            custom_types.find_custom_type(
                connection.organization_id, platform.key, found.identifier
            )
            return found
    except ValueError:
        found = None
    except custom_types.NoSuchType as error:
        raise NotSupported(f"{error} for platform {platform.name}") from error
    if found is None or found not in platform.data_types:
        raise NotSupported(
            _("Datatype %(data_type)s not supported by platform %(platform)s")
            % {"data_type": data_type, "platform": platform.name}
        )
    return found


def _queue(
    connection: Connection,
    data_types: Sequence[AnyType],
    *,
    trigger: Pull.Trigger,
    requested_by: User | None,
    reason: str,
    batch: UUID,
    accepts_disappearance: bool = False,
) -> tuple[list[Pull], list[Pull]]:
    """Insert what is not active yet; return what was inserted, and what was active already.

    The partial unique index decides between two who ask at once. An active pull that ends between
    the two statements leaves its type in neither list, so that type is asked for again.
    """
    ensure_statuses(connection)
    _ensure_custom_statuses(connection, data_types)
    queued: list[Pull] = []
    running: list[Pull] = []
    missing = list(data_types)
    while missing:
        asked = [
            Pull(
                organization_id=connection.organization_id,
                company_id=connection.company_id,
                connection=connection,
                data_type=data_type,
                status=PullStatus.QUEUED,
                trigger=trigger,
                reason=reason[:200],
                requested_by=requested_by,
                requested_at=Now(),
                batch=batch,
                accepts_disappearance=accepts_disappearance,
                sync_order=data_type.sync_order,
                rung_at=Now(),
                trace="" if trigger == Pull.Trigger.SCHEDULE else tracing.carried(),
            )
            for data_type in missing
        ]
        Pull.objects.bulk_create(asked, ignore_conflicts=True)
        pulls = Pull.objects.filter(connection=connection)
        queued += pulls.filter(pk__in=[pull.pk for pull in asked]).order_by("sync_order")
        settled = {pull.data_type for pull in queued}
        others = pulls.filter(status__in=ACTIVE, data_type__in=set(missing) - settled)
        running += others.order_by("sync_order")
        settled |= {pull.data_type for pull in running}
        missing = [data_type for data_type in missing if data_type not in settled]
    if queued:
        _show_queued(queued)
        ring = partial(tasks.ring, connection.organization_id, connection.pk)
        transaction.on_commit(ring, robust=True)
        events.announce(connection.organization_id, connection.company_id)
    return queued, running


def ensure_statuses(connection: Connection) -> None:
    """Have a row for every type the platform supplies, with the frequency its settings say."""
    supported = get_platform(connection.platform).data_types
    statuses = DataStatus.objects.filter(connection=connection)
    known = set(statuses.values_list("data_type", flat=True))
    if known >= {str(data_type) for data_type in supported}:
        return
    held_still(connection.organization_id)
    company = Company.objects.get(pk=connection.company_id)
    frequencies = {
        setting.data_type: setting.frequency
        for setting in data_type_settings(connection.organization_id, company)
    }
    DataStatus.objects.bulk_create(
        [
            DataStatus(
                organization_id=connection.organization_id,
                connection=connection,
                data_type=data_type,
                frequency=frequencies[data_type],
                # What is not queued now is due at once, and is spread by the next look.
                next_due_at=Now() if frequencies[data_type] != "none" else None,
            )
            for data_type in sorted(supported)
        ],
        ignore_conflicts=True,
    )


def _ensure_custom_statuses(connection: Connection, data_types: Sequence[AnyType]) -> None:
    """Have a row for every custom type that is asked for; they are never pulled by themselves."""
    DataStatus.objects.bulk_create(
        [
            DataStatus(
                organization_id=connection.organization_id,
                connection=connection,
                data_type=data_type,
            )
            for data_type in data_types
            if isinstance(data_type, CustomType)
        ],
        ignore_conflicts=True,
    )


def _show_queued(pulls: Sequence[Pull]) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE sync_datastatus d SET latest_pull_id = p.id, latest_status = p.status, "
            "next_due_at = NULL FROM sync_pull p WHERE p.id = ANY(%s) "
            "AND d.connection_id = p.connection_id AND d.data_type = p.data_type",
            [[pull.pk for pull in pulls]],
        )
