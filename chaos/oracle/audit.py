"""I11: every organization's audit log is one chain, from its first entry to its last."""

from hashlib import sha256
from uuid import UUID

from chaos.database import Database
from chaos.oracle.verdict import Verdict

#: The database writes down what is to be hashed, in its own way: the hash before is put in front.
_ENTRIES = """
SELECT organization_id, sequence, hash, json_build_array(
         sequence, id, organization_id,
         extract(epoch FROM date_trunc('second', at))::bigint * 1000000
           + extract(microsecond FROM at)::bigint % 1000000,
         actor_kind, actor_name, actor_key_id, action, kind, object_id, label, before, after
       )::jsonb::text
  FROM companies_auditentry ORDER BY organization_id, at, sequence
"""


def judge(database: Database, changes: dict[UUID, int], verdict: Verdict) -> None:
    """Recompute all chains; `changes` says how many entries of settings there are to be."""
    places: dict[UUID, dict[int, tuple[str, str]]] = {}
    for organization, place, hashed, text in database.stream(_ENTRIES):
        verdict.add("audit entries", 1)
        if place is None:
            verdict.blame(f"an audit entry of {organization} is outside of the chain")
        else:
            places.setdefault(organization, {})[place] = (hashed, text)
    for organization, chain in places.items():
        before = ""
        for place in range(1, max(chain) + 1):
            if place not in chain:
                verdict.blame(f"audit entry {place} of {organization} is missing")
                break
            hashed, text = chain[place]
            if sha256(f'["{before}", {text[1:]}'.encode()).hexdigest() != hashed:
                verdict.blame(f"audit entry {place} of {organization} does not fit its hash")
                break
            before = hashed
    for organization, count in changes.items():
        told = database.number(
            "SELECT count(*) FROM companies_auditentry WHERE organization_id = %s "
            "AND kind = 'organization'",
            organization,
        )
        if told < count:
            verdict.blame(f"{count} settings of {organization} were changed, {told} are told")
