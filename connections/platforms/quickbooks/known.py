"""What a pull must remember so that the next one can tell what is gone.

QuickBooks reports deletions of the last 30 days only, and a query does not show what was deleted:
whoever comes later must compare the ids of then and now.
https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime

import msgspec


class Watermark(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a finished pull leaves to the next."""

    #: The platform's time when the pull began.
    at: datetime
    #: Every row there was, by entity, packed.
    ids: dict[str, str]


_WATERMARK = msgspec.json.Decoder(Watermark)


def read(text: str) -> Watermark | None:
    """Return what was left by a pull; one of another form says nothing, and all is read anew."""
    try:
        return _WATERMARK.decode(text)
    except msgspec.DecodeError:
        return None


def written(mark: Watermark) -> str:
    return msgspec.json.encode(mark).decode()


def pack(ids: Iterable[int]) -> str:
    """Write ids small: as runs of followers (3+2 is 3, 4, 5), each from where the last one ended.

    Invoices and payments share one sequence of ids, so that plain ranges are short ones.
    """
    runs: list[str] = []
    end = 0
    for first, last in _runs(sorted(ids)):
        more = last - first
        runs.append(f"{first - end}+{more}" if more else str(first - end))
        end = last
    return b64encode(zlib.compress(",".join(runs).encode(), 9)).decode()


def unpack(packed: str | None) -> set[int]:
    """Read what ``pack`` wrote."""
    found: set[int] = set()
    end = 0
    text = zlib.decompress(b64decode(packed)).decode() if packed else ""
    for run in filter(None, text.split(",")):
        step, _, more = run.partition("+")
        first = end + int(step)
        end = first + int(more or 0)
        found.update(range(first, end + 1))
    return found


def _runs(ids: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for each in ids:
        if runs and each <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], each)
        else:
            runs.append((each, each))
    return runs
