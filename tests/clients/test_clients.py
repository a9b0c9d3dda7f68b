"""The official clients, unchanged, against the real server."""

import pytest

from tests.clients.cases import ALWAYS_REFUSED
from tests.clients.running import CLIENTS, fill, table
from tests.server import running


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_each_method_is_tried_and_refused(client):
    for method in client.operations:
        cases = [case for case in client.table if case.method == method]
        assert any(case.refused for case in cases), method
        assert all(case.refused for case in cases) == (method in ALWAYS_REFUSED), method


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
    expected = [case for case in client.cases if case.method in client.offered(portal)]
    assert len(outcomes) == len(expected)
    assert not table(each for each in outcomes if each["problem"])
