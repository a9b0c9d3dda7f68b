"""An organization's Link settings: read, save, and what else is done to them."""

from typing import Any
from uuid import UUID, uuid4

from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from companies import audit, events, tenancy
from companies.models import Actor, AuditKind, EventType, Organization, User, person
from link import logos
from link.models import LinkSettings

#: The picture itself, of which the digest tells, and what the invite URL is derived from.
_UNAUDITED = frozenset({"logo", "invite_id"})


def settings_of(organization: Organization) -> LinkSettings:
    """Return what holds: what was saved, or else what the defaults say. The logo stays behind."""
    with tenancy.entered(organization.pk):
        found = (
            LinkSettings.objects.within(organization)
            .without_logo()
            .select_related("organization", "changed_by")
            .first()
        )
    return found or LinkSettings(organization=organization)


def save_link_settings(
    organization: Organization, values: dict[str, Any], *, what: str, actor: Actor | None
) -> LinkSettings:
    """Keep the values by the names of the model's fields; the others stay as they are.

    Every change of the settings comes through here. ``what`` says it in words: "the logo".
    """
    with tenancy.entered(organization.pk):
        was = stored(organization)
        LinkSettings.objects.within(organization).update_or_create(
            organization=organization,
            defaults={**values, "changed_at": Now(), "changed_by": person(actor)},
        )
        audited = [name for name in values if name not in _UNAUDITED]
        audit.record(
            AuditKind.LINK_SETTINGS,
            gettext_noop("changed"),
            organization_id=organization.pk,
            object_id=was.pk,
            label=what,
            actor=actor,
            before={name: getattr(was, name) for name in audited},
            after={name: values[name] for name in audited}
            | ({"invite_url": audit.SECRET} if "invite_id" in values else {}),
        )
        events.record(
            EventType.SETTINGS_CHANGED,
            organization_id=organization.pk,
            actor=actor,
            summary=f"changed {what} of the Link pages",
        )
    return settings_of(organization)


def save_logo(organization: Organization, content: bytes, *, actor: User | None) -> None:
    """Keep a picture as the logo.

    :raises NotALogo: when it is none.
    """
    logo = logos.read(content)
    values = {"logo": logo.content, "logo_type": logo.media_type, "logo_digest": logo.digest}
    save_link_settings(organization, values, what="the logo", actor=actor)


def remove_logo(organization: Organization, *, actor: User | None) -> None:
    values = {"logo": None, "logo_type": "", "logo_digest": ""}
    save_link_settings(organization, values, what="the logo", actor=actor)


def renew_invite(organization: Organization, *, actor: User | None) -> None:
    """Replace the invite URL: the old one leads nowhere from now on."""
    save_link_settings(organization, {"invite_id": uuid4()}, what="the invite URL", actor=actor)


def switch_invites(organization: Organization, *, on: bool, actor: User | None) -> None:
    """Let the invite URL lead to its page, or nowhere."""
    save_link_settings(organization, {"invites": on}, what="the invite URL", actor=actor)


def switch_one_time(organization: Organization, *, on: bool, actor: User) -> None:
    """Let Link URLs open once, by a code, or again as often as wanted.

    Switched on, what was handed out before opens nothing any more.
    """
    with tenancy.entered(organization.pk):
        held = Organization.objects.select_for_update().get(pk=organization.pk)
        was, held.uses_one_time_links = held.uses_one_time_links, on
        held.save(update_fields=["uses_one_time_links"])
        changed = audit.record(
            AuditKind.LINK_SETTINGS,
            gettext_noop("changed"),
            organization_id=organization.pk,
            object_id=stored(organization).pk,
            label="one-time Link URLs",
            actor=actor,
            before={"one_time_link_urls": was},
            after={"one_time_link_urls": on},
        )
        if changed:
            events.record(
                EventType.SETTINGS_CHANGED,
                organization_id=organization.pk,
                actor=actor,
                summary=f"switched one-time Link URLs {'on' if on else 'off'}",
            )
    organization.uses_one_time_links = on


def stored(organization: Organization) -> LinkSettings:
    """Return the settings as a row, so that something can be derived from it; made if need be."""
    with tenancy.entered(organization.pk):
        found, _ = LinkSettings.objects.within(organization).get_or_create(
            organization=organization
        )
    return found


def find_logo(settings_id: UUID, digest: str) -> logos.Logo | None:
    """Return the logo that an address names, whoever asks: it stands on pages without sign-in."""
    with tenancy.system():
        found = LinkSettings.objects.filter(pk=settings_id, logo_digest=digest).first()
    if found is None or found.logo is None:
        return None
    return logos.Logo(bytes(found.logo), found.logo_type)


def find_invite(invite_id: UUID) -> LinkSettings | None:
    """Return the settings whose invite URL this is, while it is switched on."""
    with tenancy.system():
        return LinkSettings.objects.filter(invite_id=invite_id, invites=True).without_logo().first()
