"""The columns of the companies' list: which there are, and which somebody sees."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy


class Column(models.TextChoices):
    """What can be shown beside a company's name, in the order in which it stands there."""

    STATUS = "status", pgettext_lazy("column", "Status")
    CONNECTIONS = "connections", pgettext_lazy("column", "Connections")
    TAGS = "tags", pgettext_lazy("column", "Tags")
    DESCRIPTION = "description", pgettext_lazy("column", "Description")
    PULL = "pull", pgettext_lazy("column", "Last pull")
    CREATED = "created", pgettext_lazy("column", "Created")


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
            return _("Columns")
        return _("Columns: %(shown)d of %(all)d") % {
            "shown": len(self.columns),
            "all": len(Column),
        }

    @property
    def choices(self) -> list[tuple[Column, bool]]:
        return [(column, column in self.columns) for column in Column]

    def __contains__(self, name: str) -> bool:
        return name in self.columns
