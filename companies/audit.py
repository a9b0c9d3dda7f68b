"""The audit log: who changed which setting, written in the transaction that changed it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from companies.models import Actor, AuditEntry, AuditKind, Program, key_of, name_of, person
from portal.wording import source_text

#: Stands for the value of a secret, which is never written down.
SECRET = "changed"  # noqa: S105 - a word instead of the secret

_LABEL_LENGTH = 200


def record(
    kind: AuditKind,
    action: str,
    *,
    organization_id: UUID,
    label: str,
    actor: Actor | None,
    object_id: object = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    is_support: bool = False,
) -> AuditEntry | None:
    """Write who did what to which object; call it inside the transaction that does it.

        audit.record(
            AuditKind.LINK_SETTINGS,
            "changed",
            organization_id=organization.pk,
            label="Branding",
            actor=request.user,
            before={"color": "#1a56c9"},
            after={"color": "#0f4c5c", "logo": audit.SECRET},
        )

    `before` and `after` map members to what JSON can hold. Give all of them: only those that differ
    are kept, and when none differs nothing is written and None is returned. Leave `before` out for
    what is new, `after` for what is gone. Never give a secret: say `audit.SECRET` in `after` where
    it was entered anew. Without an actor it was the system; `is_support` marks operators' staff.
    """
    if before is not None and after is not None:
        missing = object()
        names = [
            name
            for name in dict.fromkeys([*before, *after])
            if before.get(name, missing) != after.get(name, missing)
        ]
        if not names:
            return None
        before = {name: before[name] for name in names if name in before}
        after = {name: after[name] for name in names if name in after}
    actor_kind = _kind_of(actor)
    if is_support:
        actor_kind = AuditEntry.ActorKind.SUPPORT
    return AuditEntry.objects.create(
        organization_id=organization_id,
        actor_kind=actor_kind,
        actor=person(actor),
        actor_name=name_of(actor) or source_text(actor_kind.label),
        actor_key_id=key_of(actor),
        action=action,
        kind=kind,
        object_id=str(object_id),
        label=label[:_LABEL_LENGTH],
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
    )


def _kind_of(actor: Actor | None) -> AuditEntry.ActorKind:
    if isinstance(actor, Program):
        return AuditEntry.ActorKind.API_KEY
    return AuditEntry.ActorKind.MEMBER if actor else AuditEntry.ActorKind.SYSTEM
