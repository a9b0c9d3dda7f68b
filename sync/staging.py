"""From a fetched page to staged rows, together with the cursor that resumes after it.

One transaction holds both, so a worker killed at any moment neither loses nor doubles a page. The
rows travel by COPY into a temporary table (PostgreSQL has no COPY into a table under row-level
security) and from there, in one statement, into the staging table. What the store has just like
that does not travel: of it only the ids are noted.
"""

import re
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from itertools import count
from typing import Any
from zlib import crc32

from django.db import connection as database
from django.db.backends.utils import CursorWrapper

from companies import events
from connections.platforms.base import Page, Rejected
from connections.schemas import Listing, Record, encode, listing
from connections.schemas.validation import ValidationResult, validate
from sync import wanted, watermarks
from sync.models import Pull, RejectedRecord, ValidationIssue

MAX_ID = 200
MAX_RAW = 1024 * 1024
#: Anything larger would, rounded to the column's six places, have a digit too many.
_MAX_AMOUNT = Decimal("999999999999999999.999999")
_MAX_COUNT = 2**31 - 1
#: What fetching may reach of the progress bar; storing does the rest.
FETCHED_PERCENT = 90

#: NUL, and halves of characters that came apart.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NULL = "\\N"
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

_PAGE_COLUMNS = """
  batch integer, source_id varchar(200), is_known boolean, hash bytea, body text,
  is_deleted boolean,
  source_modified_at timestamptz, label varchar(200), party varchar(200), dated_on date,
  amount numeric(24, 6), currency varchar(10), due_on date,
  outstanding numeric(24, 6), record_status varchar(20)
"""
#: A pooler keeps connections, and with them such tables, longer than a version of ours lives: with
#: other columns it is another table.
_PAGE = f"sync_page_{crc32(_PAGE_COLUMNS.encode()):08x}"
_CREATE_PAGE = (
    f"CREATE TEMPORARY TABLE IF NOT EXISTS {_PAGE} ({_PAGE_COLUMNS}) ON COMMIT DELETE ROWS"
)
_STAGE = f"""
INSERT INTO sync_stagedrecord (
  pull_id, organization_id, page, source_id, is_known, hash, body, is_deleted,
  source_modified_at, label, party, dated_on, amount, currency, due_on, outstanding, record_status
)
SELECT %s, %s, %s, source_id, is_known, hash, body, is_deleted,
       source_modified_at, label, party, dated_on, amount, currency, due_on, outstanding,
       record_status
  FROM pg_temp.{_PAGE} WHERE batch = %s
"""  # noqa: S608 - made of the constants above
_NOTE_PAGE = """
INSERT INTO sync_stagedpage (pull_id, organization_id, number, unchanged) VALUES (%s, %s, %s, %s)
"""
#: Tells the rows of one COPY from those that the transaction has copied before.
_batches = count()
_STORED_HASHES = """
SELECT source_id, CASE WHEN NOT is_deleted THEN hash END FROM sync_record
 WHERE connection_id = %s AND data_type = %s AND source_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it will lie in the store."""

    source_id: str
    hash: bytes
    body: bytes
    source_modified_at: datetime | None
    listing: Listing


@dataclass(slots=True)
class Prepared:
    """A page in our bytes: what can be stored, and what is kept aside.

    A record is there once: as it was told last, a deletion after everything else.
    """

    rows: Collection[Row] = ()
    deleted_ids: Collection[str] = ()
    #: Rows that another one of the page takes the place of.
    repeated: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    issues: list[ValidationResult] = field(default_factory=list)

    @property
    def is_progress(self) -> bool:
        """Whether it brings anything: whoever resumes after the last page gets an empty one."""
        return bool(self.rows or self.deleted_ids or self.rejected)


