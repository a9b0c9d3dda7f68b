"""An organization's registrations at platforms: keep them, test them, switch them on and off."""

from collections.abc import Mapping

from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from companies import audit, events, tenancy
from companies.models import AuditKind, EventType, Organization, User
from connections.models import Integration
from connections.offers import PlatformSettings, find_settings, unset
from connections.platforms import get_platform
from connections.platforms.base import Environment, OAuthPlatform, PlatformError
from connections.registration import app_of, http_client, sealed_secret
from connections.wording import in_words
from portal.crypto import Undecryptable

#: What the audit log tells of a registration; of the secret only that it was changed.
_AUDITED = ("is_enabled", "client_id", "scopes", "environment")


class NotRegistered(Exception):
    """Customers cannot be sent to a platform that does not know us."""


def switch(organization: Organization, key: str, *, on: bool, actor: User | None) -> None:
    """Offer a platform on the Link pages, or no longer; what is linked stays linked.

    :raises KeyError: when there is no such platform here.
    :raises NotRegistered: when it is to be offered without client id and secret.
    """
    settings = find_settings(organization.pk, key)
    if on and not settings.is_registered:
        raise NotRegistered(
            _("%(platform)s needs a client id and a client secret before it can be offered.")
            % {"platform": settings.name}
        )
    with tenancy.entered(organization.pk):
        _write(organization, settings, {"is_enabled": on}, actor)
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
    with tenancy.entered(organization.pk):
        if client_secret:
            values["client_secret"] = sealed_secret(settings.integration, client_secret)
        _write(organization, settings, values, actor)
        what = "the client secret and registration" if client_secret else "the registration"
        _record(organization, f"changed {what} at {settings.name}", actor)


def check_registration(organization: Organization, key: str) -> str:
    """Ask the platform whether it knows the registration; return why not, or nothing.

    What is returned is in the language of whoever asks, what is kept is not.

    Call it outside transactions: it waits for another server.

    :raises KeyError: when there is no such platform here, or it needs no registration.
    """
    platform = get_platform(key)
    if not issubclass(platform, OAuthPlatform):
        raise KeyError(key)
    kept = shown = ""
    try:
        app = app_of(find_settings(organization.pk, key).integration)
        platform.check_registration(http_client(key, app), app)
    except PlatformError as error:
        kept, shown = error.message, in_words(error)
    except Undecryptable:
        kept = gettext_noop(
            "The key that the client secret was encrypted with is gone: enter it again."
        )
        shown = _(kept)
    with tenancy.entered(organization.pk):
        Integration.objects.within(organization.pk).filter(platform=key).update(
            checked_at=Now(), check_message=kept[:400]
        )
    return shown


def _write(
    organization: Organization,
    settings: PlatformSettings,
    values: Mapping[str, object],
    actor: User | None,
) -> None:
    held = Integration.objects.within(organization.pk).select_for_update()
    before = held.filter(platform=settings.key).first() or unset(organization.pk, settings.key)
    audited = {name: getattr(before, name) for name in _AUDITED}
    Integration.objects.within(organization.pk).update_or_create(
        organization=organization,
        platform=settings.key,
        defaults={**values, "changed_at": Now(), "changed_by": actor},
        create_defaults={
            "is_enabled": before.is_enabled,
            "environment": before.environment,
            **values,
            "changed_by": actor,
        },
    )
    has_new_secret = "client_secret" in values
    audit.record(
        AuditKind.INTEGRATION,
        gettext_noop("changed"),
        organization_id=organization.pk,
        object_id=settings.key,
        label=settings.name,
        actor=actor,
        before=audited,
        after={name: values.get(name, was) for name, was in audited.items()}
        | ({"client_secret": audit.SECRET} if has_new_secret else {}),
    )


def _record(organization: Organization, summary: str, actor: User | None) -> None:
    events.record(
        EventType.SETTINGS_CHANGED,
        organization_id=organization.pk,
        actor=actor,
        summary=summary,
    )
