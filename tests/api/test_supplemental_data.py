"""Supplemental data, configured and refused."""

import pytest

from connections.models import SupplementalConfiguration

pytestmark = pytest.mark.django_db

PATH = "/integrations/mqjo/dataTypes/invoices/supplementalDataConfig"
CONFIGURATION = {
    "supplementalDataConfig": {
        "approvals": {
            "dataSource": "/invoices",
            "pullData": {"by": "approval.by.name", "step": "approval.step"},
            "pushData": {"by": "approver"},
        },
        "orders": {"dataSource": "/invoices", "pullData": {"number": "purchase_order"}},
    }
}


@pytest.fixture(autouse=True)
def _sandbox(settings):
    settings.SANDBOX_URL = "http://sandbox.test"


def test_it_is_read_as_it_was_set(program):
    assert program.get(PATH).json() == {"supplementalDataConfig": {}}

    answer = program.put(PATH, CONFIGURATION)

    assert (answer.status_code, answer.content) == (200, b"")
    assert program.get(PATH).json() == CONFIGURATION
    # The contract's manual writes the path in another case.
    assert program.get(PATH.replace("dataTypes", "datatypes")).json() == CONFIGURATION
    assert program.get(PATH.replace("invoices", "bills")).json() == {"supplementalDataConfig": {}}


@pytest.mark.parametrize("empty", [{}, {"supplementalDataConfig": {}}])
def test_an_empty_configuration_puts_it_back(program, empty):
    program.put(PATH, CONFIGURATION)

    assert program.put(PATH, empty).status_code == 200

    assert program.get(PATH).json() == {"supplementalDataConfig": {}}
    assert not SupplementalConfiguration.objects.exists()


def test_objects_without_their_name_are_refused(program):
    """The contract's examples leave it out; taken so, they would put all back to nothing."""
    program.put(PATH, CONFIGURATION)

    answer = program.put(PATH, CONFIGURATION["supplementalDataConfig"])

    assert answer.status_code == 400
    assert "within supplementalDataConfig" in answer.json()["error"]
    assert program.get(PATH).json() == CONFIGURATION


def test_all_that_is_wrong_is_told_at_once(program):
    answer = program.put(
        PATH,
        {"supplementalDataConfig": {"a": {"dataSource": "/Invoices", "pullData": {"x": "y["}}}},
    )

    assert answer.status_code == 400
    errors = answer.json()["validation"]["errors"]
    assert [each["itemId"] for each in errors] == ["a.dataSource", "a.pullData.x"]
    assert "from /invoices" in errors[0]["message"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (PATH.replace("mqjo", "gbol"), "not supported for datatype invoices of Xero"),
        (PATH.replace("invoices", "payments"), "not supported for datatype payments of Sandbox"),
    ],
)
def test_platforms_that_cannot_refuse(program, path, says):
    answer = program.put(path, CONFIGURATION)

    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert program.get(path).json() == {"supplementalDataConfig": {}}
    assert program.put(path, {}).status_code == 200


def test_what_is_not_there_is_not_found(program):
    for path in (PATH.replace("mqjo", "zzzz"), PATH.replace("invoices", "shoes")):
        assert program.get(path).status_code == 404
        assert program.put(path, CONFIGURATION).status_code == 404


def test_it_is_the_organizations_own(program, program_of, other_organization):
    program.put(PATH, CONFIGURATION)

    assert program_of(other_organization).get(PATH).json() == {"supplementalDataConfig": {}}


def test_a_key_that_reads_cannot_configure(program_of, organization):
    reader = program_of(organization, scopes=["read"])

    assert reader.put(PATH, CONFIGURATION).status_code == 403
    assert reader.get(PATH).status_code == 200


@pytest.mark.parametrize("body", [None, "null"])
def test_a_body_that_says_nothing_is_refused(program, body):
    program.put(PATH, CONFIGURATION)

    answer = program._client.generic(
        "PUT",
        f"/api{PATH}",
        data=body or "",
        content_type="application/json",
        headers={"Authorization": f"Bearer {program.key}"},
    )

    assert answer.status_code == 400
    assert program.get(PATH).json() == CONFIGURATION
