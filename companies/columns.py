"""The columns of the companies' list: which there are, and which somebody sees."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models


class Column(models.TextChoices):
    """What can be shown beside a company's name, in the order in which it stands there."""

    STATUS = "status", "Status"
    CONNECTIONS = "connections", "Connections"
    TAGS = "tags", "Tags"
    DESCRIPTION = "description", "Description"
    PULL = "pull", "Last pull"
    CREATED = "created", "Created"


USUAL = (Column.STATUS, Column.CONNECTIONS, Column.PULL, Column.CREATED)


@dataclass(frozen=True, slots=True)
class Chosen:
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, remembered: Iterable[str] | None) -> "Chosen":
        """Take what was remembered and is still known."""
        if remembered is None:
            return cls(USUAL)
        wanted = set(remembered)
        return cls(tuple(column for column in Column if column.value in wanted))

    @property
    def label(self) -> str:
        """Say on the chooser's button how much is shown."""
        if self.columns == USUAL:
            return "Columns"
        return f"Columns: {len(self.columns)} of {len(Column)}"

    @property
    def choices(self) -> list[tuple[Column, bool]]:
        return [(column, column in self.columns) for column in Column]

    def __contains__(self, name: str) -> bool:
        return name in self.columns
