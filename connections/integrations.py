"""Which platforms an organization's customers may link, and its registrations there."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count
from django.db.models.functions import Now

from companies import events, tenancy
from companies.models import EventType, Organization, User
from connections.models import Connection, Integration
from connections.platforms import PLATFORMS, get_platform
from connections.platforms.base import (
    CredentialPlatform,
    Environment,
    OAuthPlatform,
    Platform,
    PlatformError,
)
from connections.registration import (
    SANDBOX,
    app_of,
    http_client,
    opened_secret,
    sealed_secret,
    stand_in,
)
from connections.schemas import DataType


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What a platform can do with one data type."""

    data_type: DataType
    is_supported: bool
    #: Later pulls bring what changed, deletions included, instead of everything.
    is_incremental: bool


class NotRegistered(Exception):
    """Customers cannot be sent to a platform that does not know us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """A platform and what an organization has set for it."""

    platform: type[Platform]
    integration: Integration
    #: Connections that are linked now.
    linked: int = 0

    @property
    def key(self) -> str:
        return self.platform.key

    @property
    def name(self) -> str:
        return self.platform.name

    @property
    def is_enabled(self) -> bool:
        return self.integration.is_enabled

    @property
    def is_offered(self) -> bool:
        """Whether customers find it on their Link page."""
        return self.is_enabled and self.is_registered

    @property
    def access(self) -> str:
        return self.platform.access

    @property
    def lapses_after_days(self) -> int | None:
        """After so many days without a pull the authorization ends by itself."""
        lapses_after = self.platform.lapses_after
        return lapses_after.days if lapses_after else None

    @property
    def setup(self) -> tuple[str, ...]:
        return self.platform.setup

    @property
    def scopes(self) -> tuple[str, ...]:
        """What is asked for unless the organization says otherwise."""
        return self.platform.scopes if issubclass(self.platform, OAuthPlatform) else ()

    @property
    def environments(self) -> tuple[Environment, ...]:
        if issubclass(self.platform, OAuthPlatform):
            return self.platform.environments
        return ("production",)

    @property
    def asked_for(self) -> list[str]:
        """What customers type in on the Link page, where the platform has no consent page."""
        if not issubclass(self.platform, CredentialPlatform):
            return []
        return [field.label for field in self.platform.fields]

    @property
    def data_type_count(self) -> int:
        return len(self.platform.data_types)

    @property
    def features(self) -> list[Feature]:
        return [
            Feature(
                data_type=data_type,
                is_supported=data_type in self.platform.data_types,
                is_incremental=data_type in self.platform.incremental,
            )
            for data_type in DataType
        ]

    @property
    def needs_registration(self) -> bool:
        """Whether somebody has to register with the vendor before customers can link."""
        return self.platform.redirects and self.key != SANDBOX

    @property
    def is_registered(self) -> bool:
        has_secret = self.integration.client_secret is not None
        return not self.needs_registration or bool(self.integration.client_id and has_secret)

    @property
    def masked_secret(self) -> str:
        """The secret's last four characters, so that two can be told apart; never more."""
        secret = opened_secret(self.integration)
        return f"••••{secret[-4:]}" if len(secret) >= _MASKED_FROM else "••••" if secret else ""


#: Of a shorter secret not even the end is shown.
_MASKED_FROM = 12


def platform_settings(organization_id: UUID) -> list[PlatformSettings]:
    """Return every platform this installation can reach, by name."""
    with tenancy.entered(organization_id):
        found = {
            each.platform: each
            for each in Integration.objects.within(organization_id).select_related("changed_by")
        }
        linked = dict(
            Connection.objects.within(organization_id)
            .linked()
            .values_list("platform")
            .annotate(count=Count("id"))
            .order_by()
        )
    return sorted(
        (
            PlatformSettings(
                platform=platform,
                integration=found.get(key) or _unset(organization_id, key),
                linked=linked.get(key, 0),
            )
            for key, platform in PLATFORMS.items()
            if key != SANDBOX or stand_in(key)
        ),
        key=lambda each: each.name.casefold(),
    )


