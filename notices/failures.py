"""What fails in an organization, in the words of an e-mail."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.urls import reverse

from companies.models import Organization
from connections.models import Connection
from portal.templatetags import _words
from sync.models import ERRORED, DataStatus, Pull

#: An e-mail is read, not searched: the Monitor page shows the rest.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Failure:
    """Data types of one connection that fail for one reason."""

    company: str
    platform: str
    data_types: str
    words: str
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Loss:
    """A connection that the platform no longer lets us use."""

    connection: Connection
    reason: str
    url: str


def lost(organization: Organization, *, since: datetime) -> list[Loss]:
    """List the connections that were deauthorized since then and still are."""
    found = (
        Connection.objects.within(organization)
        .filter(status=Connection.Status.DEAUTHORIZED, status_changed_at__gte=since)
        .select_related("company")
        .order_by("status_changed_at", "pk")
    )
    return [
        Loss(
            connection=each,
            reason=_reason(each),
            url=absolute("connections:link-url", organization, each.company_id, each.pk),
        )
        for each in found
    ]


def failing(organization: Organization, *, since: datetime) -> list[Failure]:
    """List what failed since then and did not work again, the latest first."""
    not_mended = DataStatus.objects.filter(
        connection=OuterRef("connection"), data_type=OuterRef("data_type"), failures__gt=0
    )
    connections = DataStatus.objects.within(organization).filter(
        failures__gt=0, connection__status=Connection.Status.LINKED
    )
    pulls = (
        Pull.objects.within(organization)
        .filter(connection__in=connections.values("connection"))
        .filter(status__in=ERRORED, completed_at__gte=since)
        .filter(Exists(not_mended))
        .select_related("company", "connection")
        .newest_first()
    )
    latest: dict[Any, Pull] = {}
    for pull in pulls:
        latest.setdefault((pull.connection_id, pull.data_type), pull)
    alike = sorted(latest.values(), key=_cause)
    found = [_failure(organization, list(group)) for _, group in groupby(alike, key=_cause)]
    return sorted(found, key=lambda failure: failure.at, reverse=True)


def absolute(name: str, organization: Organization, *args: object) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=[organization.slug, *args])}"


def _cause(pull: Pull) -> tuple[str, str]:
    return str(pull.connection_id), pull.error_message


def _failure(organization: Organization, pulls: list[Pull]) -> Failure:
    newest = max(pulls, key=lambda pull: pull.completed_at or pull.requested_at)
    return Failure(
        company=newest.company.name,
        platform=newest.connection.platform_name,
        data_types=", ".join(sorted(_words.apart(pull.data_type) for pull in pulls)),
        words=newest.error_message,
        at=newest.completed_at or newest.requested_at,
        url=absolute("sync:history", organization, newest.company_id),
    )


def _reason(connection: Connection) -> str:
    """Give the platform's last word, as the connection's own page does."""
    error = connection.errors.filter(resolved_at=None).order_by("-errored_at", "-id").first()
    return error.error_message if error else ""
