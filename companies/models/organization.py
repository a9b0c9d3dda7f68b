from typing import Self
from uuid import UUID, uuid4

from django.db import models
from django.db.models.functions import Now

from companies.models.user import User
from companies.rls import RowLevelSecurity
from companies.roles import Right, Role, is_allowed


class TenantQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows that belong to one organization."""

    def within(self, organization: "Organization | UUID") -> Self:
        return self.filter(organization=organization)


class Organization(models.Model):
    """A tenant: the lender or fintech whose staff use the portal."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    #: Whether members who may change settings are told by e-mail of what fails.
    emails_failures = models.BooleanField(default=True, db_default=True)
    #: Whether a Link URL needs a code that is good once: see `connections.one_time`.
    uses_one_time_links = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        User, through="Membership", related_name="organizations"
    )

    class Meta:
        constraints = [
            RowLevelSecurity(
                name="organization_isolation",
                using=(
                    "id = {organization} OR EXISTS (SELECT 1 FROM companies_membership m "
                    "WHERE m.organization_id = companies_organization.id AND m.user_id = {user})"
                ),
                system_reads=("id", "slug", "name"),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper()


class MembershipQuerySet(TenantQuerySet["Membership"]):
    def enabled(self) -> Self:
        return self.filter(is_enabled=True, user__is_active=True)

    def of(self, user: User) -> Self:
        return self.enabled().filter(user=user)

    def administrating(self) -> Self:
        return self.enabled().filter(role=Role.ADMINISTRATOR)


class Membership(models.Model):
    """A person's role in one organization; a person may belong to several."""

    organization = models.ForeignKey(
        Organization, on_delete=models.DB_CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.DB_CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    #: A member who is switched off does not find the organization any more.
    is_enabled = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="membership_once_per_organization"
            ),
            RowLevelSecurity(
                name="membership_isolation",
                using="organization_id = {organization} OR user_id = {user}",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display()}"

    @property
    def can(self) -> dict[str, bool]:
        """Answer each right by name, for templates: `{% if can.edit_settings %}`."""
        return {right.value: is_allowed(self.role, right) for right in Right}
