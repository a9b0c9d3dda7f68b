"""Whether what a customer typed in leads to books that can be read, and if not, what is wrong."""

import re
from collections.abc import Sequence

from connections.platforms.base import (
    InvalidCredentials,
    NotSupported,
    PermissionMissing,
    Unexpected,
)
from connections.platforms.tryton import wire
from connections.platforms.tryton.server import Server
from connections.words import gettext_noop

_READ_BY_ALL = (
    ("party.party", ("name",)),
    ("account.move.line", ("id",)),
    # A user may be allowed to read accounts and still not what is on them.
    ("account.account", ("balance", "debit", "credit")),
)
_READ_WHERE_INSTALLED = (
    ("account.invoice", ("id",)),
    ("account.statement.line", ("id",)),
)


def check_key(server: Server) -> None:
    """Make sure that the key can be sent at all.

    :raises InvalidCredentials: when it has signs that no key has.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", server.key):
        raise InvalidCredentials(
            gettext_noop("This is no key of Tryton: it has letters and digits only."),
            field="key",
            detail=f"{len(server.key)} characters",
        )


def check_address(server: Server) -> None:
    """Make sure that a Tryton with that database and accounting answers.

    :raises InvalidCredentials: when the address or the database is wrong.
    """
    try:
        server.require({"company.company": "company", "account.account": "account"})
    except Unexpected as error:
        raise _not_found(server, error) from error
    except NotSupported as error:
        raise InvalidCredentials(
            gettext_noop("No accounting is installed in this database."),
            field="database",
            detail=error.message,
        ) from error


def check_rights(server: Server) -> None:
    """Look into what every pull needs.

    :raises InvalidCredentials: when the key's user may not read it.
    """
    installed = [each for each in _READ_WHERE_INSTALLED if each[0] in server.models]
    for model, fields in (*_READ_BY_ALL, *installed):
        try:
            server.rows(model, fields, size=1)
        except PermissionMissing as error:
            raise InvalidCredentials(
                gettext_noop("The key works, but its user may not read %(fields)s of %(model)s."),
                {"fields": ", ".join(fields), "model": model},
                field="key",
                detail=error.detail,
            ) from error


def undecided(companies: Sequence[wire.Company]) -> InvalidCredentials:
    """Return what to say when it is not clear which company is meant."""
    detail = f"{len(companies)} companies"
    if not companies:
        return InvalidCredentials(
            gettext_noop("The key's user sees no company in Tryton."), field="key", detail=detail
        )
    names = ", ".join(each.party.name or str(each.id) for each in companies)
    return InvalidCredentials(
        gettext_noop("Type the name of one of the companies in this database: %(names)s."),
        {"names": names},
        field="company",
        detail=detail,
    )


def _not_found(server: Server, error: Unexpected) -> InvalidCredentials:
    """Tell a wrong database from a wrong address: both are answered with 404."""
    if "HTTP 404" in error.detail and server.has_rest():
        return InvalidCredentials(
            gettext_noop("This Tryton server has no database of that name."),
            field="database",
            detail=error.detail,
        )
    return InvalidCredentials(
        gettext_noop(
            "What answers at this address is not a Tryton server of version 8.0 or later."
        ),
        field="url",
        detail=error.detail,
    )
