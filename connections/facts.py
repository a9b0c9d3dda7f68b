"""What an event keeps of its connection: plain values, since the connection may change or go."""

from collections.abc import Iterable
from typing import Any

from connections.models import Connection, ConnectionError  # noqa: A004 - the public API's word

#: Of the newest errors; older ones are on the connection's own page.
ERRORS_KEPT = 20


def connection_facts(
    connection: Connection, errors: Iterable[ConnectionError] | None = None
) -> dict[str, Any]:
    """Tell the connection as it is now, after whatever change is being recorded.

    Give the newest errors where they were read already, for many connections at once.
    """
    if errors is None:
        errors = connection.errors.order_by("-errored_at", "-id")[:ERRORS_KEPT]
    last_pull_at = connection.last_pull_at
    return {
        "id": str(connection.pk),
        "platform": connection.platform,
        "sourceType": connection.source_type,
        "status": str(connection.status),
        "createdAt": connection.created_at.isoformat(),
        "lastPullAt": last_pull_at.isoformat() if last_pull_at else None,
        "platformCompanyId": connection.platform_company_id,
        "platformCompanyName": connection.platform_company_name,
        "errors": [
            {
                "statusCode": error.status_code,
                "statusText": error.status_text,
                "errorMessage": error.error_message,
                "erroredAt": error.errored_at.isoformat(),
                "resolvedAt": error.resolved_at.isoformat() if error.resolved_at else None,
            }
            for error in errors
        ],
    }
