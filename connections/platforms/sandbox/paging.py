"""Where a pull stands: the sandbox's pages, each checked to be the one that follows."""

import msgspec

from connections.platforms.base import Page, Rejected, Unexpected, UnknownField
from connections.platforms.sandbox import wire
from connections.platforms.sandbox.rows import Place
from connections.schemas import Record


class Cursor(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a pull stands after a page; all that another process needs to go on."""

    page: int
    done: bool = False
    since: str | None = None
    as_of: str | None = None
    total: int | None = None
    seen: int = 0
    # The last row's place in the platform's order: the next page must begin beyond it.
    last: Place | None = None

    def params(self, page_size: int) -> dict[str, str | int]:
        """Return what asks for the page that follows."""
        params: dict[str, str | int] = {"page": self.page + 1, "page_size": page_size}
        if self.since:
            params["modified_since"] = self.since
        if self.as_of:
            params["as_of"] = self.as_of
        return params

    def after(self, envelope: wire.Envelope, last: Place | None) -> "Cursor":
        """Return the place after a page.

        :raises Unexpected: when the page is not the one that follows.
        """
        if envelope.page != self.page + 1:
            raise unexpected(f"page {envelope.page} came for page {self.page + 1}")
        if self.as_of is not None and (envelope.as_of, envelope.total) != (self.as_of, self.total):
            raise unexpected(f"the snapshot changed at page {envelope.page}")
        seen = self.seen + len(envelope.items)
        done = envelope.page >= envelope.pages
        if seen > envelope.total or (done and seen < envelope.total):
            raise unexpected(f"{seen} rows came of {envelope.total}")
        if not done and not envelope.items:
            raise unexpected(f"page {envelope.page} of {envelope.pages} is empty")
        return Cursor(
            page=envelope.page,
            done=done,
            since=self.since,
            as_of=envelope.as_of,
            total=envelope.total,
            seen=seen,
            last=last,
        )


#: After what comes in one answer.
WHOLE = Cursor(page=1, done=True, total=1, seen=1)

ENVELOPE = msgspec.json.Decoder(wire.Envelope)
_CURSOR = msgspec.json.Decoder(Cursor)


def read_cursor(text: str | None, since: str | None = None) -> Cursor:
    """Return where a pull goes on: at the beginning without a page before."""
    return _CURSOR.decode(text) if text else Cursor(page=0, since=since)


def page(
    place: Cursor,
    *,
    records: tuple[Record, ...] = (),
    deleted_ids: tuple[str, ...] = (),
    rejected: tuple[Rejected, ...] = (),
    unknown: tuple[UnknownField, ...] = (),
) -> Page:
    return Page(
        records=records,
        deleted_ids=deleted_ids,
        rejected=rejected,
        unknown=unknown,
        cursor=msgspec.json.encode(place).decode(),
        watermark=place.as_of,
        total=place.total,
    )


def unexpected(detail: str) -> Unexpected:
    return Unexpected("Sandbox gave an answer we do not understand.", detail=detail)
