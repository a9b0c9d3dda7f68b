"""Users with keys to the REST interface: one may only read, one keeps the books, one may all."""

import secrets
from typing import Any

from tests.real.tryton.inside import by_xml_id, create, create_one, model
from tests.real.tryton.setting_up import let_in

#: The user that every database of Tryton's has.
ADMINISTRATOR = 1
#: An accountant's rights, as Tryton's modules define them.
_BOOKKEEPER = (
    "account.group_account",
    "account.group_account_admin",
    "account_statement.group_statement",
    "party.group_party_admin",
)


def make_keys(company: int) -> dict[str, str]:
    """Make users; return their keys by the users' names, and the bookkeeper's password."""
    reader = create_one("res.group", name="Read only")
    _restrict_to_reading(reader.id)
    groups = {"reader": [reader.id], "bookkeeper": [by_xml_id(name) for name in _BOOKKEEPER]}
    password = secrets.token_hex()
    users = {name: _make_user(name, password, ids, company) for name, ids in groups.items()}
    keys = {
        name: _make_key(user) for name, user in {**users, "administrator": ADMINISTRATOR}.items()
    }
    return {**keys, "password": password}


def _make_user(name: str, password: str, groups: list[int], company: int) -> int:
    user = create_one(
        "res.user", name=name.title(), login=name, password=password, groups=[("add", groups)]
    )
    let_in(user.id, company)
    return int(user.id)


def _make_key(user: int) -> str:
    # Created by an administrator an application is validated at once.
    application = create_one("res.user.application", application="rest", user=user)
    assert application.state == "validated"
    return str(application.key)


def _restrict_to_reading(group: int) -> None:
    """Let the group read every model, and write none.

    Where nobody has said anything about a model, Tryton lets everybody do everything.
    https://docs.tryton.org/latest/server/topics/access_rights.html
    """
    reading = {"perm_read": True, "perm_write": False, "perm_create": False, "perm_delete": False}
    names = [each.name for each in model("ir.model").search([])]
    create("ir.model.access", *({"model": name, "group": group, **reading} for name in names))
    fields = model("ir.model.field.access").search([("group", "=", None)])
    create("ir.model.field.access", *(_same_field(each, group, reading) for each in fields))


def _same_field(access: Any, group: int, rights: dict[str, bool]) -> dict[str, Any]:
    return {"model": access.model, "field": access.field, "group": group, **rights}
