"""Companies and connections with the Link URLs that their shapes show."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

from api import shapes
from api.errors import not_found
from companies.facts import company_facts
from companies.models import Company
from connections import links, one_time
from connections.facts import connection_facts
from connections.models import Connection


def companies(rows: Sequence[Company]) -> list[dict[str, Any]]:
    """Write companies that were read with `shapes.with_connections`, and are still there.

    Where Link URLs open once, those of a list do not open: each is handed out singly.
    """
    if not rows:
        return []
    connections = [each for row in rows for each in row.connections.all()]
    urls = links.link_urls(
        rows[0].organization_id,
        company_ids=[row.pk for row in rows],
        connection_ids=[each.pk for each in connections],
    )
    return [
        shapes.company_details(company_facts(row), redirect=urls[row.pk])
        | {
            "dataConnections": [
                _connection(each, urls) for each in row.connections.all() if each.pk in urls
            ]
        }
        for row in rows
        if row.pk in urls
    ]


def connections(rows: Sequence[Connection]) -> list[dict[str, Any]]:
    """Write connections that were read with `shapes.with_errors`, and are still there."""
    if not rows:
        return []
    urls = links.link_urls(rows[0].organization_id, connection_ids=[row.pk for row in rows])
    return [_connection(row, urls) for row in rows if row.pk in urls]


def handed_out(company: Company) -> dict[str, Any]:
    """Write one company, read with `shapes.with_connections`, with a Link URL that opens.

    :raises ApiError: 404, when it was deleted meanwhile.
    """
    (written,) = companies([company]) or _gone("company", company.pk)
    if not _opens_once(company):
        return written
    return written | {"redirect": one_time.url_to_hand_out(company)}


def connection_handed_out(connection: Connection) -> dict[str, Any]:
    """Write one connection, read with `shapes.with_errors`, with a Link URL that opens.

    :raises ApiError: 404, when it was deleted meanwhile.
    """
    (written,) = connections([connection]) or _gone("connection", connection.pk)
    if not _opens_once(connection.company, connection):
        return written
    url = one_time.url_to_hand_out(connection.company, connection=connection)
    return written | {"linkUrl": url}


def _gone(kind: str, identifier: UUID) -> NoReturn:
    raise not_found(kind, identifier)


def _connection(row: Connection, urls: Mapping[UUID, str]) -> dict[str, Any]:
    errors = row.newest_errors  # type: ignore[attr-defined]  # of `with_errors`
    return shapes.connection(connection_facts(row, errors), link_url=urls[row.pk])


def _opens_once(company: Company, connection: Connection | None = None) -> bool:
    """Tell whether a code is needed; what somebody revoked is not opened again by asking for it."""
    return (
        company.organization.uses_one_time_links
        and links.latest(company, connection=connection).revoked_at is None
    )