def find_settings(organization_id: UUID, key: str) -> PlatformSettings:
    """:raises KeyError: when there is no such platform here."""
    for each in platform_settings(organization_id):
        if each.key == key:
            return each
    raise KeyError(key)


def enabled_platforms(organization_id: UUID) -> list[type[Platform]]:
    """Return what customers may link, by name."""
    return [each.platform for each in platform_settings(organization_id) if each.is_offered]


def platform_choices(organization_id: UUID) -> list[tuple[str, str]]:
    """Return key and name of each: templates would call a class instead of showing it."""
    return [(platform.key, platform.name) for platform in enabled_platforms(organization_id)]


def is_offered(organization_id: UUID, key: str) -> bool:
    return any(platform.key == key for platform in enabled_platforms(organization_id))


def switch(organization: Organization, key: str, *, on: bool, actor: User | None) -> None:
    """Offer a platform on the Link pages, or no longer; what is linked stays linked.

    :raises KeyError: when there is no such platform here.
    :raises NotRegistered: when it is to be offered without client id and secret.
    """
    settings = find_settings(organization.pk, key)
    if on and not settings.is_registered:
        raise NotRegistered(
            f"{settings.name} needs a client id and a client secret before it can be offered."
        )
    with tenancy.entered(organization.pk):
        _write(organization, key, {"is_enabled": on}, actor)
        _record(organization, f"switched {settings.name} {'on' if on else 'off'}", actor)


def save_registration(
    organization: Organization,
    key: str,
    *,
    client_id: str,
    client_secret: str | None,
    scopes: str,
    environment: Environment,
    actor: User | None,
) -> None:
    """Keep the registration; without a secret the one that is kept stays.

    :raises KeyError: when there is no such platform here.
    """
    settings = find_settings(organization.pk, key)
    values: dict[str, object] = {
        "client_id": client_id,
        "scopes": scopes,
        "environment": environment,
        "checked_at": None,
        "check_message": "",
    }
    if client_secret:
        values["client_secret"] = sealed_secret(settings.integration, client_secret)
    with tenancy.entered(organization.pk):
        _write(organization, key, values, actor)
        what = "the client secret and registration" if client_secret else "the registration"
        _record(organization, f"changed {what} at {settings.name}", actor)


def check_registration(organization: Organization, key: str) -> str:
    """Ask the platform whether it knows the registration; return why not, or nothing.

    Call it outside transactions: it waits for another server.

    :raises KeyError: when there is no such platform here, or it needs no registration.
    """
    platform = get_platform(key)
    if not issubclass(platform, OAuthPlatform):
        raise KeyError(key)
    settings = find_settings(organization.pk, key)
    app = app_of(settings.integration)
    message = ""
    try:
        platform.check_registration(http_client(key, app), app)
    except PlatformError as error:
        message = error.message
    with tenancy.entered(organization.pk):
        Integration.objects.within(organization.pk).filter(platform=key).update(
            checked_at=Now(), check_message=message[:400]
        )
    return message


def _unset(organization_id: UUID, key: str) -> Integration:
    """Return what holds before anybody sets anything: only the sandbox is offered."""
    return Integration(
        organization_id=organization_id,
        platform=key,
        is_enabled=key == SANDBOX,
        environment="sandbox" if key == SANDBOX else "production",
    )


def _write(
    organization: Organization, key: str, values: Mapping[str, object], actor: User | None
) -> None:
    unset = _unset(organization.pk, key)
    Integration.objects.within(organization.pk).update_or_create(
        organization=organization,
        platform=key,
        defaults={**values, "changed_at": Now(), "changed_by": actor},
        create_defaults={
            "is_enabled": unset.is_enabled,
            "environment": unset.environment,
            **values,
            "changed_by": actor,
        },
    )


def _record(organization: Organization, summary: str, actor: User | None) -> None:
    events.record(
        EventType.SETTINGS_CHANGED,
        organization_id=organization.pk,
        actor=actor,
        summary=summary,
    )
