"""Pulling the records of a list, page by page in the order of their ids."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from connections.platforms.base import Page
from connections.platforms.tryton import changes
from connections.platforms.tryton.changes import Cursor, ids_of, ranges
from connections.platforms.tryton.questions import Collection, ToRecord
from connections.platforms.tryton.rows import Rows
from connections.platforms.tryton.server import Server, unexpected

MOST_IN_A_QUESTION = 200
"""Ids stand in the address, whose length servers limit."""
IDS_AT_ONCE = 20_000


class _Id(msgspec.Struct):
    id: int


class _PartyRow(msgspec.Struct):
    party: int


_ID = msgspec.json.Decoder(_Id)
_PARTY_ROW = msgspec.json.Decoder(_PartyRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One data type's list on one server."""

    server: Server
    company_id: int
    collection: Collection
    to_record: ToRecord
    page_size: int

    def pages(self, place: Cursor) -> Iterator[Page]:
        """Yield the pages after a place; the last tells what was deleted.

        :raises Unexpected: when a page repeats rows.
        """
        members = self._members()
        before = ids_of(place.since.ids) if place.since else set()
        domain = self._domain(place, members, before)
        seen = ids_of(place.ids)
        while not place.done:
            raws = self._ask(domain, place.last, self.page_size)
            rows = self._rows(place, members)
            last = rows.read(raws, after=place.last)
            done = len(raws) < self.page_size
            if not done and last == place.last:
                raise unexpected(f"a page after record {last} has no readable id")
            seen |= rows.ids
            deleted: set[int] = set()
            if done and place.since:
                deleted = before - (self._ids() if members is None else members)
                seen |= before - deleted
            place = Cursor(
                done=done,
                last=last,
                floor=place.floor,
                since=place.since,
                ids=ranges(seen),
                recent=place.recent | rows.recent,
            )
            yield page_at(
                place,
                records=tuple(rows.records),
                deleted_ids=tuple(str(each) for each in sorted(deleted)),
                rejected=tuple(rows.rejected),
            )

    def _rows(self, place: Cursor, members: set[int] | None) -> Rows:
        assert place.floor is not None
        return Rows(
            self.collection.decoder,
            self.to_record,
            floor=place.floor,
            seen_before=place.since.recent if place.since else {},
            members=members,
        )

    def _ask(self, domain: list[Any], last: int, size: int) -> list[msgspec.Raw]:
        collection = self.collection
        fields = list(collection.all_fields())
        if collection.model == "party.party" and "account.invoice" in self.server.models:
            fields.append("addresses.invoice")
        return self.server.rows(
            collection.model,
            fields,
            changes.beyond(last, domain),
            size=size,
            context=collection.context,
        )

    def _domain(self, place: Cursor, members: set[int] | None, before: set[int]) -> list[Any]:
        """Return what to read: all, or what changed since, and who became a member since."""
        everything = self.collection.all_of(self.company_id)
        if place.since is None:
            return everything
        changed = changes.changed_since(place.since.floor, self.collection.watched)
        joined = sorted((members or set()) - before)
        if len(joined) > MOST_IN_A_QUESTION:
            return everything
        if joined:
            changed.append(["id", "in", joined])
        return [*everything, changed]

    def _members(self) -> set[int] | None:
        """Return the parties that are customers, or suppliers: nothing in a party says so.

        They are those with a line on such an account, and those with an unposted document.
        """
        flag = self.collection.of_account_type
        if not flag:
            return None
        found = self.server.read(
            _PARTY_ROW,
            "account.account.party",
            ("party",),
            [["company", "=", self.company_id], [f"account.type.{flag}", "=", True]],
        )
        if "account.invoice" in self.server.models:
            found += self.server.read(
                _PARTY_ROW,
                "account.invoice",
                ("party",),
                [
                    ["company", "=", self.company_id],
                    ["type", "=", self.collection.invoice_type],
                    ["state", "in", ["draft", "validated"]],
                ],
            )
        return {each.party for each in found}

    def _ids(self) -> set[int]:
        """Return the ids of all records there are now."""
        domain = self.collection.all_of(self.company_id)
        found: set[int] = set()
        last = 0
        while True:
            rows = self.server.read(
                _ID,
                self.collection.model,
                ("id",),
                changes.beyond(last, domain),
                size=IDS_AT_ONCE,
            )
            if any(row.id <= last for row in rows):
                raise unexpected(f"a list of ids went back before {last}")
            found.update(row.id for row in rows)
            if len(rows) < IDS_AT_ONCE:
                return found
            last = max(found)


def page_at(place: Cursor, **contents: Any) -> Page:
    return Page(cursor=msgspec.json.encode(place).decode(), watermark=place.watermark, **contents)
