"""Seeded mutants of the protection of tenants and rights, and what catches each.

A mutant is one scope taken out of the code, one policy of one table dropped or widened, or one
right no longer asked for. It is put in place inside this process and this transaction, the checks
that concern it are run, and it is taken away again.
"""

import ast
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import currentframe, unwrap
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from api.models import Scope
from companies import access, tenancy
from companies.models import Membership
from companies.rls import APP_ROLE, RowLevelSecurity
from tests import estate
from tests.attacks import policies, rights, scopes
from tests.test_tenancy import ROUTES

KINDS = ("scope", "policy", "right", "API scope")


@dataclass
class Rig:
    """Two organizations and what the checks need."""

    harbour: Any
    quay: Any
    bob: Any
    program_of: Any
    patch: Any


@dataclass
class Mutant:
    kind: str
    what: str
    check: Callable[[], list[str]]

    def caught_by(self) -> list[str]:
        """Return the faults that the checks find; none is a survivor."""
        return self.check()

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def chosen(rig: Rig, *, seed: int, sample: int | None) -> list[Mutant]:
    """Return all mutants, or so many of each kind, in the order of the seed."""
    dice = random.Random(seed)
    found: list[Mutant] = []
    for each in (_scopes, _policies, _rights, _api_scopes):
        mutants = list(each(rig))
        dice.shuffle(mutants)
        found += mutants[:sample]
    return found


def table(outcomes: Sequence[tuple[Mutant, list[str]]]) -> str:
    made = Counter(mutant.kind for mutant, _ in outcomes)
    caught = Counter(mutant.kind for mutant, faults in outcomes if faults)
    lines = [f"{'kind':<12}{'mutants':>9}{'caught':>9}{'survivors':>11}"]
    lines += [
        f"{kind:<12}{made[kind]:>9}{caught[kind]:>9}{made[kind] - caught[kind]:>11}"
        for kind in KINDS
    ]
    return "\n".join([*lines, *(f"SURVIVED {m}" for m, faults in outcomes if not faults)])


def _scopes(_rig: Rig) -> Iterator[Mutant]:
    """Take each `.within(…)` out of its module, and read the module as the register does."""

    known = scopes.known()
    for path, text in scopes.sources():
        for call in scopes.scope_calls(text):

            def check(path: str = path, text: str = text, call: ast.Call = call) -> list[str]:
                broken = scopes.unscoped(path, scopes.without(text, call))
                return [f"not listed: {place}" for place in broken - known]

            yield Mutant("scope", f"{path}:{call.lineno}", check)


def _policies(rig: Rig) -> Iterator[Mutant]:
    """Drop, widen or unlock the policy of each table."""

    ours = _organization_of(rig)
    for model in estate.tables():
        name = connection.ops.quote_name(model._meta.db_table)
        (rule,) = [each for each in model._meta.constraints if isinstance(each, RowLevelSecurity)]
        policy = f"POLICY {rule.name} ON {name}"
        for how, statement in {
            "dropped": f"DROP {policy}",
            "reads everything": f"ALTER {policy} USING (true)",
            "writes everything": f"ALTER {policy} WITH CHECK (true)",
            "for everybody": f"ALTER {policy} TO PUBLIC",
            "one more beside it": f"CREATE POLICY wide ON {name} TO {APP_ROLE} USING (true)",
            "switched off": f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY",
            "not for its owner": f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY",
            "may be emptied": f"GRANT TRUNCATE ON {name} TO {APP_ROLE}",
        }.items():

            def check(model: type[models.Model] = model, statement: str = statement) -> list[str]:
                return _with_policy(rig, ours, model, statement)

            yield Mutant("policy", f"{model._meta.label} {how}", check)


def _with_policy(rig: Rig, ours: UUID, model: type[models.Model], statement: str) -> list[str]:

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL ROLE NONE")
            cursor.execute(statement)
            cursor.execute("SET LOCAL ROLE ledgerport_app")
        theirs = rig.harbour.organization.pk
        faults = policies.faults(model, ours, theirs)
        transaction.set_rollback(True)
    return faults


def _organization_of(rig: Rig) -> UUID:

    with tenancy.as_user(rig.bob.pk):
        return Membership.objects.of(rig.bob)[0].organization_id


def _rights(rig: Rig) -> Iterator[Mutant]:
    """Let everybody through one page's `requires`, and nobody through the others'."""

    clients: dict[Any, Any] = {}
    for route in rights.guarded_routes():
        right = ROUTES[route.name]

        def check(route: Any = route, right: Any = right) -> list[str]:
            if right not in clients:
                clients[right] = rights.clerk_without(right, rig.harbour)
            with _letting_through(rig, rights.inner_view(route)), transaction.atomic():
                faults = rights.page_faults(route, clients[right], rig.harbour)
                transaction.set_rollback(True)
            return faults

        yield Mutant("right", route.name, check)


@contextmanager
def _letting_through(rig: Rig, view: object) -> Iterator[None]:
    """Answer yes to the `requires` around this view only, as if it had been taken off."""

    is_allowed = rights.narrowed

    def mutated(role: str, right: Any) -> bool:
        frame = currentframe()
        asking = frame.f_back.f_locals.get("view") if frame and frame.f_back else None
        if asking is not None and unwrap(asking) is view:
            return True
        return is_allowed(role, right)

    with rig.patch.context() as patch:
        patch.setattr(access, "is_allowed", mutated)
        yield


def _api_scopes(rig: Rig) -> Iterator[Mutant]:
    """Take the scope off one operation after the other."""

    expected = rights.expected_scopes()
    programs: dict[Scope, Any] = {}
    for operation in rights.operations():
        needed = expected[operation.name]

        def check(operation: Any = operation, needed: Scope = needed) -> list[str]:
            if needed not in programs:
                others = [scope for scope in Scope if scope != needed]
                programs[needed] = rig.program_of(rig.harbour.organization, scopes=others)
            with rig.patch.context() as patch, transaction.atomic():
                patch.setattr(operation.inner, "auth_callbacks", [lambda _request: True])
                faults = rights.operation_faults(operation, programs[needed], rig.harbour)
                transaction.set_rollback(True)
            return faults

        yield Mutant("API scope", operation.name, check)