def prepare(page: Page) -> Prepared:
    """Encode and validate a page; needs no database, so no transaction waits for it."""
    prepared = Prepared(rejected=list(page.rejected))
    rows: dict[str, Row] = {}
    number = 0
    for record in page.records:
        row = _row(record)
        if isinstance(row, Rejected):
            prepared.rejected.append(row)
        else:
            number += 1
            rows[row.source_id] = row
            prepared.issues += validate(record)
    # What cannot be an id of ours buries nothing.
    deleted = dict.fromkeys(filter(_is_storable_id, page.deleted_ids))
    for source_id in deleted:
        rows.pop(source_id, None)
    prepared.rows, prepared.deleted_ids = rows.values(), deleted
    prepared.repeated = number - len(rows)
    return prepared


def stage(pull: Pull, page: Page, prepared: Prepared) -> None:
    """Write a page, its counts and its cursor, in the caller's transaction.

    :raises ClaimLost: when the pull is no longer ours, and as `wanted.write` when it is not to go
        on; nothing is written then.
    """
    warnings = sum(issue.level == "warning" for issue in prepared.issues)
    total = page.total if _is_believable(page.total) else pull.total
    fetched = pull.fetched + len(prepared.rows) + prepared.repeated + len(prepared.rejected)
    deleted = pull.deleted + len(prepared.deleted_ids)
    after: dict[str, Any] = {
        "cursor": page.cursor,
        "watermark": watermarks.settled(pull, page.watermark),
        "pages": pull.pages + 1,
        "total": total,
        "progress": _progress(taken=fetched + deleted, total=total, pages=pull.pages + 1),
        "fetched": fetched,
        "repeated": pull.repeated + prepared.repeated,
        "rejected": pull.rejected + len(prepared.rejected),
        "deleted": deleted,
        "warnings": pull.warnings + warnings,
        "errors": pull.errors + len(prepared.issues) - warnings,
    }
    if prepared.is_progress:
        after["attempts_without_progress"] = 0
    # First, because it takes the pull's row: nobody else can claim, publish or delete it meanwhile.
    wanted.write(pull, **after)
    _keep_aside(pull, prepared)
    known = _stored_hashes(pull, prepared.rows)
    unchanged = [row.source_id for row in prepared.rows if known.get(row.source_id) == row.hash]
    rows: Collection[Row] = prepared.rows
    if unchanged:
        rows = [row for row in rows if known.get(row.source_id) != row.hash]
    with database.cursor() as cursor:
        cursor.execute(_NOTE_PAGE, [pull.pk, pull.organization_id, after["pages"], unchanged])
        if rows or prepared.deleted_ids:
            batch = next(_batches)
            _copy(cursor, _lines(batch, rows, prepared.deleted_ids, known))
            cursor.execute(_STAGE, [pull.pk, pull.organization_id, after["pages"], batch])
    for name, value in after.items():
        setattr(pull, name, value)
    events.announce(pull.organization_id, pull.company_id)


def _is_believable(total: int | None) -> bool:
    return total is not None and 0 <= total <= _MAX_COUNT


