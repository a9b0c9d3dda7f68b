"""A connection's life at QuickBooks Online: what is asked, how often, and what is never lost."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import httpx
import pytest

from connections.platforms.base import (
    AuthorizationRevoked,
    Page,
    PermissionMissing,
    PlatformApp,
    PlatformError,
    RateLimited,
    Unexpected,
)
from connections.platforms.quickbooks import QuickBooks, known
from connections.platforms.quickbooks.limits import Limits
from connections.schemas import DataType
from tests.connections.platforms.contract import respond
from tests.connections.platforms.quickbooks.books import QuickBooksBooks

ALL = sorted(QuickBooks.data_types, key=lambda data_type: data_type.sync_order)
INCREMENTAL = [data_type for data_type in ALL if data_type in QuickBooks.incremental]
# One request for every thousand rows of each list. The company's currency is told apart from it,
# codes of taxes need their rates, and what moves money is in seven lists.
MORE_REQUESTS = {DataType.COMPANY: 2, DataType.TAX_RATES: 2, DataType.BANK_TRANSACTIONS: 8}


class SmallPages(QuickBooks):
    page_size: ClassVar[int] = 3


@pytest.fixture
def books() -> QuickBooksBooks:
    return QuickBooksBooks()


def pull(platform: QuickBooks, data_type: DataType, since: str | None = None) -> list[Page]:
    return list(platform.fetch(data_type, since=since, cursor=None))


def ids(pages: Iterable[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records]


def deleted(pages: Iterable[Page]) -> list[str]:
    return [gone for page in pages for gone in page.deleted_ids]


def test_life(books: QuickBooksBooks):
    http = books.client()
    credentials = books.authorized()
    platform = QuickBooks(http, credentials, sleep=lambda _: None)
    assert platform.identity().id == books.realm
    assert credentials.refresh_expires_at
    filled = {data_type: sorted(books.fill(data_type, 4)) for data_type in ALL}

    counts, marks = Counter[DataType](), {}
    for data_type in ALL:
        before = books.request_count()
        pages = pull(platform, data_type)
        counts[data_type] = books.request_count() - before
        marks[data_type] = pages[-1].watermark
        assert ids(pages), data_type
    assert counts == {data_type: MORE_REQUESTS.get(data_type, 1) for data_type in ALL}

    # Some changes.
    paid, voided, gone, _ = filled[DataType.INVOICES]
    books.change(DataType.INVOICES, paid)
    invoice = books.entities["Invoice"][voided]
    void = {"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided", "TxnTaxDetail": {}, "Line": []}
    books.write("Invoice", {**invoice, **void}, voided)
    books.delete(DataType.INVOICES, gone)
    spent = filled[DataType.BANK_TRANSACTIONS][0]
    books.delete(DataType.BANK_TRANSACTIONS, spent)

    # Only those, with a request for each type.
    before = books.request_count()
    later = {data_type: pull(platform, data_type, marks[data_type]) for data_type in INCREMENTAL}
    assert books.request_count() - before == len(INCREMENTAL)
    changed = {r.id: r for page in later[DataType.INVOICES] for r in page.records}
    assert set(changed) == {paid, voided}
    assert changed[voided].status == "Void"  # type: ignore[attr-defined]
    assert deleted(later[DataType.INVOICES]) == [gone]
    assert deleted(later[DataType.BANK_TRANSACTIONS]) == [spent]
    for data_type in set(INCREMENTAL) - {DataType.INVOICES, DataType.BANK_TRANSACTIONS}:
        assert not ids(later[data_type]), data_type
        assert not deleted(later[data_type]), data_type

    # What was reported is not reported again.
    again = pull(platform, DataType.INVOICES, later[DataType.INVOICES][-1].watermark)
    assert not deleted(again)

    # Given back, and taken up again.
    QuickBooks.revoke(http, books.app, credentials)
    with pytest.raises(AuthorizationRevoked):
        pull(platform, DataType.INVOICES)
    with pytest.raises(AuthorizationRevoked):
        QuickBooks.refresh(http, books.app, credentials)
    anew = QuickBooks(http, books.authorized(), sleep=lambda _: None)
    assert len(ids(pull(anew, DataType.INVOICES))) == 3


@pytest.mark.parametrize("page_size", [SmallPages, QuickBooks])
def test_nothing_is_lost_beyond_thirty_days(books: QuickBooksBooks, page_size: type[QuickBooks]):
    platform = page_size(books.client(), books.authorized(), sleep=lambda _: None)
    filled = sorted(books.fill(DataType.INVOICES, 7))
    mark = pull(platform, DataType.INVOICES)[-1].watermark
    books.delete(DataType.INVOICES, filled[2])
    books.change(DataType.INVOICES, filled[4])
    books.now += timedelta(days=31)

    later = pull(platform, DataType.INVOICES, mark)

    assert ids(later) == [filled[4]]
    assert deleted(later) == [filled[2]]
    assert not ids(pull(platform, DataType.INVOICES, later[-1].watermark))


def test_nothing_is_lost_where_too_much_changed(
    books: QuickBooksBooks, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connections.platforms.quickbooks.pull.MOST_CHANGES", 3)
    books.most_changes = 3
    platform = SmallPages(books.client(), books.authorized(), sleep=lambda _: None)
    filled = sorted(books.fill(DataType.INVOICES, 7))
    mark = pull(platform, DataType.INVOICES)[-1].watermark
    for row_id in filled[:5]:
        books.change(DataType.INVOICES, row_id)
    books.delete(DataType.INVOICES, filled[6])

    later = pull(platform, DataType.INVOICES, mark)

    assert ids(later) == filled[:5]
    assert deleted(later) == [filled[6]]


def test_rows_that_change_while_a_pull_runs_are_not_skipped(books: QuickBooksBooks):
    platform = SmallPages(books.client(), books.authorized(), sleep=lambda _: None)
    filled = sorted(books.fill(DataType.INVOICES, 9))
    pages = platform.fetch(DataType.INVOICES, since=None, cursor=None)
    taken = [next(pages)]

    # Of a list by positions these would leave gaps for later rows to slip through.
    for row_id in ids(taken):
        books.change(DataType.INVOICES, row_id)

    assert set(ids([*taken, *pages])) == set(filled)


def test_rows_that_changed_all_at_once_are_read(books: QuickBooksBooks):
    platform = SmallPages(books.client(), books.authorized(), sleep=lambda _: None)
    put = [books.put(DataType.CUSTOMERS) for _ in range(8)]

    assert ids(pull(platform, DataType.CUSTOMERS)) == put


def test_company_that_was_not_let_in_is_refused(books: QuickBooksBooks):
    forged = replace(books.authorized(), parameters={"realm_id": "123"})

    with pytest.raises(AuthorizationRevoked, match="does not reach this company"):
        QuickBooks(books.client(), forged).identity()


@pytest.mark.parametrize("realm", ["", "../1", "1" * 21, "12a", "１２"])
def test_company_that_is_no_number_is_not_asked_for(books: QuickBooksBooks, realm: str):
    with pytest.raises(Unexpected):
        QuickBooks.exchange(
            books.client(),
            books.app,
            code="c",
            redirect_uri=books.redirect_uri,
            code_verifier="",
            callback={"realmId": realm},
        )
    assert not books.requests


@pytest.mark.parametrize(
    ("status", "code", "kind", "expected"),
    [
        (401, "3200", "AUTHENTICATION", AuthorizationRevoked),
        (400, "3200", "AUTHENTICATION", AuthorizationRevoked),
        (403, "3100", "SERVICE", AuthorizationRevoked),
        (403, "5020", "ValidationFault", PermissionMissing),
        (400, "6190", "ValidationFault", PermissionMissing),
        (400, "4000", "ValidationFault", Unexpected),
        (429, "003001", "THROTTLE", RateLimited),
        (403, "003001", "THROTTLE", RateLimited),
    ],
)
@pytest.mark.parametrize("names", [("Fault", "Error"), ("fault", "error")])
def test_fault_is_read(
    books: QuickBooksBooks,
    status: int,
    code: str,
    kind: str,
    expected: type[PlatformError],
    names: tuple[str, str],
):
    platform = QuickBooks(books.client(), books.authorized(), sleep=lambda _: None)
    outer, inner = names
    body = f'{{"{outer}":{{"{inner}":[{{"code":"{code}"}}],"type":"{kind}"}}}}'
    books.fail(respond(status, body=body.encode()), times=3)

    with pytest.raises(PlatformError) as caught:
        pull(platform, DataType.INVOICES)

    assert type(caught.value) is expected


def test_no_request_is_wasted_on_a_minute_used_up(books: QuickBooksBooks):
    platform = QuickBooks(books.client(), books.authorized(), sleep=lambda _: None)
    books.fail(respond(429))
    with pytest.raises(RateLimited) as caught:
        pull(platform, DataType.INVOICES)
    assert caught.value.retry_after == 60
    before = books.request_count()

    with pytest.raises(RateLimited):
        pull(platform, DataType.BILLS)

    assert books.request_count() == before


def test_requests_keep_to_ten_a_second_and_500_a_minute():
    now = 1000.0
    limits = Limits(clock=lambda: now)

    waits = [limits.take("company") for _ in range(11)]
    assert waits == [0.0] * 10 + [1.0]
    assert limits.take("other") == 0
    now += 3
    for _ in range(489):
        limits.take("company")
        now += 0.1

    # The first of the 500 was asked for some 52 seconds ago.
    assert limits.take("company") == pytest.approx(1060 - now)


def test_vendors_own_addresses():
    production, sandbox = PlatformApp(), PlatformApp(environment="sandbox")

    assert QuickBooks.api_url(production) == "https://quickbooks.api.intuit.com"
    assert QuickBooks.api_url(sandbox) == "https://sandbox-quickbooks.api.intuit.com"
    assert QuickBooks.consent_origins(production) == (
        "https://appcenter.intuit.com",
        "https://accounts.intuit.com",
    )
    url = QuickBooks.authorize_url(
        production, state="s", redirect_uri="https://p.test/", code_challenge="c"
    )
    assert url.startswith("https://appcenter.intuit.com/connect/oauth2?")
    assert httpx.URL(url).params["scope"] == "com.intuit.quickbooks.accounting"


def test_ids_are_remembered_small():
    numbers = {*range(1, 30_000, 3), 10**15, 10**15 + 1}

    packed = known.pack(numbers)

    assert known.unpack(packed) == numbers
    assert len(packed) < 500
    assert known.unpack(known.pack(())) == known.unpack(None) == set()
    assert known.read("2026-01-01") is None
