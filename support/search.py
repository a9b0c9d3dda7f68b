"""Which organization does this id belong to? All that is answered without a grant."""

from typing import TYPE_CHECKING
from uuid import UUID

from companies import tenancy
from companies.models import Company, Organization
from connections.models import Connection
from support.operations import Place
from sync.models import Pull

if TYPE_CHECKING:
    from django.db.models import QuerySet

SHOWN = 10


def places(text: str) -> list[Place]:
    """Find organizations by the id of anything of theirs, by their slug or a part of their name."""
    text = text.replace("\x00", "").strip()
    if not text:
        return []
    with tenancy.system():
        found = _named_by(text).order_by("name", "id").values("id", "slug", "name")[:SHOWN]
        return [Place(**each) for each in found]


def _named_by(text: str) -> "QuerySet[Organization]":
    try:
        wanted = UUID(text)
    except ValueError:
        return Organization.objects.filter(slug=text.lower()) | Organization.objects.filter(
            name__icontains=text
        )
    owners = {
        owner
        for rows in (Company.objects, Connection.objects, Pull.objects)
        for owner in rows.filter(pk=wanted).values_list("organization_id", flat=True)
    }
    return Organization.objects.filter(pk__in={wanted, *owners})
