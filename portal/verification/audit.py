"""Is the audit log what was written, with nothing altered, removed or slipped in?

What was cut off at the end leaves no trace in the chain: whoever noted the latest entry's number
and hash can tell.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import groupby
from typing import Any

from portal.verification.rows import number, streamed

#: In the order in which they are hashed, after the hash before and the entry's place.
_CONTENT = (
    "id::text, organization_id::text, (extract(epoch FROM at) * 1000000)::bigint, actor_kind, "
    "actor_name, actor_key_id::text, action, kind, object_id, label, before::text, after::text"
)
_TEXTS = slice(0, -2)


def chain() -> Iterator[int | str]:
    yield number("SELECT count(*) FROM companies_auditentry")
    entries = streamed(
        f"SELECT organization_id, sequence, hash, {_CONTENT} "  # noqa: S608 - ours
        "FROM companies_auditentry e ORDER BY e.organization_id, e.sequence NULLS LAST, e.at"
    )
    for organization, its in groupby(entries, lambda entry: entry[0]):
        broken = _first_broken(its)
        if broken:
            yield f"audit log of organization {organization}: {broken}"


def _first_broken(entries: Iterator[tuple[Any, ...]]) -> str | None:
    """Say where a chain breaks first: what comes behind it can no longer be judged."""
    previous = ""
    for place, (_, sequence, hashed, *content) in enumerate(entries, 1):
        if sequence is None:
            return f"entry {content[0]} was never chained"
        if sequence != place:
            return f"entry {place} is missing"
        if hashed != digest(previous, place, content):
            return f"entry {place} ({content[0]}) is not what its hash says"
        previous = hashed
    return None


def digest(previous: str, place: int, content: list[Any]) -> str:
    """Hash as the database does: `before` and `after` come as its own text of them."""
    texts = [json.dumps(each, ensure_ascii=False) for each in [previous, place, *content[_TEXTS]]]
    values = ["null" if each is None else each for each in content[-2:]]
    return sha256(f"[{', '.join([*texts, *values])}]".encode()).hexdigest()
