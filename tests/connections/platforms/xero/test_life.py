"""A connection's life at Xero, over real HTTP against a stand-in held to Xero's documents."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connections.platforms.base import (
    AuthorizationRevoked,
    Credentials,
    Page,
    PermissionMissing,
    PlatformApp,
    RateLimited,
    Unreachable,
)
from connections.platforms.http import new_client
from connections.platforms.xero import Xero
from connections.schemas import DataType, Record
from connections.schemas.validation import validate
from sandbox.ledger import moments
from sandbox.ledger.totals import Sums
from tests.vendors.serve import Fault
from tests.vendors.xero import XeroServer, contract
from tests.vendors.xero.organisation import Organisation, Row, ledger

REDIRECT_URI = "http://portal.test/callback"
VERIFIER = "v" * 64
ALL = sorted(Xero.data_types, key=lambda data_type: data_type.sync_order)
INCREMENTAL = [data_type for data_type in ALL if data_type in Xero.incremental]
# One request for every thousand rows of each list: no type of the small business has more. Payments
# are in three lists; items and journals need the accounts or the organization besides; statements
# the organization, and a month of 31 days to begin with, so that 24 months need a third request in
# the other months.
SINGLE_REQUESTS = {
    DataType.PAYMENTS: 3,
    DataType.BILL_PAYMENTS: 3,
    DataType.ITEMS: 2,
    DataType.JOURNAL_ENTRIES: 2,
}


class SmallPages(Xero):
    page_size: ClassVar[int] = 10


class Customer:
    """Someone with organizations at Xero, and our app at work for them."""

    def __init__(self, xero: XeroServer, scopes: tuple[str, ...] = ()) -> None:
        self.xero = xero
        self.app = PlatformApp(
            base_url=xero.url,
            client_id=xero.client_id,
            client_secret=xero.client_secret,
            scopes=scopes,
        )
        self.http = new_client(base_url=xero.url)
        self.pauses: list[float] = []

    def authorize(self, *organisations: Organisation) -> Credentials:
        url = Xero.authorize_url(
            self.app,
            state="state",
            redirect_uri=REDIRECT_URI,
            code_challenge=create_s256_code_challenge(VERIFIER),
        )
        wanted = [each.tenant for each in organisations] or None
        callback = self.xero.consent(url, wanted)
        assert callback["state"] == "state"
        return Xero.exchange(
            self.http,
            self.app,
            code=callback["code"],
            redirect_uri=REDIRECT_URI,
            code_verifier=VERIFIER,
            callback=callback,
        )

    def linked(self, *organisations: Organisation) -> Credentials:
        """Return credentials for the first of the organizations agreed to."""
        credentials = self.authorize(*organisations)
        platform = self.open(credentials)
        first = (organisations or (self.xero.first(),))[0]
        identity = next(each for each in platform.organizations() if each.id == first.tenant)
        return platform.choose(identity)

    def open(self, credentials: Credentials, adapter: type[Xero] = Xero) -> Xero:
        return adapter(self.http, credentials, sleep=self.pauses.append)

    def revoke(self, credentials: Credentials) -> None:
        Xero.revoke(self.http, self.app, credentials)

    def refresh(self, credentials: Credentials) -> Credentials:
        return Xero.refresh(self.http, self.app, credentials)


@pytest.fixture
def xero() -> Iterator[XeroServer]:
    with XeroServer() as server:
        yield server
    assert not server.violations, "\n".join(server.violations[:20])


@pytest.fixture
def customer(xero: XeroServer) -> Iterator[Customer]:
    someone = Customer(xero)
    yield someone
    someone.http.close()


def pull(platform: Xero, data_type: DataType, since: str | None = None) -> list[Page]:
    return list(platform.fetch(data_type, since=since, cursor=None))


def records(pages: Iterable[Page]) -> dict[str, Record]:
    return {record.id: record for page in pages for record in page.records}


def deleted(pages: Iterable[Page]) -> list[str]:
    return [record_id for page in pages for record_id in page.deleted_ids]


def find(organisation: Organisation, name: str, **members: object) -> Row:
    return next(
        row
        for row in organisation.rows(name)
        if all(row.body.get(member) == value for member, value in members.items())
    )


def statement_requests(today: date) -> int:
    # With the organization's own.
    return 3 if (today.replace(day=28) + timedelta(days=4)).day == 1 else 4


def test_contract_is_at_hand():
    if contract.load() is None:
        pytest.skip(contract.MISSING)
    assert contract.find_documents()


def test_contract_sees_what_is_wrong(xero: XeroServer):
    judge = contract.load()
    if judge is None:
        pytest.skip(contract.MISSING)
    invoices = "/api.xro/2.0/Invoices"

    asked = judge.request_faults("GET", invoices, {"pagesize": "10", "page": "one"}, {})
    answered = judge.answer_faults("GET", invoices, 200, b'{"Invoices": [{"Date": "2018-10-20"}]}')
    unknown = judge.request_faults("GET", "/api.xro/2.0/Invoces", {}, {})

    assert len([*asked]) == 3
    assert len([*answered]) == 1
    assert len([*unknown]) == 1


def test_life_of_a_connection(xero: XeroServer, customer: Customer):
    books = xero.first()
    credentials = customer.linked()
    platform = customer.open(credentials)

    # Everything, with as few requests as there can be.
    watermarks, counts = {}, Counter[DataType]()
    for data_type in ALL:
        xero.requests.clear()
        pages = pull(customer.open(credentials), data_type)
        counts[data_type] = len(xero.requests)
        watermarks[data_type] = pages[-1].watermark
        pulled = [record for page in pages for record in page.records]
        assert pulled, data_type
        assert not any(page.rejected or page.deleted_ids for page in pages), data_type
        assert [found for record in pulled for found in validate(record)] == []
    reports = statement_requests(xero.clock.now().date())
    least = {t: SINGLE_REQUESTS.get(t, reports if t.is_report else 1) for t in ALL}
    print(f"whole pull: {counts.total()} requests")
    assert counts == least

    # Some changes.
    xero.clock.advance(minutes=5)
    open_invoice = find(books, "Invoices", Type="ACCREC", Status="AUTHORISED", AmountPaid=0)
    payment = find(books, "Payments", PaymentType="ACCRECPAYMENT")
    contact = find(books, "Contacts", IsCustomer=True, ContactStatus="ACTIVE")
    added = books.add_invoice("1000.00", tax="200.00")
    books.void_invoice(open_invoice.id)
    books.delete_payment(payment.id)
    books.archive_contact(contact.id)
    reopened = payment.body["Invoice"]["InvoiceID"]

    # Only those, with a request for each list.
    xero.requests.clear()
    later = {t: pull(platform, t, since=watermarks[t]) for t in INCREMENTAL}
    print(f"incremental pull: {len(xero.requests)} requests for {len(INCREMENTAL)} types")
    # Payments and bill payments lie in three lists each.
    assert len(xero.requests) == len(INCREMENTAL) + 4
    invoices = records(later[DataType.INVOICES])
    assert {key: record.status for key, record in invoices.items()} == {  # type: ignore[attr-defined]
        added: "Submitted",
        open_invoice.id: "Void",
        reopened: invoices[reopened].status,  # type: ignore[attr-defined]
    }
    assert invoices[reopened].amount_due >= payment.body["Amount"]  # type: ignore[attr-defined]
    assert deleted(later[DataType.PAYMENTS]) == [payment.id]
    contacts = records(pull(platform, DataType.CUSTOMERS))
    assert contacts[contact.id].status == "Archived"  # type: ignore[attr-defined]
    for data_type in set(INCREMENTAL) - {DataType.INVOICES}:
        assert not records(later[data_type]), data_type

    # Given back, and taken up again.
    customer.revoke(credentials)
    with pytest.raises(AuthorizationRevoked):
        pull(platform, DataType.INVOICES)
    with pytest.raises(AuthorizationRevoked):
        customer.refresh(credentials)
    again = customer.open(customer.linked())
    assert again.identity().id == books.tenant
    assert len(records(pull(again, DataType.INVOICES))) == len(
        [row for row in books.rows("Invoices") if row.body["Type"] == "ACCREC"]
    )


@pytest.mark.parametrize("business", ["small", "awkward"])
def test_statements_are_the_ledgers_to_the_cent(business: str):
    with XeroServer([business]) as xero:
        customer = Customer(xero)
        platform = customer.open(customer.linked())
        (profit,) = records(pull(platform, DataType.PROFIT_AND_LOSS)).values()
        (sheet,) = records(pull(platform, DataType.BALANCE_SHEET)).values()
        customer.http.close()
    books = ledger(business, xero.clock.now().date())
    sums = books.totals.at(books.journal_entries.position(xero.first().copied_at))

    assert len(profit.reports) == len(sheet.reports) == 24  # type: ignore[attr-defined]
    for period in profit.reports:  # type: ignore[attr-defined]
        month = moments.month_of(period.from_date.toordinal())
        earned = -_moved(books, sums, month, month, {"income"})
        spent = _moved(books, sums, month, month, {"expense"})
        assert period.net_profit == earned - spent
        assert period.income.value + period.other_income.value == earned
    for period in sheet.reports:  # type: ignore[attr-defined]
        month = moments.month_of(period.date.toordinal())
        assert period.assets.value == _moved(books, sums, 0, month, {"asset"})
        assert period.liabilities.value == -_moved(books, sums, 0, month, {"liability"})
        assert period.equity.value == period.net_assets
        assert validate(sheet) == []


def _moved(books: object, sums: Sums, first: int, last: int, kinds: set[str]) -> Decimal:
    accounts = {a.id for a in books.chart.values() if a.classification in kinds}  # type: ignore[attr-defined]
    cents = sum(
        amount
        for (account, month), amount in sums.ledger.items()
        if account in accounts and first <= month <= last
    )
    return Decimal(cents).scaleb(-2)


def test_void_leaves_the_reports_too(xero: XeroServer, customer: Customer):
    platform = customer.open(customer.linked())
    before = records(pull(platform, DataType.PROFIT_AND_LOSS))["profitAndLoss"]
    invoice = xero.first().add_invoice("1000.00", tax="200.00")

    with_it = records(pull(platform, DataType.PROFIT_AND_LOSS))["profitAndLoss"]
    xero.first().void_invoice(invoice)
    after = records(pull(platform, DataType.PROFIT_AND_LOSS))["profitAndLoss"]

    assert after == before
    newest, was = with_it.reports[0], before.reports[0]  # type: ignore[attr-defined]
    assert newest.income.value - was.income.value == 1000


def test_ledger_entries_add_up_to_the_balances(xero: XeroServer):
    customer = Customer(xero, scopes=(*Xero.scopes, "accounting.journals.read"))
    platform = customer.open(customer.linked())

    entries = records(pull(platform, DataType.JOURNAL_ENTRIES)).values()
    customer.http.close()

    ours = Counter[str]()
    for entry in entries:
        for line in entry.journal_lines:  # type: ignore[attr-defined]
            ours[line.account_ref.id] += line.net_amount
    theirs = Counter[str]()
    for posting in xero.first().postings:
        theirs[posting.account_id] += posting.cents
    assert {key: int(amount * 100) for key, amount in ours.items()} == theirs
    assert xero.requests.count("/api.xro/2.0/Journals") == len(entries) // 100 + 1


def test_rows_that_change_while_a_pull_runs_are_not_skipped(xero: XeroServer, customer: Customer):
    books = xero.first()
    sales = {row.id for row in books.rows("Invoices") if row.body["Type"] == "ACCREC"}
    platform = customer.open(customer.linked(), SmallPages)
    xero.minute.limit = 10**6
    pages = platform.fetch(DataType.INVOICES, since=None, cursor=None)
    taken = [next(pages)]
    first = [record.id for record in taken[0].records]

    # Of a list by pages these would leave gaps for later rows to slip through.
    for row_id in first[:5]:
        books.change("Invoices", row_id, Reference="changed")
    unread = next(row_id for row_id in sorted(sales) if row_id not in first)
    books.delete_invoice(unread)
    added = books.add_invoice("10.00")
    taken += pages

    found = records(taken)
    assert set(found) == sales - {unread} | {added}
    assert [found[row_id].note for row_id in first[:5]] == ["changed"] * 5  # type: ignore[attr-defined]
    assert deleted(taken) == [unread]


def test_rows_that_changed_all_at_once_are_read(xero: XeroServer, customer: Customer):
    books = xero.first()
    moment = xero.clock.now()
    for row in books.rows("Contacts"):
        books.lists["Contacts"][row.id] = Row(row.id, moment, row.body | _dated(moment))
    platform = customer.open(customer.linked(), SmallPages)
    xero.minute.limit = 10**6

    found = records(pull(platform, DataType.CUSTOMERS))

    assert set(found) == {row.id for row in books.rows("Contacts") if row.body["IsCustomer"]}


def _dated(moment) -> dict[str, str]:
    return {"UpdatedDateUTC": f"/Date({int(moment.timestamp() * 1000)}+0000)/"}


def test_contact_becomes_a_customer_without_being_changed(xero: XeroServer, customer: Customer):
    books = xero.first()
    supplier = find(books, "Contacts", IsCustomer=False, IsSupplier=True)
    platform = customer.open(customer.linked())
    watermark = pull(platform, DataType.CUSTOMERS)[-1].watermark
    xero.clock.advance(minutes=5)

    books.add_invoice("10.00", contact_id=supplier.id)

    assert books.lists["Contacts"][supplier.id].changed_at == supplier.changed_at
    assert supplier.id in records(pull(platform, DataType.CUSTOMERS, since=watermark))
    assert supplier.id in records(pull(platform, DataType.SUPPLIERS, since=watermark))


def test_item_that_vanished_is_missing_from_the_whole(xero: XeroServer, customer: Customer):
    platform = customer.open(customer.linked())
    item = xero.first().rows("Items")[0]

    xero.first().drop("Items", item.id)

    assert item.id not in records(pull(platform, DataType.ITEMS))
    assert DataType.ITEMS not in Xero.incremental


def test_lost_refresh_answer_can_be_asked_for_again(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    xero.faults.append(Fault(path="/connect/token", is_lost=True))

    with pytest.raises(Unreachable):
        customer.refresh(credentials)
    fresh = customer.refresh(credentials)

    assert customer.open(fresh).identity().id == xero.first().tenant
    assert fresh.refresh_token != credentials.refresh_token
    assert xero.oauth.consents[-1].reuses == 1


def test_refresh_token_works_once_its_grace_is_over(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    fresh = customer.refresh(credentials)
    xero.clock.advance(minutes=31)

    newest = customer.refresh(fresh)
    with pytest.raises(AuthorizationRevoked):
        customer.refresh(credentials)

    assert newest.refresh_token


def test_access_ends_after_thirty_minutes_and_renews(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    xero.clock.advance(minutes=31)

    with pytest.raises(AuthorizationRevoked):
        pull(customer.open(credentials), DataType.TAX_RATES)
    fresh = customer.open(customer.refresh(credentials))

    assert records(pull(fresh, DataType.TAX_RATES))


def test_authorization_lapses_after_sixty_days(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    assert Xero.lapses_after
    xero.clock.advance(seconds=Xero.lapses_after.total_seconds() - 60)
    credentials = customer.refresh(credentials)
    xero.clock.advance(seconds=Xero.lapses_after.total_seconds() + 1)

    with pytest.raises(AuthorizationRevoked):
        customer.refresh(credentials)


def test_code_is_worth_something_once(xero: XeroServer, customer: Customer):
    url = Xero.authorize_url(
        customer.app,
        state="s",
        redirect_uri=REDIRECT_URI,
        code_challenge=create_s256_code_challenge(VERIFIER),
    )
    code = xero.consent(url)["code"]

    def exchange() -> Credentials:
        return Xero.exchange(
            customer.http,
            customer.app,
            code=code,
            redirect_uri=REDIRECT_URI,
            code_verifier=VERIFIER,
            callback={},
        )

    credentials = exchange()
    with pytest.raises(AuthorizationRevoked):
        exchange()

    # Whoever took the code may have taken what it was worth.
    with pytest.raises(AuthorizationRevoked):
        customer.refresh(credentials)


def test_consent_page_offers_every_organization_and_a_way_out(xero: XeroServer, customer: Customer):
    url = httpx.URL(
        Xero.authorize_url(
            customer.app, state="s", redirect_uri=REDIRECT_URI, code_challenge="c" * 43
        )
    )
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(url).text
        form = {**url.params, "decision": "deny"}
        denied = browser.post(url.copy_with(query=None), data=form)
        unknown = browser.get(url.copy_set_param("scope", "accounting.transactions"))

    assert all(tenant in page for tenant in xero.organisations)
    assert httpx.URL(denied.headers["Location"]).params["error"] == "access_denied"
    assert unknown.status_code == 400


def test_organizations_of_one_consent_are_told_apart(xero: XeroServer, customer: Customer):
    one, other = xero.organisations.values()
    platform = customer.open(customer.authorize(one, other))

    found = {each.name: each for each in platform.organizations()}
    first = customer.open(platform.choose(found[one.name]))
    second = customer.open(platform.choose(found[other.name]))

    assert (first.identity().id, second.identity().id) == (one.tenant, other.tenant)
    assert not records(pull(first, DataType.INVOICES)).keys() & records(
        pull(second, DataType.INVOICES)
    )


def test_giving_one_organization_back_keeps_the_other(xero: XeroServer, customer: Customer):
    one, other = xero.organisations.values()
    platform = customer.open(customer.authorize(one, other))
    found = {each.id: each for each in platform.organizations()}
    first, second = platform.choose(found[one.tenant]), platform.choose(found[other.tenant])

    customer.revoke(first)

    with pytest.raises(AuthorizationRevoked):
        pull(customer.open(first), DataType.TAX_RATES)
    with pytest.raises(AuthorizationRevoked):
        customer.open(first).identity()
    assert records(pull(customer.open(second), DataType.TAX_RATES))
    assert not xero.oauth.consents[-1].is_revoked
    customer.revoke(second)
    assert xero.oauth.consents[-1].is_revoked


def test_authorization_is_given_back_with_an_access_token_that_ended(
    xero: XeroServer, customer: Customer
):
    credentials = customer.linked()
    xero.oauth.expire_access()

    customer.revoke(credentials)

    assert xero.oauth.consents[-1].is_revoked


def test_consent_never_finished_is_given_back(xero: XeroServer, customer: Customer):
    credentials = customer.authorize()

    customer.revoke(credentials)

    assert xero.oauth.consents[-1].is_revoked


def test_organization_disconnected_at_xero_needs_the_customer(xero: XeroServer, customer: Customer):
    credentials = customer.linked()

    xero.disconnect(xero.first().tenant)

    with pytest.raises(AuthorizationRevoked):
        pull(customer.open(credentials), DataType.INVOICES)
    with pytest.raises(AuthorizationRevoked):
        customer.open(credentials).identity()


def test_scope_that_was_not_given_is_told(xero: XeroServer):
    scopes = tuple(each for each in Xero.scopes if "banktransactions" not in each)
    customer = Customer(xero, scopes=scopes)
    platform = customer.open(customer.linked())

    with pytest.raises(PermissionMissing):
        pull(platform, DataType.BANK_TRANSACTIONS)
    assert records(pull(platform, DataType.TAX_RATES))
    customer.http.close()


def test_days_allowance_used_up_is_told_with_its_end(xero: XeroServer, customer: Customer):
    platform = customer.open(customer.linked())
    pull(platform, DataType.TAX_RATES)
    xero.day.exhaust(xero.first().tenant)

    with pytest.raises(RateLimited) as caught:
        pull(platform, DataType.INVOICES)

    assert caught.value.is_daily
    assert caught.value.retry_after
    assert caught.value.retry_after > 80_000
    assert not customer.pauses
    assert sum(asked.status == 429 for asked in xero.requests) == 1
    xero.clock.advance(days=1)
    assert records(pull(customer.open(customer.linked()), DataType.TAX_RATES))


def test_no_request_is_wasted_on_a_minute_used_up(xero: XeroServer, customer: Customer):
    platform = customer.open(customer.linked())
    xero.minute.limit = 3
    for _ in range(3):
        pull(platform, DataType.TAX_RATES)

    with pytest.raises(RateLimited) as caught:
        pull(platform, DataType.TAX_RATES)

    assert not caught.value.is_daily
    assert caught.value.retry_after
    assert 30 < caught.value.retry_after <= 60
    assert not any(asked.status == 429 for asked in xero.requests)


def test_crowd_is_waited_out(xero: XeroServer, customer: Customer):
    credentials = customer.linked()
    xero.crowd.limit = 0

    def wait(seconds: float) -> None:
        customer.pauses.append(seconds)
        xero.crowd.limit = 5

    platform = Xero(customer.http, credentials, sleep=wait)

    assert records(pull(platform, DataType.TAX_RATES))
    assert customer.pauses == [1]


def test_books_can_be_changed_from_outside(xero: XeroServer):
    tenant = xero.first().tenant
    with httpx.Client(base_url=xero.url, trust_env=False) as person:
        answer = person.post("/control/add_invoice", data={"tenant": tenant, "net": "12.00"})
        invoice = answer.json()["done"]
        person.post("/control/void_invoice", data={"tenant": tenant, "id": invoice})
        wrong = person.post("/control/void_invoice", data={"tenant": tenant, "id": "x"})

    assert xero.first().get("Invoices", invoice)["Status"] == "VOIDED"
    assert wrong.status_code == 400
