"""The whole audit log as a table to take away, with what chains its entries."""

from collections.abc import Iterator, Sequence
from datetime import UTC

from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from companies import tenancy
from companies.models import AuditEntry, Organization
from portal.csv import ROWS_PER_CHUNK, Cell


def header() -> Sequence[str]:
    return (
        pgettext("place of an audit entry", "Number"),
        _("When (UTC)"),
        _("Who"),
        _("Kind of actor"),
        _("API key ID"),
        _("What"),
        _("Label"),
        _("ID"),
        _("Action"),
        _("Before"),
        _("After"),
        _("Entry ID"),
        "SHA-256",
    )


def rows(organization: Organization) -> Iterator[Sequence[Cell]]:
    """Yield all entries, the first one first, whatever the page is filtered by.

    Their values stand there as they are hashed, for whoever computes the chain anew.
    """
    last = 0
    while True:
        with tenancy.entered(organization.pk):
            entries = AuditEntry.objects.within(organization).filter(sequence__gt=last)
            found = list(
                entries.annotate(
                    was=Cast("before", TextField()), became=Cast("after", TextField())
                ).order_by("sequence")[:ROWS_PER_CHUNK]
            )
        if not found:
            return
        yield from (_row(entry, entry.was, entry.became) for entry in found)
        last = found[-1].sequence or last


def _row(entry: AuditEntry, was: str | None, became: str | None) -> Sequence[Cell]:
    return (
        entry.sequence,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor_name,
        entry.actor_kind,
        str(entry.actor_key_id or ""),
        entry.kind,
        entry.label,
        entry.object_id,
        entry.action,
        was,
        became,
        str(entry.pk),
        entry.hash,
    )