def _progress(*, taken: int, total: int | None, pages: int) -> int:
    """Return a percentage: of the platform's total, or growing ever slower without one."""
    if total:
        return min(FETCHED_PERCENT, taken * FETCHED_PERCENT // total)
    return FETCHED_PERCENT * pages // (pages + 4)


def _row(record: Record) -> Row | Rejected:
    try:
        body = encode(record)
    except UnicodeEncodeError:
        return _reject(record, "A text contains half of a character that no database can store.")
    shown = listing(record)
    if reason := _fault(record, body, shown):
        return _reject(record, reason)
    return Row(
        source_id=record.id,
        hash=blake2b(body, digest_size=16).digest(),
        body=body,
        source_modified_at=record.source_modified_date,
        listing=shown,
    )


def _fault(record: Record, body: bytes, shown: Listing) -> str | None:
    if not 0 < len(record.id) <= MAX_ID:
        return f"Its id has {len(record.id)} characters; 1 to {MAX_ID} can be stored."
    if b"\\u0000" in body and _ESCAPED_NUL.search(body):
        return "A text contains a NUL character."
    if not (_is_storable_amount(shown.amount) and _is_storable_amount(shown.outstanding)):
        return "Its amount is too large to be stored."
    return None


def _is_storable_amount(amount: Decimal | None) -> bool:
    return amount is None or (amount.is_finite() and abs(amount) <= _MAX_AMOUNT)


def _is_storable_id(source_id: str) -> bool:
    return 0 < len(source_id) <= MAX_ID and not _UNSTORABLE.search(source_id)


def _reject(record: Record, reason: str) -> Rejected:
    return Rejected(
        source_id=record.id[:MAX_ID] or None,
        raw=repr(record).encode(errors="backslashreplace"),
        reason=reason,
    )


def _keep_aside(pull: Pull, prepared: Prepared) -> None:
    """Few among many: these may go through the ORM."""
    RejectedRecord.objects.bulk_create(
        [
            RejectedRecord(
                organization_id=pull.organization_id,
                pull_id=pull.pk,
                source_id=_storable((rejected.source_id or "").encode(errors="replace"))[:MAX_ID],
                reason=_storable(rejected.reason.encode(errors="backslashreplace")),
                raw=_storable(rejected.raw[:MAX_RAW]),
            )
            for rejected in prepared.rejected
        ]
    )
    room = ValidationIssue.KEPT - pull.warnings - pull.errors
    ValidationIssue.objects.bulk_create(
        [
            ValidationIssue(
                organization_id=pull.organization_id,
                pull_id=pull.pk,
                level=issue.level,
                rule_id=issue.rule_id,
                item_id=issue.item_id[:MAX_ID],
                message=issue.message,
                validator_name=issue.validator_name,
            )
            for issue in prepared.issues[: max(room, 0)]
        ]
    )


def _storable(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace").replace("\x00", "\\x00")


def _stored_hashes(pull: Pull, rows: Collection[Row]) -> dict[str, bytes | None]:
    """Return what the store has of this page; None of what is flagged as deleted there."""
    if pull.store_is_empty or not rows:
        return {}
    with database.cursor() as cursor:
        cursor.execute(
            _STORED_HASHES, [pull.connection_id, pull.data_type, [row.source_id for row in rows]]
        )
        return {
            source_id: None if digest is None else bytes(digest)
            for source_id, digest in cursor.fetchall()
        }


def _lines(
    batch: int, rows: Iterable[Row], deleted_ids: Iterable[str], known: Container[str]
) -> Iterator[bytes]:
    """Write the page in COPY's text format."""
    for row in rows:
        shown = row.listing
        amount, outstanding = shown.amount, shown.outstanding
        is_known = "t" if row.source_id in known else "f"
        yield f"{batch}\t{_text(row.source_id)}\t{is_known}\t\\\\x{row.hash.hex()}\t".encode()
        # Canonical JSON holds no raw tab or newline: only its backslashes need doubling.
        yield row.body.replace(b"\\", b"\\\\")
        yield (
            f"\tf\t{row.source_modified_at or _NULL}\t{_text(shown.label[:200])}"
            f"\t{_text((shown.party or '')[:200])}\t{shown.dated_on or _NULL}"
            f"\t{_NULL if amount is None else amount}\t{_text((shown.currency or '')[:10])}"
            f"\t{shown.due_on or _NULL}\t{_NULL if outstanding is None else outstanding}"
            f"\t{_text((shown.status or '')[:20])}\n"
        ).encode()
    for source_id in deleted_ids:
        yield (
            f"{batch}\t{_text(source_id)}\tt\t{_NULL}\t{_NULL}\tt\t{_NULL}\t\t\t{_NULL}\t{_NULL}"
            f"\t\t{_NULL}\t{_NULL}\t\n"
        ).encode()


def _text(value: str) -> str:
    # What is printable holds no tab or newline; asking is ten times as quick as translating.
    if value.isprintable() and "\\" not in value:
        return value
    return value.translate(_COPY_ESCAPES)


def _copy(cursor: CursorWrapper, lines: Iterable[bytes]) -> None:
    cursor.execute(_CREATE_PAGE)
    # Django knows no COPY: a full disk, or a server that went away, must look as elsewhere.
    with (
        database.wrap_database_errors,
        cursor.copy(f"COPY pg_temp.{_PAGE} FROM STDIN") as copy,
    ):
        copy.write(b"".join(lines))
