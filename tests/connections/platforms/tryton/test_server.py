"""What a Tryton server's statuses mean, and what is said of what a customer typed in."""

import base64
import json

import httpx
import pytest

from connections.platforms.base import (
    AuthorizationRevoked,
    Credentials,
    InvalidCredentials,
    NotSupported,
    PermissionMissing,
    RateLimited,
    Unexpected,
    Unreachable,
)
from connections.platforms.tryton import Tryton
from connections.schemas import DataType
from tests.connections.platforms.contract import Fault, lose, respond
from tests.connections.platforms.tryton.fake import DATABASE, KEY, NOON, FakeTryton, moment, sample


@pytest.fixture
def fake() -> FakeTryton:
    return FakeTryton()


def refusal(fake: FakeTryton, **parameters: str) -> InvalidCredentials:
    with pytest.raises(InvalidCredentials) as caught:
        fake.open(**parameters).identity()
    return caught.value


def test_identity_is_the_company_in_its_database(fake: FakeTryton):
    identity = fake.open().identity()

    assert identity.id == "books:1:20261128045426268685"
    assert identity.name == "Larkspur & Stone Landscaping LLC"


def test_company_of_that_number_on_another_server_is_another(fake: FakeTryton):
    fake.tables["company.company"][1]["create_date"] = moment(NOON)

    assert fake.open().identity().id == "books:1:20261128120000000000"


@pytest.mark.parametrize("key", ["", "two words", "naïve", "a\nb"])
def test_key_that_cannot_be_one_is_told_without_asking(fake: FakeTryton, key: str):
    platform = Tryton(fake.client(), Credentials(access_token=key, parameters={"database": "x"}))

    with pytest.raises(InvalidCredentials) as caught:
        platform.identity()

    assert caught.value.field == "key"
    assert fake.requests == []


def test_spaces_around_what_was_pasted_do_no_harm(fake: FakeTryton):
    typed = {"database": f" {DATABASE}\n"}
    platform = Tryton(fake.client(), Credentials(access_token=f" {KEY}\n", parameters=typed))

    assert platform.identity().name


def test_unknown_database_is_told(fake: FakeTryton):
    error = refusal(fake, database="cooks")

    assert (error.field, error.message) == (
        "database",
        "This Tryton server has no database of that name.",
    )


def test_database_name_is_no_path(fake: FakeTryton):
    refusal(fake, database="../x?y")

    assert fake.requests[0].url.raw_path.startswith(b"/..%2Fx%3Fy/rest/model/")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(respond(404, body=b"<html>"), id="another-site"),
        pytest.param(respond(200, body=b"<html>Welcome</html>"), id="a-page"),
        pytest.param(respond(301, headers={"Location": "https://x.test"}), id="redirect"),
        pytest.param(respond(200, body=b'[{"name": "party.party"}]'), id="other-json"),
    ],
)
def test_address_of_something_else_is_told(fake: FakeTryton, fault: Fault):
    fake.fail(fault, times=2)

    assert refusal(fake).field == "url"


def test_tryton_before_its_rest_interface_is_told(fake: FakeTryton):
    """It answers 404 to all of the interface, and 405 to the path of a database."""
    fake.fail(respond(404), times=2)

    error = refusal(fake)

    assert error.field == "url"
    assert "8.0" in error.message


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(respond(401), AuthorizationRevoked, id="401"),
        pytest.param(respond(429), RateLimited, id="429"),
        pytest.param(respond(502), Unreachable, id="502"),
        pytest.param(lose(httpx.ConnectError), Unreachable, id="no-such-host"),
    ],
)
def test_what_is_no_mistyping_is_not_told_as_such(
    fake: FakeTryton, fault: Fault, expected: type[Exception]
):
    fake.fail(fault, times=5)

    with pytest.raises(expected):
        fake.open().identity()


def test_refused_key_is_told(fake: FakeTryton):
    fake.keys.clear()

    with pytest.raises(AuthorizationRevoked, match="does not accept the key"):
        fake.open().identity()


@pytest.mark.parametrize(
    "unreadable",
    [
        "account.move.line",
        "party.party",
        "account.invoice",
        # Tryton keeps these fields to its own group, even from those who may read accounts.
        "account.account.balance",
        "account.account.debit",
    ],
)
def test_key_without_rights_is_told(fake: FakeTryton, unreadable: str):
    for data_type in (DataType.CHART_OF_ACCOUNTS, DataType.CUSTOMERS):
        fake.put(data_type, 5)
    fake.unreadable.add(unreadable)

    error = refusal(fake)

    assert error.field == "key"
    assert unreadable.startswith(error.message.rstrip(".").rpartition(" ")[2])


