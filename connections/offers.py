"""Which platforms an organization's customers may link, and what each of them can give."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count

from companies import tenancy
from connections.models import Connection, Integration
from connections.platforms import PLATFORMS
from connections.platforms.base import (
    CredentialPlatform,
    Environment,
    OAuthPlatform,
    Platform,
)
from connections.registration import SANDBOX, opened_secret, stand_in
from connections.schemas import DataType
from connections.words import translated
from portal.crypto import Undecryptable


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What a platform can do with one data type."""

    data_type: DataType
    is_supported: bool
    #: Later pulls bring what changed, deletions included, instead of everything.
    is_incremental: bool


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
        return self.is_enabled and self.is_registered and self._can_be_asked

    @property
    def access(self) -> str:
        return translated(self.platform.access)

    @property
    def lapses_after_days(self) -> int | None:
        """After so many days without contact the authorization ends by itself."""
        lapses_after = self.platform.lapses_after
        return lapses_after.days if lapses_after else None

    @property
    def setup(self) -> tuple[str, ...]:
        return tuple(translated(step) for step in self.platform.setup)

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
        return [translated(field.label) for field in self.platform.fields]

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
    def gives_extra_data(self) -> bool:
        """Whether anything can be configured beyond the standard data."""
        return bool(self.platform.supplemental) or self.platform.has_custom_types

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
        """The secret's last four characters, so that two can be told apart; never more.

        Nothing where its key is gone: then it has to be entered again.
        """
        secret = self._secret
        return f"••••{secret[-4:]}" if len(secret) >= _MASKED_FROM else "••••" if secret else ""

    @property
    def _can_be_asked(self) -> bool:
        """Whether a customer who was sent there could get through."""
        return not self.needs_registration or bool(self._secret)

    @property
    def _secret(self) -> str:
        """The client secret; nothing where its key is gone."""
        try:
            return opened_secret(self.integration)
        except Undecryptable:
            return ""


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
                integration=found.get(key) or unset(organization_id, key),
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


def unset(organization_id: UUID, key: str) -> Integration:
    """Return what holds before anybody sets anything: only the sandbox is offered."""
    return Integration(
        organization_id=organization_id,
        platform=key,
        is_enabled=key == SANDBOX,
        environment="sandbox" if key == SANDBOX else "production",
    )
