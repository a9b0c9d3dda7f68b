"""The Companies page: what it is asked for, and what it shows.

Connections and files are other apps', above this one: they are reached by the names of their
relations.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

import redis
from django.core.cache import cache
from django.db import models
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, Value, When
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from companies import tenancy
from companies.columns import Chosen, Column
from companies.models import Company, CompanyQuerySet, Organization, User
from portal.keyset import Keyset
from portal.templatetags._statuses import mark_of, urgency

ROWS_PER_PAGE = 25
CHIPS_SHOWN = 2
MATCHES_SHOWN = 7
#: A search that finds more of them reads the list in its order until a page is full.
FEW_NAMED = 500
#: Data older than a day are marked: nobody should lend on them without noticing.
STALE_AFTER = timedelta(days=1)

#: Counting a hundred thousand companies takes a quarter of a second: remember it for a moment.
COUNTS_REMEMBERED_FROM = 10_000
COUNTS_REMEMBERED_SECONDS = 15


class Filter(models.TextChoices):
    """Which companies are shown; the values stand in the URL."""

    ALL = "all", pgettext_lazy("companies", "All")
    ATTENTION = "attention", pgettext_lazy("companies", "Needs attention")
    LINKED = "linked", pgettext_lazy("companies", "Linked")
    PENDING = "pending", pgettext_lazy("companies", "Pending")
    UNLINKED = "unlinked", pgettext_lazy("companies", "Unlinked")
    NONE = "none", pgettext_lazy("companies", "No connections")

    @property
    def tone(self) -> str:
        return {"attention": "red", "linked": "green", "pending": "purple", "unlinked": "grey"}.get(
            self.value, ""
        )


def _conditions(prefix: str = "") -> dict[Filter, Q]:
    """Tell which connections put a company behind each filter; the prefix leads to them."""
    status, has_error = f"{prefix}status", f"{prefix}has_active_error"
    return {
        Filter.ATTENTION: Q((status, "Deauthorized")) | Q((has_error, True)),
        Filter.LINKED: Q((status, "Linked")),
        Filter.PENDING: Q((status, "PendingAuth")),
        Filter.UNLINKED: Q((status, "Unlinked")),
    }


ORDERS: Mapping[str, Keyset] = MappingProxyType(
    {
        "name": Keyset("sort_name", "id"),
        "-name": Keyset("-sort_name", "-id"),
        "-pull": Keyset("-last_pull_at", "-id"),
        "pull": Keyset("last_pull_at", "id"),
        "-created": Keyset("-created_at", "-id"),
        "created": Keyset("created_at", "id"),
    }
)
#: What a click on a column's head sorts by first; the others cannot be sorted by.
_FIRST_CLICK = {"name": "name", Column.PULL: "-pull", Column.CREATED: "-created"}
#: A company's own status is that of the connection that decides, the first of these it has.
_DECIDING = ("error", "deauthorized", "linked", "pending", "unlinked")
_MOST_TAGS_ASKED = 5
#: The query that leaves nothing out.
EVERYTHING = f"status={Filter.ALL.value}"


@dataclass(frozen=True, slots=True)
class Question:
    """What the URL asks for; whatever is not understood is left out."""

    text: str
    filter: Filter
    sort: str
    #: Keys and values that every company shown has.
    tags: tuple[tuple[str, str], ...]
    #: The cursors that the URL holds, `after` or `before`.
    position: Mapping[str, str]

    @classmethod
    def parse(cls, query: QueryDict) -> Self:
        wanted, sort = query.get("status", ""), query.get("sort", "")
        return cls(
            text=query.get("q", "").replace("\x00", "").strip()[:120],
            filter=Filter(wanted) if wanted in Filter else Filter.ALL,
            sort=sort if sort in ORDERS else "name",
            tags=_tags(query.getlist("tag")),
            position=query,
        )

    def url(self, *, tags: Sequence[tuple[str, str]] | None = None, **changes: object) -> str:
        """Write the query of a neighbouring page; changing anything leads to its first page.

        It is never empty, because a bare address may open on those that need attention.
        """
        values = {
            "q": self.text,
            "status": self.filter.value,
            "sort": self.sort,
            **{key: str(value) for key, value in changes.items()},
        }
        defaults = {"q": "", "status": Filter.ALL.value, "sort": "name"}
        query = QueryDict(mutable=True)
        query.update({key: value for key, value in values.items() if value != defaults.get(key)})
        wanted = self.tags if tags is None else tags
        query.setlist("tag", [f"{key}:{value}" for key, value in wanted])
        return f"?{query.urlencode() or EVERYTHING}"

    @property
    def is_filtered(self) -> bool:
        return self.filter is not Filter.ALL or bool(self.tags)

    @property
    def kept_while_searching(self) -> list[tuple[str, str]]:
        """Name the fields that a search form has to carry along."""
        kept = [("status", self.filter.value)] if self.filter is not Filter.ALL else []
        kept += [("tag", f"{key}:{value}") for key, value in self.tags]
        return kept if self.sort == "name" else [*kept, ("sort", self.sort)]

    @property
    def tag_words(self) -> list[str]:
        return [f"{key}: {value}" for key, value in self.tags]

    @property
    def tag_pills(self) -> list[tuple[str, str]]:
        """Give each tag asked for in words, and the query without it."""
        return [
            (words, self.url(tags=[each for each in self.tags if each[0] != key]))
            for words, (key, _) in zip(self.tag_words, self.tags, strict=True)
        ]

    def tagged(self, key: str, value: str) -> str:
        """Write the query of those that have a tag besides."""
        return self.url(tags=[*(each for each in self.tags if each[0] != key), (key, value)])


@dataclass(frozen=True, slots=True)
class Pill:
    filter: Filter
    count: int
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Heading:
    label: str
    #: Where a click leads; nothing where the column cannot be sorted by.
    url: str = ""
    #: The word `aria-sort` wants, or nothing.
    sorted: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    company: Company
    #: The one status that stands for all its connections; nothing without any.
    mark: str
    #: Its tags in words, each with the query of the companies that have it.
    tags: list[tuple[str, str]]
    #: At most two connections, those that need somebody first.
    shown: list[Any]
    hidden_count: int
    hidden_tone: str
    has_files: bool
    is_stale: bool

    @classmethod
    def of(cls, company: Company, question: Question) -> Self:
        """Read a company that `with_files` was asked of."""
        marks = {connection.mark for connection in company.connections.all()}
        ranked = sorted(company.connections.all(), key=lambda connection: urgency(connection.mark))
        hidden = ranked[CHIPS_SHOWN:]
        return cls(
            company=company,
            mark=next((mark for mark in _DECIDING if mark in marks), ""),
            tags=[
                (f"{key}: {value}", question.tagged(key, value))
                for key, value in company.tags.items()
            ],
            shown=ranked[:CHIPS_SHOWN],
            hidden_count=len(hidden),
            hidden_tone=mark_of(hidden[0].mark).tone if hidden else "",
            has_files=company.has_files,  # type: ignore[attr-defined]  # an annotation
            is_stale=company.last_pull_at is not None
            and company.last_pull_at < timezone.now() - STALE_AFTER,
        )


@dataclass(frozen=True, slots=True)
class Listing:
    question: Question
    columns: Chosen
    rows: list[Row]
    counts: dict[Filter, int]
    previous_url: str
    next_url: str

    @property
    def pills(self) -> list[Pill]:
        return [
            Pill(
                filter=each,
                count=self.counts[each],
                url=self.question.url(status=each.value),
                is_current=each is self.question.filter,
            )
            for each in Filter
        ]

    @property
    def headings(self) -> list[Heading]:
        shown = [(column.value, str(column.label)) for column in self.columns.columns]
        return [self._heading(key, label) for key, label in (("name", _("Company")), *shown)]

    def _heading(self, key: str, label: str) -> Heading:
        if key not in _FIRST_CLICK:
            return Heading(label=label)
        sort = self.question.sort
        is_current, is_descending = sort.removeprefix("-") == key, sort.startswith("-")
        opposite = key if is_descending else f"-{key}"
        direction = "descending" if is_descending else "ascending"
        return Heading(
            label=label,
            url=self.question.url(sort=opposite if is_current else _FIRST_CLICK[key]),
            sorted=direction if is_current else "",
        )

    @property
    def is_first_use(self) -> bool:
        """Nothing is shown, and not because of what was asked."""
        asked = self.question
        return not self.counts[Filter.ALL] and not asked.text and not asked.tags

    @property
    def everything(self) -> str:
        """The query that leaves nothing out."""
        return EVERYTHING

    @property
    def shown_of(self) -> int:
        return self.counts[self.question.filter]

    @property
    def is_whole(self) -> bool:
        return not self.previous_url and not self.next_url


def read(organization: Organization, question: Question, columns: Chosen) -> Listing:
    """Answer with five queries at most, at any depth."""
    found = _found(organization, question)
    shown = _filtered(found, question.filter).with_files().select_related("created_by")
    page = ORDERS[question.sort].page(
        shown.fetch_mode(models.FETCH_RAISE), question.position, size=ROWS_PER_PAGE
    )
    models.prefetch_related_objects(page.rows, "connections")
    return Listing(
        question=question,
        columns=columns,
        rows=[Row.of(company, question) for company in page.rows],
        counts=_counts(found)
        if question.text or question.tags
        else _remembered_counts(organization),
        previous_url=question.url(before=page.previous) if page.previous else "",
        next_url=question.url(after=page.next) if page.next else "",
    )


def opens_on_attention(organization: Organization, user: User, asked: QueryDict) -> bool:
    """Tell whether somebody who asked for nothing in particular wants those first, and has some."""
    if asked or not user.attention_first:
        return False
    return _filtered(Company.objects.within(organization), Filter.ATTENTION).exists()


def selected(organization: Organization, question: Question) -> CompanyQuerySet:
    """Return all that a question finds, beyond the page that is shown."""
    return _filtered(_found(organization, question), question.filter)


def best_matches(organization: Organization, text: str) -> list[Company]:
    """Return a few companies that a text names: those that begin with it first."""
    begins = Case(
        When(sort_name__startswith=text.upper(), then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    found = _matching(organization, Company.objects.within(organization), text)
    return list(found.order_by(begins, "sort_name", "id")[:MATCHES_SHOWN])


def _found(organization: Organization, question: Question) -> CompanyQuerySet:
    companies = Company.objects.within(organization).tagged(question.tags)
    return _matching(organization, companies, question.text)


def _tags(written: Iterable[str]) -> tuple[tuple[str, str], ...]:
    pairs = (each.replace("\x00", "").partition(":") for each in written)
    found = {key.strip(): value.strip() for key, colon, value in pairs if colon and key.strip()}
    return tuple(found.items())[:_MOST_TAGS_ASKED]


def _matching(organization: Organization, companies: CompanyQuerySet, text: str) -> CompanyQuerySet:
    if not text:
        return companies
    named = few_named(organization, text)
    return _named(companies, text) if named is None else companies.filter(pk__in=named)


def few_named(organization: Organization, text: str) -> list[UUID] | None:
    """Name those that a text finds, unless they are so many that the list itself is soon read.

    Beneath row-level security only what tells nothing of other rows is compared in an index: ids
    and the like, no parts of names. So they are looked for by the role that sees all organizations,
    in the one that is asked about, and shown by the one that sees no other.
    """
    with tenancy.system():
        found = list(named_in(organization, text)[: FEW_NAMED + 1])
    return found if len(found) <= FEW_NAMED else None


def named_in(organization: Organization, text: str) -> models.QuerySet[Company, UUID]:
    """Select the ids of those that a text names."""
    return _named(Company.objects.within(organization), text).values_list("pk", flat=True)


def _named(companies: CompanyQuerySet, text: str) -> CompanyQuerySet:
    named = companies.named_like(text)
    ids = _id_range(text)
    return named | companies.filter(id__range=ids) if ids else named


def _id_range(text: str) -> tuple[UUID, UUID] | None:
    """Take the text for the beginning of an id, if it can be one."""
    digits = text.replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{4,32}", digits):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def _filtered(companies: CompanyQuerySet, wanted: Filter) -> CompanyQuerySet:
    if wanted is Filter.ALL:
        return companies
    # Asked of each company, because a join would show it once for each of its connections. They are
    # another app's, above this one: reached by the name of their relation.
    connections: Any = Company._meta.get_field("connections").related_model
    own = connections.objects.filter(company=OuterRef("pk"))
    if wanted is Filter.NONE:
        return companies.filter(~Exists(own))
    return companies.filter(Exists(own.filter(_conditions()[wanted])))


def _counts(companies: CompanyQuerySet) -> dict[Filter, int]:
    conditions = _conditions("connections__")
    per_company = companies.annotate(
        connection_count=Count("connections"),
        **{
            f"{each.value}_count": Count("connections", filter=condition)
            for each, condition in conditions.items()
        },
    )
    found = per_company.aggregate(
        all=Count("pk"),
        none=Count("pk", filter=Q(connection_count=0)),
        **{
            each.value: Count("pk", filter=Q(**{f"{each.value}_count__gt": 0}))
            for each in conditions
        },
    )
    return {each: found[each.value] for each in Filter}


def _remembered_counts(organization: Organization) -> dict[Filter, int]:
    key = f"company-counts:{organization.pk}"
    try:
        remembered = cache.get(key)
    except redis.RedisError:
        remembered = None
    if remembered is not None:
        return {each: remembered[each.value] for each in Filter}
    counts = _counts(Company.objects.within(organization))
    if counts[Filter.ALL] >= COUNTS_REMEMBERED_FROM:
        try:
            cache.set(key, {each.value: n for each, n in counts.items()}, COUNTS_REMEMBERED_SECONDS)
        except redis.RedisError:
            return counts
    return counts
