"""What a member is called and signs in with, corrected by an Administrator.

Name and address belong to the person, who takes them to every organization: see
docs/decisions/0011-administrators-propose-addresses.md.
"""

import logging
from functools import partial
from typing import NamedTuple
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from companies import tenancy
from companies.models import Membership, User
from companies.team import ASKED_TO_CONFIRM, Gone, Refused, check_limit, held, record_member
from portal import mail

logger = logging.getLogger(__name__)

VALID_FOR_SECONDS = 24 * 60 * 60
_SALT = "ledgerport.new-address"


class Shared(Refused):
    """The person is known elsewhere too, where this organization has no say."""

    def __init__(self, member: Membership) -> None:
        super().__init__(
            _(
                "%(member)s is not only yours: they change name and e-mail address themselves, "
                "under Account."
            )
            % {"member": member.user}
        )


class Taken(Exception):
    """The new address belongs to another account."""


class NewAddress(NamedTuple):
    """What the link in the e-mail proposes."""

    membership: Membership
    email: str


def is_editable(membership: Membership) -> bool:
    """Tell whether the person belongs to this organization alone."""
    user = membership.user
    with tenancy.as_user(user.pk):
        elsewhere = Membership.objects.filter(user=user).exclude(pk=membership.pk)
        return not (user.is_staff or user.is_superuser or elsewhere.exists())


def rename(membership: Membership, *, name: str, actor: User) -> None:
    """Correct a member's name.

    :raises Shared: when other organizations know the person by it too.
    """
    with tenancy.entered(membership.organization_id):
        member = _editable(membership)
        before = member.user.name
        member.user.name = " ".join(name.split())
        member.user.save(update_fields=["name"])
        record_member(
            member,
            gettext_noop("changed"),
            actor,
            before={"name": before},
            after={"name": member.user.name},
        )


def propose_address(membership: Membership, *, email: str, actor: User) -> None:
    """Ask a member to sign in with another address from now on; until they agree nothing changes.

    Whether the address has an account already is not told here: it would tell who has one.

    :raises Shared: when the person belongs to other organizations too.
    :raises Refused: when a colleague has it, or too many e-mails left today.
    """
    email = email.lower()
    with tenancy.entered(membership.organization_id):
        member = _editable(membership)
        if email == member.user.email:
            return
        colleagues = Membership.objects.within(member.organization_id)
        if colleagues.filter(user__email__iexact=email).exists():
            raise Refused(
                _("%(email)s belongs to somebody else of your team: see the list.")
                % {"email": email}
            )
        check_limit(member.organization_id)
        record_member(
            member,
            ASKED_TO_CONFIRM,
            actor,
            before={"email": member.user.email},
            after={"email": email},
        )
        context = {
            "member": member,
            "actor": actor,
            "email": email,
            "action_url": _url(member, email, actor),
        }
        transaction.on_commit(partial(_send, "new_address", to=email, context=context), robust=True)


def find_proposal(token: str) -> NewAddress:
    """Return what the link in an e-mail proposes.

    :raises Gone: when it is too old, or the person has another address or has left meanwhile.
    """
    return _read(token)[0]


def accept_address(token: str, *, user: User) -> None:
    """Let a person sign in with the address they have confirmed, and no longer with the former.

    Having the link proves the mailbox, being signed in proves the person: it takes both.

    :raises Gone: as above, and when the link is another person's.
    :raises Taken: when another account has the address.
    """
    proposal, actor = _read(token)
    if user.pk != proposal.membership.user_id:
        raise Gone
    with tenancy.entered(proposal.membership.organization_id):
        try:
            member = _editable(proposal.membership)
        except Refused as refusal:
            raise Gone from refusal
        former = member.user.email
        try:
            with transaction.atomic():
                _move(member.user, proposal.email)
        except IntegrityError as error:
            raise Taken from error
        record_member(
            member,
            gettext_noop("changed"),
            user,
            before={"email": former},
            after={"email": proposal.email},
        )
        context = {"member": member, "actor": actor, "former": former, "email": proposal.email}
        transaction.on_commit(
            partial(_send, "address_changed", to=former, context=context), robust=True
        )


def _editable(membership: Membership) -> Membership:
    member = held(membership)
    if not is_editable(member):
        raise Shared(member)
    return member


def _move(user: User, email: str) -> None:
    """Make this the one confirmed address; the former may be a mailbox somebody else reads now."""
    others = EmailAddress.objects.filter(email__iexact=email).exclude(user=user)
    if others.filter(verified=True).exists():
        raise IntegrityError
    former = user.email
    user.email = email
    user.save(update_fields=["email"])
    EmailAddress.objects.filter(user=user, email__iexact=former).delete()
    EmailAddress.objects.filter(user=user, primary=True).update(primary=False)
    EmailAddress.objects.update_or_create(
        user=user, email=email, defaults={"verified": True, "primary": True}
    )


def _url(member: Membership, email: str, actor: User) -> str:
    said = [str(member.organization_id), member.pk, member.user.email, email, str(actor)]
    token = signing.dumps(said, salt=_SALT)
    return f"{settings.BASE_URL}{reverse('new-address', args=[token])}"


def _read(token: str) -> tuple[NewAddress, str]:
    try:
        organization, pk, former, email, actor = signing.loads(
            token, salt=_SALT, max_age=VALID_FOR_SECONDS
        )
        organization_id = UUID(organization)
    except (signing.BadSignature, ValueError) as error:
        raise Gone from error
    with tenancy.entered(organization_id):
        members = Membership.objects.within(organization_id).select_related("user", "organization")
        member = members.filter(pk=pk, user__email=former).first()
    if member is None:
        raise Gone
    return NewAddress(member, email), actor


def _send(name: str, *, to: str, context: dict[str, object]) -> None:
    try:
        mail.send(name, to=to, context=context)
    except OSError as refused:
        logger.error("%s was not sent: %s", name, refused)  # noqa: TRY400 one line says it
