import re
import unicodedata
from collections.abc import Iterable, Mapping
from uuid import uuid4

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from companies.models.organization import Organization, TenantQuerySet
from companies.models.user import User
from companies.rls import RowLevelSecurity

#: What a company name may have beside letters and digits.
_PUNCTUATION = frozenset(" -'&@.,?!")

MOST_TAGS = 10
TAG_KEY_LENGTH = 27
TAG_VALUE_LENGTH = 100
MOST_PRODUCTS = 20
PRODUCT_LENGTH = 50
_PRODUCT = re.compile(rf"[A-Za-z0-9_-]{{1,{PRODUCT_LENGTH}}}", re.ASCII)


def clean_company_name(name: str) -> str:
    """Keep the characters a company name may have; the answer may be empty.

    The API's contract removes the others without complaint, and so do we; but it knows only the
    letters of English, and "Łódź Spółka" is not to lose any.
    """
    composed = unicodedata.normalize("NFC", " ".join(name.split()))
    kept = (
        each
        for each in composed
        if each in _PUNCTUATION or unicodedata.category(each)[0] in {"L", "M", "N"}
    )
    return " ".join("".join(kept).split())


class TagsInvalid(ValueError):
    """Tags that a company cannot have; the text says which and why."""


def clean_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Keep to what the API's contract allows: ten pairs, keys of 27 and values of 100 characters.

    :raises TagsInvalid: with a sentence for people.
    """
    cleaned = {key.strip(): value.strip() for key, value in tags.items()}
    if len(cleaned) > MOST_TAGS:
        raise TagsInvalid(
            _("A company has at most %(most)d tags; these are %(count)d.")
            % {"most": MOST_TAGS, "count": len(cleaned)}
        )
    for key, value in cleaned.items():
        if not key or len(key) > TAG_KEY_LENGTH:
            raise TagsInvalid(
                _("“%(key)s”: a tag’s key has 1 to %(most)d characters.")
                % {"key": key, "most": TAG_KEY_LENGTH}
            )
        if len(value) > TAG_VALUE_LENGTH:
            raise TagsInvalid(
                _("“%(key)s”: a tag’s value has at most %(most)d characters.")
                % {"key": key, "most": TAG_VALUE_LENGTH}
            )
        if "\x00" in key + value:
            raise TagsInvalid(_("A tag cannot have a zero byte in it."))
    return cleaned


class ProductInvalid(ValueError):
    """A product that a company cannot have; the text says why."""


def clean_product(identifier: str) -> str:
    """:raises ProductInvalid: with a sentence for people."""
    if not _PRODUCT.fullmatch(identifier):
        raise ProductInvalid(
            f"“{identifier}”: a product identifier is 1 to {PRODUCT_LENGTH} letters, digits, "
            "hyphens and underscores, such as lending."
        )
    return identifier


class CompanyQuerySet(TenantQuerySet["Company"]):
    def tagged(self, tags: Iterable[tuple[str, str]]) -> "CompanyQuerySet":
        """Select those that have every one of the tags."""
        wanted = dict(tags)
        return self.filter(tags__contains=wanted) if wanted else self

    def with_files(self) -> "CompanyQuerySet":
        """Tell of each, as `has_files`, whether files were uploaded for it; with no query more.

        Files are another app's, above this one: they are reached by the name of their relation.
        """
        uploaded = self.model.objects.filter(pk=OuterRef("pk"), files__isnull=False)
        return self.annotate(has_files=Exists(uploaded))

    def named_like(self, text: str) -> "CompanyQuerySet":
        return self.filter(sort_name__contains=text.upper())


class Company(models.Model):
    """A customer of the organization, whose books are pulled."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.DB_CASCADE, related_name="companies"
    )
    name = models.CharField(max_length=120)
    #: Lists sort and search by it, so that "apple" stands before "Zebra". A column, because only
    #: plain columns are compared in an index beneath row-level security.
    sort_name = models.GeneratedField(
        expression=Upper("name"), output_field=models.CharField(max_length=120), db_persist=True
    )
    description = models.TextField(blank=True, default="")
    #: Free words of the organization's own, as key and value: {"region": "north"}.
    tags = models.JSONField(blank=True, default=dict)
    #: What the organization uses the company for, in words of its own: ["lending"].
    products = models.JSONField(
        blank=True, default=list, db_default=models.Value([], output_field=models.JSONField())
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DB_SET_NULL, related_name="+"
    )
    #: When any of its data was last pulled with success.
    last_pull_at = models.DateTimeField(null=True, blank=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = gettext_lazy("companies")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="company_in_organization"),
            models.CheckConstraint(condition=~models.Q(name=""), name="company_has_a_name"),
            # Support is told whose company an id names, and nothing else of it. A search looks
            # for names in one organization: see `companies.listing`.
            RowLevelSecurity(
                name="company_isolation", system_reads=("id", "organization_id", "sort_name")
            ),
        ]
        indexes = [
            # The list's sort orders, each one a keyset.
            models.Index(fields=["organization", "sort_name", "id"], name="company_by_name"),
            models.Index(fields=["organization", "created_at", "id"], name="company_by_created"),
            models.Index(fields=["organization", "last_pull_at", "id"], name="company_by_pull"),
            GinIndex(fields=["sort_name"], opclasses=["gin_trgm_ops"], name="company_name_search"),
            GinIndex(fields=["tags"], opclasses=["jsonb_path_ops"], name="company_by_tags"),
        ]

    def __str__(self) -> str:
        return self.name