def test_database_without_accounting_is_told(fake: FakeTryton):
    del fake.tables["account.account"]

    assert refusal(fake).field == "database"


def test_one_of_several_companies_must_be_named(fake: FakeTryton):
    other = sample("company")
    fake.tables["company.company"][2] = {**other, "id": 2, "party": {**other["party"], "name": "B"}}

    error = refusal(fake)

    assert error.field == "company"
    assert "Larkspur & Stone Landscaping LLC, B" in error.message
    assert fake.open(company=" b ").identity().id.startswith("books:2:")
    with pytest.raises(PermissionMissing):
        list(fake.open().fetch(DataType.INVOICES, since=None, cursor=None))


def test_user_without_a_company_is_told(fake: FakeTryton):
    fake.tables["company.company"].clear()

    assert refusal(fake).field == "key"


@pytest.mark.parametrize(
    ("data_type", "model", "module"),
    [
        (DataType.BANK_ACCOUNTS, "account.statement", "account_statement"),
        (DataType.BANK_TRANSACTIONS, "account.statement", "account_statement"),
        (DataType.INVOICES, "account.invoice", "account_invoice"),
        (DataType.PAYMENTS, "account.invoice", "account_invoice"),
        (DataType.JOURNAL_ENTRIES, "account.account", "account"),
        (DataType.BALANCE_SHEET, "account.account", "account"),
    ],
)
def test_missing_module_is_not_taken_for_an_outage(
    fake: FakeTryton, data_type: DataType, model: str, module: str
):
    """Tryton answers 500 to a model it lacks: which ones it has is asked first."""
    del fake.tables[model]

    with pytest.raises(NotSupported, match=f"lacks the module {module},"):
        list(fake.open().fetch(data_type, since=None, cursor=None))

    assert len(fake.requests) == 1
    assert fake.pauses == []


def test_models_are_asked_for_once(fake: FakeTryton):
    platform = fake.open()

    for data_type in (DataType.INVOICES, DataType.BILLS, DataType.PROFIT_AND_LOSS):
        list(platform.fetch(data_type, since=None, cursor=None))

    assert len(fake.asked("ir.model")) == len(fake.asked("company.company")) == 1


@pytest.mark.parametrize("data_type", [DataType.ITEMS, DataType.CASH_FLOW_STATEMENT])
def test_what_tryton_does_not_have_is_not_supported(fake: FakeTryton, data_type: DataType):
    with pytest.raises(NotSupported):
        fake.open().fetch(data_type, since=None, cursor=None)


def test_model_without_rights_is_a_missing_permission(fake: FakeTryton):
    fake.unreadable.add("account.invoice")

    with pytest.raises(PermissionMissing) as caught:
        list(fake.open().fetch(DataType.INVOICES, since=None, cursor=None))

    assert "not allowed" in caught.value.detail


@pytest.mark.parametrize("field", ["party.name", "lines.account.name"])
def test_field_left_out_for_want_of_rights_is_a_missing_permission(fake: FakeTryton, field: str):
    """Tryton leaves out what the user may not read, without a word."""
    fake.put(DataType.INVOICES, 5)
    fake.unreadable.add(f"account.invoice.{field}")

    with pytest.raises(PermissionMissing, match="may not read") as caught:
        list(fake.open().fetch(DataType.INVOICES, since=None, cursor=None))

    assert field in caught.value.detail


def test_records_out_of_use_are_asked_for_too(fake: FakeTryton):
    fake.put(DataType.CUSTOMERS, 5)

    list(fake.open().fetch(DataType.CUSTOMERS, since=None, cursor=None))

    sent = fake.asked("party.party")[0].headers["X-Tryton-Context"]
    context = json.loads(base64.urlsafe_b64decode(sent))
    assert context == {"active_test": False, "company": 1}


def test_answer_without_a_date_is_refused(fake: FakeTryton):
    fake.fail(respond(200, body=b'[{"name": "ir.model"}]'))

    with pytest.raises(Unexpected):
        list(fake.open().fetch(DataType.INVOICES, since=None, cursor=None))


def test_unreadable_company_is_unexpected(fake: FakeTryton):
    fake.tables["company.company"][1]["party"]["active"] = "perhaps"

    with pytest.raises(Unexpected):
        list(fake.open().fetch(DataType.COMPANY, since=None, cursor=None))


def test_addresses_say_what_they_are_for_where_invoicing_is_installed(fake: FakeTryton):
    fake.put(DataType.CUSTOMERS, 5)
    del fake.tables["account.invoice"]

    list(fake.open().fetch(DataType.CUSTOMERS, since=None, cursor=None))

    assert "addresses.invoice" not in fake.asked("party.party")[0].url.params.get_list("f")
