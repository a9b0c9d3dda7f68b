"""Who does something: a person, or a program with an API key; else Ledgerport, or a customer."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from companies.models.user import User


@dataclass(frozen=True, slots=True)
class Program:
    """A program, by the API key that it comes with.

    Keys are revoked: what a program did is written down with the key's name and id, by which it is
    told for good. Neither leads to a row.
    """

    key_id: UUID
    name: str

    def __str__(self) -> str:
        return f"API key {self.name}"


type Actor = User | Program


def person(actor: Actor | None) -> User | None:
    """Return who acts where only people are noted."""
    return None if isinstance(actor, Program) else actor


def name_of(actor: Actor | None) -> str:
    """Return how whoever acts is called, to be written down."""
    return actor.name if isinstance(actor, Program) else str(actor or "")


def key_of(actor: Actor | None) -> UUID | None:
    return actor.key_id if isinstance(actor, Program) else None


def told(actor: User | None, name: str, key_id: UUID | None) -> str:
    """Say who acted: people as they are called today, whoever is gone as it was then."""
    if key_id is not None:
        return _("API key %(name)s") % {"name": name}
    return str(actor or name)
