"""Who belongs to an organization: invite, join, give a role, switch off and on, remove."""

import logging
from datetime import timedelta
from functools import partial
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from companies import audit, events, tenancy
from companies.models import (
    AuditEntry,
    AuditKind,
    Invitation,
    Membership,
    Organization,
    User,
)
from companies.roles import Role
from portal import mail

logger = logging.getLogger(__name__)

VALID_FOR = timedelta(days=7)
#: Sign-up is open: without a limit an organization could fill strangers' mailboxes.
EMAILS_PER_DAY = 100
_SALT = "ledgerport.invitation"
_SENT, _SENT_AGAIN = gettext_noop("sent"), gettext_noop("sent again")
ASKED_TO_CONFIRM = gettext_noop("asked to confirm a new address")


class Refused(Exception):
    """It cannot be done, for a reason fit for the person who asked."""


class LastAdministrator(Refused):
    """Without an Administrator nobody could manage the organization any more."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "An organization needs one Administrator who can sign in. "
                "Make somebody else Administrator first."
            )
        )


class Gone(Exception):
    """The invitation was answered, withdrawn or is too old."""


def invite(
    organization: Organization, *, email: str, name: str, role: Role, actor: User
) -> Invitation:
    """Ask somebody to join; the e-mail leaves once this is committed.

    :raises Refused: when they belong to the organization or are invited already.
    """
    email = email.lower()
    with tenancy.entered(organization.pk):
        _alone(organization.pk)
        if Membership.objects.within(organization).filter(user=account_of(email)).exists():
            raise Refused(
                _("%(email)s belongs to %(organization)s already: see the list.")
                % {"email": email, "organization": organization.name}
            )
        if Invitation.objects.within(organization).filter(email=email).exists():
            raise Refused(
                _("%(email)s is invited already. You can send the invitation again.")
                % {"email": email}
            )
        check_limit(organization.pk)
        invitation = Invitation.objects.create(
            organization=organization,
            email=email,
            name=name,
            role=role,
            invited_by=actor,
            expires_at=timezone.now() + VALID_FOR,
        )
        _record_invitation(invitation, _SENT, actor, after={"role": role})
        _send_after_commit(invitation)
    return invitation


def send_again(invitation: Invitation, *, actor: User) -> None:
    """Send the e-mail once more; its link is good for a week again.

    :raises Refused: when it was answered meanwhile, or too many e-mails left today.
    """
    with tenancy.entered(invitation.organization_id):
        invitation = _held_invitation(invitation)
        check_limit(invitation.organization_id)
        invitation.expires_at = timezone.now() + VALID_FOR
        invitation.sent_at = None
        invitation.save(update_fields=["expires_at", "sent_at"])
        _record_invitation(invitation, _SENT_AGAIN, actor)
        _send_after_commit(invitation)


def withdraw(invitation: Invitation, *, actor: User) -> None:
    """Let the link in the e-mail lead nowhere.

    :raises Refused: when it was answered meanwhile.
    """
    with tenancy.entered(invitation.organization_id):
        invitation = _held_invitation(invitation)
        _record_invitation(
            invitation, gettext_noop("withdrawn"), actor, before={"role": invitation.role}
        )
        invitation.delete()


def find_invitation(token: str) -> Invitation:
    """Return the invitation that the link in an e-mail names.

    :raises Gone: when it cannot be accepted any more, or never could.
    """
    try:
        organization_id, invitation_id = map(UUID, signing.loads(token, salt=_SALT))
    except (signing.BadSignature, ValueError) as error:
        raise Gone from error
    with tenancy.entered(organization_id):
        invitation = (
            Invitation.objects.within(organization_id)
            .select_related("organization", "invited_by")
            .filter(pk=invitation_id, expires_at__gt=timezone.now())
            .first()
        )
    if invitation is None:
        raise Gone
    return invitation


def send_invitation(invitation: Invitation) -> None:
    """Send, and remember that it left; the page tells when it has not."""
    context = {"invitation": invitation, "action_url": invitation_url(invitation)}
    try:
        mail.send("invitation", to=invitation.email, context=context)
    except OSError as refused:
        logger.error("invitation %s was not sent: %s", invitation.pk, refused)  # noqa: TRY400 one line says it
        return
    with tenancy.entered(invitation.organization_id):
        Invitation.objects.within(invitation.organization_id).filter(pk=invitation.pk).update(
            sent_at=Now()
        )


def invitation_url(invitation: Invitation) -> str:
    token = signing.dumps([str(invitation.organization_id), str(invitation.pk)], salt=_SALT)
    return f"{settings.BASE_URL}{reverse('invitation', args=[token])}"


def account_of(email: str) -> User | None:
    """Return whose e-mail address this is: who confirmed it, else who signed up with it."""
    confirmed = EmailAddress.objects.filter(email__iexact=email, verified=True).values("user")
    return (
        User.objects.filter(pk__in=confirmed).first()
        or User.objects.filter(email__iexact=email).first()
    )


def open_account(invitation: Invitation, *, name: str, password: str, time_zone: str) -> User:
    """Make the account of somebody who was invited, and let it join.

    Whoever has the link reads the mailbox it was sent to, so the address is confirmed.

    :raises Gone: when the invitation was withdrawn meanwhile.
    """
    with tenancy.entered(invitation.organization_id):
        claimed = _claimed(invitation)  # first: of two who open it at once, one makes the account
        user = User.objects.create_user(claimed.email, password, name=name, time_zone=time_zone)
        _join(claimed, user)
    return user


def accept(invitation: Invitation, *, user: User) -> None:
    """Let somebody who was invited join.

    :raises Gone: when the invitation was withdrawn or answered meanwhile.
    """
    with tenancy.entered(invitation.organization_id):
        _join(_claimed(invitation), user)


def change_role(membership: Membership, role: Role, *, actor: User) -> None:
    """Give a member another role.

    :raises LastAdministrator: when nobody could manage the organization any more.
    """
    with tenancy.entered(membership.organization_id):
        member = held(membership)
        if role != Role.ADMINISTRATOR:
            _keep_an_administrator(member)
        _change(member, actor, role=role)


def switch(membership: Membership, *, on: bool, actor: User) -> None:
    """Close the organization to a member, or open it again; their role stays.

    :raises LastAdministrator: when nobody could manage the organization any more.
    """
    with tenancy.entered(membership.organization_id):
        member = held(membership)
        if not on:
            _keep_an_administrator(member)
        _change(member, actor, is_enabled=on)


def remove(membership: Membership, *, actor: User) -> None:
    """End a membership; the person keeps their account and their other organizations.

    :raises LastAdministrator: when nobody could manage the organization any more.
    """
    with tenancy.entered(membership.organization_id):
        member = held(membership)
        _keep_an_administrator(member)
        record_member(
            member,
            gettext_noop("removed"),
            actor,
            before={"role": member.role, "is_enabled": member.is_enabled},
        )
        member.delete()
        events.announce(membership.organization_id, None)


def held(membership: Membership) -> Membership:
    """Return a member as they are now, and keep others from changing the team meanwhile."""
    _alone(membership.organization_id)
    members = Membership.objects.within(membership.organization_id).select_related("user")
    member = members.filter(pk=membership.pk).first()
    if member is None:
        raise Refused(_("They were removed meanwhile."))
    return member


def check_limit(organization_id: UUID) -> None:
    """Ask the audit log, which nobody can shorten.

    :raises Refused: when an organization has written to enough addresses for today.
    """
    sent = AuditEntry.objects.within(organization_id).filter(
        Q(kind=AuditKind.INVITATION, action__in=[_SENT, _SENT_AGAIN])
        | Q(kind=AuditKind.MEMBER, action=ASKED_TO_CONFIRM),
        at__gt=timezone.now() - timedelta(days=1),
    )
    if sent.count() >= EMAILS_PER_DAY:
        raise Refused(
            _("%(most)d e-mails left within a day, which is the limit. Go on tomorrow.")
            % {"most": EMAILS_PER_DAY}
        )


def record_member(
    member: Membership,
    action: str,
    actor: User,
    *,
    before: dict[str, str | bool],
    after: dict[str, str | bool] | None = None,
) -> None:
    audit.record(
        AuditKind.MEMBER,
        action,
        organization_id=member.organization_id,
        object_id=member.user_id,
        label=f"{member.user} ({member.user.email})",
        actor=actor,
        before=before,
        after=after,
    )


def _claimed(invitation: Invitation) -> Invitation:
    held = Invitation.objects.within(invitation.organization_id).select_for_update()
    current = held.filter(pk=invitation.pk, expires_at__gt=timezone.now()).first()
    if current is None:
        raise Gone
    return current


def _join(invitation: Invitation, user: User) -> None:
    EmailAddress.objects.update_or_create(
        user=user,
        email=invitation.email,
        defaults={"verified": True},
        create_defaults={"verified": True, "primary": user.email == invitation.email},
    )
    _, has_joined = Membership.objects.get_or_create(
        organization_id=invitation.organization_id, user=user, defaults={"role": invitation.role}
    )
    if has_joined:
        audit.record(
            AuditKind.MEMBER,
            gettext_noop("joined"),
            organization_id=invitation.organization_id,
            object_id=user.pk,
            label=f"{user} ({invitation.email})",
            actor=user,
            after={"role": invitation.role},
        )
    invitation.delete()


def _alone(organization_id: UUID) -> None:
    """Let one at a time change the team: what is checked stays true until the commit."""
    Organization.objects.select_for_update(no_key=True).get(pk=organization_id)


def _held_invitation(invitation: Invitation) -> Invitation:
    _alone(invitation.organization_id)
    invitations = Invitation.objects.within(invitation.organization_id).select_for_update(
        of=("self",)
    )
    current = invitations.select_related("organization").filter(pk=invitation.pk).first()
    if current is None:
        raise Refused(_("The invitation was answered or withdrawn meanwhile."))
    return current


def _keep_an_administrator(member: Membership) -> None:
    administrators = Membership.objects.within(member.organization_id).administrating()
    if not administrators.exclude(pk=member.pk).exists():
        raise LastAdministrator


def _change(member: Membership, actor: User, **values: str | bool) -> None:
    before = {name: getattr(member, name) for name in values}
    for name, value in values.items():
        setattr(member, name, value)
    member.save(update_fields=list(values))
    record_member(member, gettext_noop("changed"), actor, before=before, after=values)
    # Open pages of this person ask anew at once, and close.
    events.announce(member.organization_id, None)


def _send_after_commit(invitation: Invitation) -> None:
    transaction.on_commit(partial(send_invitation, invitation), robust=True)


def _record_invitation(
    invitation: Invitation,
    action: str,
    actor: User,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    audit.record(
        AuditKind.INVITATION,
        action,
        organization_id=invitation.organization_id,
        object_id=invitation.pk,
        label=str(invitation),
        actor=actor,
        before=before,
        after=after,
    )
