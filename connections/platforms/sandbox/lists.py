"""Any of the sandbox's lists, as custom data types name them."""

import httpx
import msgspec

from connections.platforms.base import Unexpected
from connections.platforms.http import Answer, decode
from connections.platforms.sandbox.paging import ENVELOPE, WHOLE, Cursor

_RAW = msgspec.json.Decoder(msgspec.Raw)


def place_of(data_source: str) -> tuple[str, dict[str, str | int]]:
    """Find what a data source names: below the API, with or without its version in front."""
    path, _, query = data_source.partition("?")
    if not path.startswith("/api/"):
        path = f"/api/v1/{path.removeprefix('/')}"
    return path, dict(httpx.QueryParams(query))


def rows_of(answer: Answer, path: str, place: Cursor) -> tuple[list[bytes], Cursor]:
    """Return the rows of the page that follows; what is no collection is one row.

    :raises Unexpected: when there is nothing, or no JSON.
    """
    if answer.status != httpx.codes.OK:
        raise Unexpected(
            "Sandbox gives nothing at the dataSource of this custom data type.",
            detail=f"{path}: HTTP {answer.status}",
        )
    row = bytes(decode(answer, _RAW, "Sandbox", path))
    try:
        envelope = ENVELOPE.decode(row)
    except msgspec.ValidationError:
        return [row], WHOLE
    return [bytes(item) for item in envelope.items], place.after(envelope, None)
