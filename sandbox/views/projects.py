"""Projects: what accounting programs keep beside the books. Every third customer has one."""

from sandbox.ledger import moments
from sandbox.ledger.history import Revision
from sandbox.ledger.records import Contact
from sandbox.views.extras import person, share

type Body = dict[str, object]

_OF_CUSTOMERS = 3
_NAMES = ("Opening", "Refit", "Rollout", "Upkeep")


def has_one(customer: Revision[Contact]) -> bool:
    return share(f"{customer.id}.project", _OF_CUSTOMERS) == 0


def key_of(customer_id: str) -> str:
    return f"prj_{customer_id.rpartition('_')[2]}"


def project(customer: Contact, created: int) -> Body:
    key = key_of(customer.id)
    return {
        "code": f"P-{share(key, 90_000) + 10_000}",
        "name": f"{_NAMES[share(key, len(_NAMES))]} at {customer.name}",
        "status": "closed" if share(f"{key}.status", 4) == 0 else "open",
        "customer": {"id": customer.id, "name": customer.name},
        "manager": person(f"{key}.manager"),
        "budget": (share(f"{key}.budget", 400) + 1) * 250.25,
        "milestones": [
            {
                "name": name,
                "due_on": moments.date_text(moments.day_of(created + days * moments.DAY)),
            }
            for name, days in (("Kick-off", 14), ("Handover", 120))
        ],
    }
