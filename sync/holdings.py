"""What there is of each data type of a connection, the custom ones included."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from connections.models import Connection, CustomDataType
from connections.platforms import get_platform
from connections.schemas import CUSTOM_PREFIX, AnyType, CustomType, DataType
from sync.models import DataStatus, PullStatus


@dataclass(frozen=True, slots=True)
class Holding:
    """What there is of one data type: how much, how fresh, or why there is nothing."""

    data_type: AnyType
    is_supported: bool
    status: DataStatus | None

    @property
    def is_custom(self) -> bool:
        return isinstance(self.data_type, CustomType)

    @property
    def count(self) -> int:
        return self.status.record_count if self.status else 0

    @property
    def was_pulled(self) -> bool:
        return self.status is not None and self.status.last_success_at is not None

    @property
    def latest(self) -> str:
        return self.status.latest_status if self.status else ""

    @property
    def newest_pull(self) -> UUID | None:
        """The last pull that was published."""
        return self.status.latest_success_pull_id if self.status else None

    @property
    def is_refused(self) -> bool:
        """Whether the platform says that the customer may not see it there."""
        return self.latest == PullStatus.PERMISSIONS_ERROR


def holdings(connection: Connection) -> list[Holding]:
    """Tell of every data type, in the order in which they are pulled, and of the custom ones."""
    platform = get_platform(connection.platform)
    statuses = {
        status.data_type: status
        for status in DataStatus.objects.within(connection.organization_id).filter(
            connection=connection
        )
    }
    custom = [CustomType.of(each) for each in _identifiers(connection, statuses)]
    supported: set[str] = {*platform.data_types, *(custom if platform.has_custom_types else ())}
    return [
        Holding(
            each,
            is_supported=each in supported and _is_supported(statuses.get(each)),
            status=statuses.get(each),
        )
        for each in (*DataType, *custom)
    ]


def _identifiers(connection: Connection, pulled: Iterable[str]) -> list[str]:
    """Name the custom types that are configured, and those of which something was pulled."""
    configured = CustomDataType.objects.within(connection.organization_id).filter(
        platform=connection.platform
    )
    found = {each.removeprefix(CUSTOM_PREFIX) for each in pulled if each.startswith(CUSTOM_PREFIX)}
    return sorted(found.union(configured.values_list("identifier", flat=True)))


def _is_supported(status: DataStatus | None) -> bool:
    return status is None or status.latest_status != PullStatus.NOT_SUPPORTED
