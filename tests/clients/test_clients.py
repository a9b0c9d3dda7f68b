"""The official clients, unchanged, against the real server."""

import pytest

from tests.clients.cases import CASES
from tests.clients.operations import OPERATIONS
from tests.clients.running import CLIENTS, fill, offered, table
from tests.server import running


def test_each_method_is_tried_and_refused():
    for method in OPERATIONS:
        cases = [case for case in CASES if case.method == method]
        assert any(case.refused for case in cases), method
        # Nothing is ever pushed, so there is no push operation to read.
        assert method == "push_data.get_operation" or not all(case.refused for case in cases)


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    with running(tmp_path_factory.mktemp("clients")) as portal:
        yield portal


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_every_case_comes_out_as_the_contract_says(client, portal):
    outcomes = client.run(portal, fill(portal))
    print(f"\n{client.name}\n{table(outcomes)}")
    expected = [case for case in client.cases if case.method in offered(portal)]
    assert len(outcomes) == len(expected)
    assert not table(each for each in outcomes if each["problem"])
