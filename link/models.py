from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Now, TruncWeek
from django.utils.translation import gettext as _

from companies.models import Company, Organization, TenantQuerySet, User
from companies.rls import RowLevelSecurity, SameOrganization
from connections.models import LinkUrl
from link import colours


class LinkSettingsQuerySet(TenantQuerySet["LinkSettings"]):
    def without_logo(self) -> Self:
        return self.defer("logo")


class LinkSettings(models.Model):
    """How an organization's Link pages look, what they say and where they lead in the end.

    An organization without a row has what the fields' defaults say.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.OneToOneField(Organization, on_delete=models.DB_CASCADE, related_name="+")

    #: Instead of the organization's own name.
    display_name = models.CharField(max_length=120, blank=True, default="")
    #: Of buttons, as `#1a56c9`; empty keeps the portal's.
    primary_colour = models.CharField(max_length=7, blank=True, default="")
    #: Encoded anew when it was taken: see `link.logos`.
    logo = models.BinaryField(null=True)
    logo_type = models.CharField(max_length=20, blank=True, default="")
    #: Names this very picture in addresses, so that browsers may keep it.
    logo_digest = models.CharField(max_length=16, blank=True, default="")

    shows_landing = models.BooleanField(default=True)
    landing_title = models.CharField(max_length=120, blank=True, default="")
    landing_body = models.TextField(blank=True, default="")

    consent_purpose = models.TextField(blank=True, default="")
    consent_access = models.TextField(blank=True, default="")
    consent_account_information = models.TextField(blank=True, default="")
    consent_platform_data = models.TextField(blank=True, default="")
    consent_retention = models.TextField(blank=True, default="")
    terms_url = models.CharField(max_length=500, blank=True, default="")

    #: Of the page behind the invite URL.
    invite_title = models.CharField(max_length=120, blank=True, default="", db_default="")
    invite_body = models.TextField(blank=True, default="", db_default="")
    #: What whoever wants to leave without linking reads.
    exit_text = models.TextField(blank=True, default="", db_default="")
    #: Whom customers turn to when they are stuck.
    help_text = models.TextField(blank=True, default="", db_default="")
    #: Where the organization says how it keeps data safe.
    security_url = models.CharField(max_length=500, blank=True, default="", db_default="")
    terms_text = models.TextField(blank=True, default="", db_default="")
    #: The badge at the end of each page.
    shows_badge = models.BooleanField(default=True, db_default=True)

    offers_upload = models.BooleanField(default=True, db_default=True)
    upload_text = models.TextField(blank=True, default="", db_default="")

    shows_sandbox = models.BooleanField(default=True)
    warns_on_phones = models.BooleanField(default=False)
    #: With placeholders in braces: see `link.redirects`.
    redirect_url = models.CharField(max_length=1000, blank=True, default="")

    invites = models.BooleanField(default=True)
    #: The invite URL is derived from it; another one ends the old URL.
    invite_id = models.UUIDField(default=uuid4, unique=True)

    changed_at = models.DateTimeField(db_default=Now())
    changed_by = models.ForeignKey(User, null=True, on_delete=models.DB_SET_NULL, related_name="+")

    objects = LinkSettingsQuerySet.as_manager()

    class Meta:
        constraints = [RowLevelSecurity(name="linksettings_isolation", system_reads=True)]

    def __str__(self) -> str:
        return f"Link settings of {self.organization_id}"

    @property
    def name(self) -> str:
        """Who asks, in the customer's eyes."""
        return self.display_name or self.organization.name

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper()

    @property
    def colour(self) -> str:
        """The primary colour as it stands in addresses."""
        return self.primary_colour.removeprefix("#")

    @property
    def contrast(self) -> colours.Contrast | None:
        return colours.contrast_on(self.primary_colour) if self.primary_colour else None

    @property
    def consent(self) -> list[tuple[str, str]]:
        """The sections that say something, with their headings."""
        sections = [
            (_("Purpose"), self.consent_purpose),
            (_("Access"), self.consent_access),
            (_("Account information"), self.consent_account_information),
            (_("Platform data"), self.consent_platform_data),
            (_("Retention"), self.consent_retention),
        ]
        return [(heading, text) for heading, text in sections if text]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelWeek:
    """Of the companies that opened their Link URL in a week: how many chose, and authorized."""

    #: Its Monday.
    week: datetime
    opened: int
    chose: int
    authorized: int


class LinkVisitQuerySet(TenantQuerySet["LinkVisit"]):
    def of(self, link_url_id: object, browser_hash: bytes) -> Self:
        return self.filter(link_url=link_url_id, browser_hash=browser_hash)

    def funnel(self, organization: Organization, since: datetime) -> list["FunnelWeek"]:
        """Count companies by the week in which they opened their Link URL, and how far they came.

        Companies that had something linked already come to manage it: they are left out.
        """
        weeks = (
            self.within(organization)
            .filter(was_linked=False, opened_at__gte=since)
            .annotate(week=TruncWeek("opened_at"))
            .values("week")
            .annotate(
                opened=Count("company", distinct=True),
                chose=Count("company", distinct=True, filter=Q(chose_at__isnull=False)),
                authorized=Count("company", distinct=True, filter=Q(authorized_at__isnull=False)),
            )
            .order_by("week")
        )
        return [FunnelWeek(**each) for each in weeks]


class LinkVisit(models.Model):
    """A browser in which a Link URL was opened: what it brought along and how far it came."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.DB_CASCADE, related_name="+")
    link_url = models.ForeignKey(LinkUrl, on_delete=models.DB_CASCADE, related_name="+")
    browser_hash = models.BinaryField()
    #: The Link URL's own query, for the address the customer is sent to in the end.
    parameters = models.JSONField(default=dict)
    #: Whether something was linked when it was opened: such a customer comes to manage it.
    was_linked = models.BooleanField(default=False)
    opened_at = models.DateTimeField(db_default=Now())
    chose_at = models.DateTimeField(null=True)
    authorized_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    #: What came of it last, in the redirect's words; nothing while nothing was tried.
    status_code = models.PositiveSmallIntegerField(null=True)
    status_text = models.CharField(max_length=200, blank=True, default="")
    #: By id alone: the visit outlives the connection.
    connection_id = models.UUIDField(null=True)

    objects = LinkVisitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link_url", "browser_hash"], name="linkvisit_once_per_browser"
            ),
            SameOrganization(field="company", name="linkvisit_same_organization"),
            RowLevelSecurity(name="linkvisit_isolation"),
        ]
        indexes = [
            models.Index(fields=["organization", "opened_at"], name="linkvisit_by_opening"),
        ]

    def __str__(self) -> str:
        return f"visit of {self.company_id} at {self.opened_at:%Y-%m-%d %H:%M}"
