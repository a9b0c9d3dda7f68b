"""How our API compares with the Codat Platform API, whose clients we serve.

Their document is not ours to copy. `platform.json` holds the facts of its version 3.0.0 alone,
taken with `manage.py api_differences --take`: addresses, methods, parameters, success codes, and
names and types of members. `reasons.toml` says why we differ wherever we do.
"""

from api.contract.differences import Difference, differences, read_facts, unused_reasons
from api.contract.facts import Facts, facts_of

__all__ = [
    "Difference",
    "Facts",
    "differences",
    "facts_of",
    "read_facts",
    "unused_reasons",
]
