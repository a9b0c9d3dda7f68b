"""The sample businesses a person can choose from."""

from sandbox.ledger.profile import Profile
from sandbox.ledger.profiles.awkward import AWKWARD
from sandbox.ledger.profiles.busy import BUSY
from sandbox.ledger.profiles.small import SMALL

PROFILES: dict[str, Profile] = {profile.key: profile for profile in (SMALL, BUSY, AWKWARD)}
