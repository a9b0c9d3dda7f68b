"""Who may do what: one table, asked by views, templates and the API alike."""

from enum import StrEnum
from types import MappingProxyType

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    ONBOARDING = "onboarding", pgettext_lazy("role", "Onboarding")
    ADVISOR = "advisor", pgettext_lazy("role", "Advisor")
    ANALYST = "analyst", pgettext_lazy("role", "Analyst")
    DEVELOPER = "developer", pgettext_lazy("role", "Developer")
    ADMINISTRATOR = "administrator", pgettext_lazy("role", "Administrator")


#: What a role is for, in the words of the page on which it is given.
DESCRIPTIONS = MappingProxyType(
    {
        Role.ONBOARDING: _("Adds companies and sends Link URLs; sees no accounting data."),
        Role.ADVISOR: _("Also sees the companies’ data."),
        Role.ANALYST: _("Also deletes companies."),
        Role.DEVELOPER: _("Also unlinks connections and changes all settings but the team."),
        Role.ADMINISTRATOR: _("May do everything, and decides who belongs to the team."),
    }
)


class Right(StrEnum):
    EDIT_COMPANIES = "edit_companies"
    DELETE_COMPANIES = "delete_companies"
    ADD_CONNECTIONS = "add_connections"
    REMOVE_CONNECTIONS = "remove_connections"
    SEE_DATA = "see_data"
    REFRESH_DATA = "refresh_data"
    UPLOAD_FILES = "upload_files"
    EDIT_SETTINGS = "edit_settings"
    MANAGE_API_KEYS = "manage_api_keys"
    SEE_WEBHOOKS = "see_webhooks"
    SEE_AUDIT_LOG = "see_audit_log"
    MANAGE_TEAM = "manage_team"


_EVERYONE = frozenset(Role)
_SEES_DATA = _EVERYONE - {Role.ONBOARDING}
_BUILDERS = frozenset({Role.DEVELOPER, Role.ADMINISTRATOR})

#: The rights table of the product; docs/operate.md prints it.
RIGHTS = MappingProxyType(
    {
        Right.EDIT_COMPANIES: _EVERYONE,
        Right.DELETE_COMPANIES: _BUILDERS | {Role.ANALYST},
        Right.ADD_CONNECTIONS: _EVERYONE,
        Right.REMOVE_CONNECTIONS: _BUILDERS,
        Right.SEE_DATA: _SEES_DATA,
        Right.REFRESH_DATA: _EVERYONE,
        Right.UPLOAD_FILES: _EVERYONE,
        Right.EDIT_SETTINGS: _BUILDERS,
        Right.MANAGE_API_KEYS: _BUILDERS,
        Right.SEE_WEBHOOKS: _BUILDERS | {Role.ANALYST},
        Right.SEE_AUDIT_LOG: _BUILDERS,
        Right.MANAGE_TEAM: frozenset({Role.ADMINISTRATOR}),
    }
)


def is_allowed(role: str, right: Right) -> bool:
    return role in RIGHTS[right]
