"""The companies' list as a table to take away."""

from collections.abc import Iterator, Sequence
from itertools import batched

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from companies import tenancy
from companies.listing import Question, Row, selected
from companies.models import Company, Organization
from portal.csv import ROWS_PER_CHUNK, Cell
from portal.templatetags._statuses import mark_of


def header() -> Sequence[str]:
    return (
        _("Company"),
        _("ID"),
        pgettext("column", "Status"),
        pgettext("column", "Connections"),
        pgettext("column", "Tags"),
        pgettext("column", "Description"),
        _("Last pull (UTC)"),
        _("Created (UTC)"),
        _("Created by"),
        _("Uploaded files"),
    )


def rows(organization: Organization, question: Question) -> Iterator[Sequence[Cell]]:
    """Yield all that the question finds, by name; each look at the database is a short one."""
    with tenancy.entered(organization.pk):
        ids = list(
            selected(organization, question)
            .order_by("sort_name", "id")
            .values_list("pk", flat=True)
        )
    for batch in batched(ids, ROWS_PER_CHUNK, strict=False):
        with tenancy.entered(organization.pk):
            companies = Company.objects.within(organization).filter(pk__in=batch).with_files()
            found = list(companies.select_related("created_by").order_by("sort_name", "id"))
            prefetch_related_objects(found, "connections")
            written = [_row(Row.of(company, question)) for company in found]
        yield from written


def _row(row: Row) -> Sequence[Cell]:
    company = row.company
    return (
        company.name,
        str(company.pk),
        mark_of(row.mark).word if row.mark else pgettext("companies", "No connections"),
        "; ".join(
            f"{connection.platform_name}: {mark_of(connection.mark).word}"
            for connection in company.connections.all()
        ),
        "; ".join(f"{key}: {value}" for key, value in company.tags.items()),
        company.description,
        f"{company.last_pull_at:%Y-%m-%d %H:%M:%S}" if company.last_pull_at else None,
        f"{company.created_at:%Y-%m-%d %H:%M:%S}",
        str(company.created_by) if company.created_by else None,
        row.has_files,
    )
