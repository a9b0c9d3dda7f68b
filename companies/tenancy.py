"""The one door into an organization's rows.

`.within(organization)` scopes in Python; here PostgreSQL is told which organization the
transaction may see, so a forgotten scope shows nothing instead of somebody else's rows. Only
transaction-local settings are used: they are safe with pools and poolers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction

from companies.rls import APP_ROLE, SYSTEM_ROLE
from portal import logs


@contextmanager
def entered(organization_id: UUID) -> Iterator[None]:
    """Open a transaction that sees this organization's rows and no other's."""
    with (
        _transaction_setting("app.organization", str(organization_id)),
        logs.about(organization_id=organization_id),
    ):
        yield


@contextmanager
def as_user(user_id: int) -> Iterator[None]:
    """Open a transaction that sees this person's organizations, and nothing in them."""
    with _transaction_setting("app.user", str(user_id)):
        yield


@contextmanager
def system() -> Iterator[None]:
    """Open a transaction that may read across organizations the few tables made for it.

    For the scheduler, the relay and for finding whose Link URL this is. It cannot write, and sees
    neither credentials nor records: enter the organization for that.
    """
    is_nested = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {SYSTEM_ROLE}")
        yield
        if is_nested:  # there the role would outlive this block
            cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")


@contextmanager
def _transaction_setting(name: str, value: str) -> Iterator[None]:
    """Set for this transaction; PostgreSQL forgets it at the end and on rollback.

    A released savepoint keeps what was set inside it, so a nested block puts the outer value back.
    """
    with transaction.atomic():
        before = _exchange(name, value)
        yield
    if connection.in_atomic_block and before != value:
        _exchange(name, before)


#: What was set before is read in a step of its own, ahead of the one that sets anew.
_EXCHANGE = (
    "WITH before AS MATERIALIZED (SELECT coalesce(current_setting(%s, true), '') AS value) "
    "SELECT value, set_config(%s, %s, true) FROM before"
)


def _exchange(name: str, value: str) -> str:
    """Set, and return what was set before."""
    with connection.cursor() as cursor:
        cursor.execute(_EXCHANGE, [name, name, value])
        before, _ = cursor.fetchone()
    return str(before)
