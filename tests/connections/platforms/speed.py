"""Print how many invoices a core reads, maps, validates and encodes in a second.

Run with ``python -m tests.connections.platforms.speed``.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import blake2b

import httpx

from connections.platforms.base import Credentials, Page
from connections.platforms.http import new_client
from connections.platforms.sandbox import Sandbox
from connections.schemas import DataType, Record, encode, listing
from connections.schemas.validation import validate
from tests.connections.platforms.sandbox.fake import BASE_URL, sample

ROWS = 1000
ROUNDS = 7


def main() -> None:
    invoice = sample("invoices")
    items = [{**invoice, "id": f"inv_{number:06d}"} for number in range(ROWS)]
    page = {"items": items, "page": 1, "pages": 1, "total": ROWS, "as_of": "2025-06-01"}
    body = json.dumps(page, ensure_ascii=False).encode()
    client = new_client(
        base_url=BASE_URL,
        transport=httpx.MockTransport(lambda _request: httpx.Response(200, content=body)),
    )
    credentials = Credentials(
        access_token="a", refresh_token="r", expires_at=datetime(2030, 1, 1, tzinfo=UTC)
    )

    def pull() -> Page:
        return next(Sandbox(client, credentials).fetch(DataType.INVOICES, since=None, cursor=None))

    records = pull().records
    show(f"rows of {len(body) // ROWS} bytes: read and map", pull)
    show("validate", lambda: each(records, validate))
    show("encode", lambda: each(records, encode))
    show("listing", lambda: each(records, listing))
    show("all of it and a hash", lambda: each(pull().records, whole))


def whole(record: Record) -> bytes:
    validate(record)
    listing(record)
    return blake2b(encode(record), digest_size=16).digest()


def each(records: Iterable[Record], work: Callable[[Record], object]) -> None:
    for record in records:
        work(record)


def show(what: str, work: Callable[[], object]) -> None:
    best = min(timed(work) for _ in range(ROUNDS))
    sys.stdout.write(f"{what}: {ROWS / best:,.0f} records/s\n")


def timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
