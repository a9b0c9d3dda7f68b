"""Companies and connections with the Link URLs that their shapes show."""

from collections.abc import Sequence
from typing import Any

from api import shapes
from companies.models import Company
from connections import links
from connections.models import Connection


def companies(rows: Sequence[Company]) -> list[dict[str, Any]]:
    """Write companies that were read with `shapes.with_connections`."""
    if not rows:
        return []
    connections = [each for row in rows for each in row.connections.all()]
    urls = links.link_urls(
        rows[0].organization_id,
        company_ids=[row.pk for row in rows],
        connection_ids=[each.pk for each in connections],
    )
    return [
        shapes.company(
            row,
            redirect=urls[row.pk],
            connections=[
                shapes.connection(each, link_url=urls[each.pk]) for each in row.connections.all()
            ],
        )
        for row in rows
    ]


def connections(rows: Sequence[Connection]) -> list[dict[str, Any]]:
    """Write connections that were read with `shapes.with_errors`."""
    if not rows:
        return []
    urls = links.link_urls(rows[0].organization_id, connection_ids=[row.pk for row in rows])
    return [shapes.connection(row, link_url=urls[row.pk]) for row in rows]
