"""`manage.py verify`: does what is stored agree with itself, and will it be of use?

Every check reads at one moment, in steps that need little memory, as a role that cannot write. It
may run beside everything else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from companies import tenancy
from portal.backup.taking import one_moment
from portal.owner import as_reader
from portal.verification import access, audit, messages, pulls, records, sealed, uploads

#: Of one check's violations so many are told, the others are counted.
TOLD = 20

#: What a check yields: how many things it looked at, or what is wrong.
type Findings = Iterator[int | str]

CHECKS: dict[str, Callable[[], Findings]] = {
    "migrations": access.migrations,
    "tables kept apart": access.isolation,
    "rights on tables": access.rights,
    "audit log": audit.chain,
    "pulls": pulls.outcomes,
    "pulls under way": pulls.leases,
    "records and pull counters": records.counters,
    "record bodies": records.bodies,
    "earlier versions' bodies": records.earlier_bodies,
    "credentials": sealed.credentials,
    "consents under way": sealed.attempts,
    "client secrets": sealed.integrations,
    "webhook secrets": sealed.webhooks,
    "second steps": sealed.second_steps,
    "webhook messages": messages.deliveries,
    "outbox": messages.outbox,
    "uploaded files": uploads.files,
}

#: What is asked of the installation, not of an organization.
_OF_THE_INSTALLATION = {"migrations", "tables kept apart", "rights on tables", "second steps"}


@dataclass
class Outcome:
    name: str
    examined: int = 0
    violations: int = 0
    told: list[str] = field(default_factory=list)


def verify() -> Iterator[Outcome]:
    """Yield each check's outcome as soon as it is known."""
    with as_reader():
        for name, check in CHECKS.items():
            with one_moment():
                outcome = _outcome(name, check)
            yield outcome


def verify_organization(organization_id: UUID) -> Iterator[Outcome]:
    """Yield what the checks find in one organization: entered, they see no other."""
    for name, check in CHECKS.items():
        if name not in _OF_THE_INSTALLATION:
            with one_moment(), tenancy.entered(organization_id):
                outcome = _outcome(name, check)
            yield outcome


def _outcome(name: str, check: Callable[[], Findings]) -> Outcome:
    outcome = Outcome(name)
    for finding in check():
        if isinstance(finding, int):
            outcome.examined += finding
        else:
            outcome.violations += 1
            outcome.told += [finding] if len(outcome.told) < TOLD else []
    return outcome
