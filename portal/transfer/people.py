"""Who in an archive has an account here, and what becomes of those who have none.

An account is taken for a person's only where it has confirmed the address: anybody can sign up with
an address that is not theirs. Members without one come in as invitations, which is how people join
an organization: whoever follows the link reads the mailbox. Where others are named (who did what),
their name stays as the rows have it.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.utils import timezone
from psycopg import sql

from companies import team
from companies.models import Invitation, Membership, User
from companies.roles import Role
from portal.backup.manifest import Refused
from portal.transfer.contents import Table

STAGED = "incoming_people"
KNOWN = "incoming_accounts"
_KNOW = sql.SQL(
    "CREATE TEMP TABLE {known} (email text PRIMARY KEY, user_id bigint NOT NULL) ON COMMIT DROP"
)
#: Of several accounts that confirmed the same address the oldest, as `team.account_of` has it.
_FIND = sql.SQL(
    "INSERT INTO pg_temp.{known} (email, user_id) "
    "SELECT named.email, min(address.user_id) FROM ({named}) AS named "
    "JOIN account_emailaddress address ON upper(address.email) = upper(named.email) "
    "WHERE address.verified GROUP BY named.email"
)
_NAMED = sql.SQL("SELECT {column} AS email FROM pg_temp.{staged} WHERE {column} IS NOT NULL")
_UNKNOWN = sql.SQL(
    "SELECT m.user_id, p.name, m.role FROM pg_temp.{memberships} m "
    "JOIN pg_temp.{people} p ON p.email = m.user_id WHERE m.is_enabled::boolean "
    "AND NOT EXISTS (SELECT FROM pg_temp.{known} k WHERE k.email = m.user_id) ORDER BY m.user_id"
)


def find_accounts(tables: Iterable[Table]) -> None:
    """Note which accounts here are of people whom the staged rows name."""
    named = sql.SQL(" UNION ").join(
        _NAMED.format(column=sql.Identifier(column.name), staged=sql.Identifier(staged(table)))
        for table in tables
        for column in table.columns
        if column.is_person
    )
    known = sql.Identifier(KNOWN)
    with connection.cursor() as cursor:
        cursor.execute(_KNOW.format(known=known))
        cursor.execute(_FIND.format(known=known, named=named))


def invite_others(organization_id: UUID) -> list[Invitation]:
    """Make an invitation of each membership whose person has no account here; none is sent yet."""
    statement = _UNKNOWN.format(
        memberships=sql.Identifier(f"incoming_{Membership._meta.db_table}"),
        people=sql.Identifier(STAGED),
        known=sql.Identifier(KNOWN),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        unknown = cursor.fetchall()
    invited = set(Invitation.objects.within(organization_id).values_list("email", flat=True))
    made = [
        Invitation(
            organization_id=organization_id,
            email=email.lower(),
            name=name,
            role=role,
            expires_at=timezone.now() + team.VALID_FOR,
        )
        for email, name, role in unknown
        if email.lower() not in invited
    ]
    return Invitation.objects.bulk_create(made)


def make_administrator(organization_id: UUID, email: str) -> None:
    """:raises Refused: when nobody here signs in with that address."""
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise Refused(f"Nobody here signs in as {email}.")
    Membership.objects.within(organization_id).update_or_create(
        organization_id=organization_id,
        user=user,
        defaults={"role": Role.ADMINISTRATOR, "is_enabled": True},
    )


def refuse_unmanaged(organization_id: UUID, *, is_sending: bool) -> None:
    """:raises Refused: when nobody could manage the organization."""
    if Membership.objects.within(organization_id).administrating().exists():
        return
    invited = Invitation.objects.within(organization_id).filter(role=Role.ADMINISTRATOR)
    if is_sending and invited.exists():
        return
    raise Refused(
        "None of the organization's Administrators has an account here whose address is "
        "confirmed, so nobody could manage it. Say --administrator EMAIL with somebody who has "
        "an account here, or --send-invitations to write to its members."
    )


def staged(table: Table) -> str:
    return f"incoming_{table.name}"
