"""Break the protection in one place at a time; the tests must see every one of the breaks."""

import os

import pytest

from tests.api.conftest import program_of  # noqa: F401 - a fixture
from tests.attacks.mutants import ALL, SAMPLE, SEED
from tests.attacks.mutating import KINDS, Rig, chosen, table
from tests.test_tenancy import harbour, quay  # noqa: F401 - fixtures


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_every_mutant_is_caught(harbour, quay, bob, program_of, monkeypatch, record_property):
    rig = Rig(harbour=harbour, quay=quay, bob=bob, program_of=program_of, patch=monkeypatch)
    seed = int(os.environ.get(SEED, "4"))
    sample = os.environ.get(SAMPLE, "40")

    mutants = chosen(rig, seed=seed, sample=None if sample == ALL else int(sample))
    outcomes = [(mutant, mutant.caught_by()) for mutant in mutants]

    record_property("summary", f"seed {seed}\n{table(outcomes)}")
    assert [str(mutant) for mutant, caught in outcomes if not caught] == []
    assert {mutant.kind for mutant in mutants} == set(KINDS)
