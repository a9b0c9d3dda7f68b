"""The API: pages that stay put, changes since a moment, limits, what was served."""

import io
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any

import httpx
import msgspec
import pytest
from PIL import Image

from sandbox.config import Config
from sandbox.ledger import moments
from sandbox.views import collections, extras, files
from tests.sandbox.conftest import CONTROL, Visitor, serving


def pages(
    visitor: Visitor, tokens: dict[str, str], name: str, **params: str | int
) -> Iterator[dict[str, Any]]:
    page: dict[str, Any] = visitor.get(name, tokens, **params).json()
    yield page
    for number in range(2, page["pages"] + 1):
        more = {**params, "as_of": page["as_of"], "page": number}
        yield visitor.get(name, tokens, **more).json()


def items(
    visitor: Visitor, tokens: dict[str, str], name: str, **params: str | int
) -> list[dict[str, Any]]:
    return [item for page in pages(visitor, tokens, name, **params) for item in page["items"]]


def test_company_is_the_business(visitor: Visitor):
    company = visitor.get("company", visitor.connect("awkward")).json()

    assert company["id"] == "awkward"
    assert company["base_currency"] == "EUR"
    assert company["financial_year_start"] == "07-01"
    assert company["address"]["city"] == "Görlitz"


def test_fields_are_given_to_whoever_names_them(visitor: Visitor):
    tokens = visitor.connect()
    plain = visitor.get("invoices", tokens, page_size=3).json()
    names = "approval,purchase_order,nothing_like_it,total"

    asked = visitor.get("invoices", tokens, page_size=3, as_of=plain["as_of"], fields=names).json()

    for before, after in zip(plain["items"], asked["items"], strict=True):
        assert "approval" not in before
        assert after["approval"]["by"]["email"].endswith("@example.com")
        assert after["purchase_order"].startswith("PO-")
        assert {name: after[name] for name in before} == before
        assert set(after) == {*before, "approval", "purchase_order"}
    again = visitor.get("invoices", tokens, page_size=3, as_of=plain["as_of"], fields=names)
    assert again.json() == asked


@pytest.mark.parametrize("name", extras.FIELDS)
def test_every_field_can_be_asked_for(visitor: Visitor, name: str):
    fields = extras.FIELDS[name]
    found = visitor.get(name, visitor.connect(), fields=",".join(fields)).json()

    for row in found.get("items", [found]):
        assert set(fields) <= set(row)


def test_deleted_rows_have_no_fields(visitor: Visitor):
    tokens = visitor.connect()
    as_of = visitor.get("bills", tokens).json()["as_of"]
    deleted: list[Any] = []
    for _ in range(10):  # how soon a bill is deleted depends on the day
        visitor.advance(days=40)
        tokens = visitor.refresh(tokens["refresh_token"]).json()
        changes = items(visitor, tokens, "bills", modified_since=as_of, fields="approval")
        assert all(("approval" in row) is not row.get("deleted", False) for row in changes)
        deleted = [row for row in changes if "deleted" in row]
        if deleted:
            break

    assert deleted


def test_too_many_fields_are_refused(visitor: Visitor):
    answer = visitor.get("bills", visitor.connect(), fields=",".join("abcdefghi" * 6))

    assert answer.status_code == 400


def with_files(visitor: Visitor, tokens: dict[str, str], name: str) -> Iterator[tuple[str, Any]]:
    for row in items(visitor, tokens, name, page_size=1_000):
        yield row["id"], visitor.get(f"{name}/{row['id']}/attachments", tokens).json()["items"]


@pytest.mark.parametrize("name", files.ATTACHED_TO)
def test_files_are_attached_to_some_records(visitor: Visitor, name: str):
    tokens = visitor.connect("awkward")
    found = dict(islice(with_files(visitor, tokens, name), 30))

    assert {len(each) for each in found.values()} == {0, 1, 2}
    key, (first, *_) = next((key, each) for key, each in found.items() if each)
    path = f"{name}/{key}/attachments/{first['id']}"
    assert visitor.get(path, tokens).json() == first
    content = visitor.get(f"{path}/content", tokens)
    assert content.headers["content-type"] == first["content_type"]
    assert len(content.content) == first["size"]
    assert visitor.get(f"{path}/content", tokens).content == content.content
    kinds = {"application/pdf": b"%PDF-1.4", "image/png": b"\x89PNG"}
    assert content.content.startswith(kinds[first["content_type"]])


def test_pictures_and_pages_are_real(visitor: Visitor):
    tokens = visitor.connect("awkward")
    (picture,) = islice(
        (
            visitor.get(f"bills/{key}/attachments/{each['id']}/content", tokens).content
            for key, found in with_files(visitor, tokens, "bills")
            for each in found
            if each["content_type"] == "image/png"
        ),
        1,
    )
    with Image.open(io.BytesIO(picture)) as drawn:
        drawn.load()
        assert drawn.size == (24, 16)

    invoice = items(visitor, tokens, "invoices", page_size=1_000)[-1]
    page = visitor.get(f"invoices/{invoice['id']}/pdf", tokens)
    assert page.headers["content-type"] == "application/pdf"
    assert f"({invoice['total']})".strip("()").encode() in page.content
    start = int(page.content.rpartition(b"startxref\n")[2].split()[0])
    assert page.content[start:].startswith(b"xref\n0 6\n")
    for number, line in enumerate(page.content[start:].splitlines()[3:8], start=1):
        assert page.content[int(line[:10]) :].startswith(b"%d 0 obj" % number)


@pytest.mark.parametrize(
    "path",
    [
        "payments/pay_000001/attachments",
        "bills/none/attachments",
        "invoices/none/pdf",
        "bills/none/attachments/att/content",
    ],
)
def test_files_that_are_not_there_are_not_found(visitor: Visitor, path: str):
    assert visitor.get(path, visitor.connect()).status_code == 404


def test_projects_belong_to_customers(visitor: Visitor):
    tokens = visitor.connect()
    customers = {row["id"] for row in items(visitor, tokens, "customers", page_size=1_000)}
    projects = items(visitor, tokens, "projects", page_size=1_000)

    assert projects
    assert {row["customer"]["id"] for row in projects} < customers
    assert {row["status"] for row in projects} == {"open", "closed"}
    assert isinstance(projects[0]["budget"], float)
    assert [each["name"] for each in projects[0]["milestones"]] == ["Kick-off", "Handover"]


@pytest.mark.parametrize("name", collections.NAMES)
def test_collection_is_paged_completely_in_order(visitor: Visitor, name: str):
    tokens = visitor.connect()
    found = list(pages(visitor, tokens, name, page_size=50))

    every = [item for page in found for item in page["items"]]
    assert len(every) == len({item["id"] for item in every}) == found[0]["total"] > 0
    assert {page["as_of"] for page in found} == {found[0]["as_of"]}
    order = [(item["updated_at"], item["id"]) for item in every]
    assert order == sorted(order)
    assert all(item["created_at"] <= item["updated_at"] <= found[0]["as_of"] for item in every)
    assert not any("deleted" in item for item in every)


def test_pages_stay_put_while_time_passes(visitor: Visitor):
    tokens = visitor.connect()
    first = visitor.get("invoices", tokens, page_size=50).json()
    whole = visitor.get("invoices", tokens, page_size=1_000, as_of=first["as_of"]).json()

    rest: list[str] = []
    for number in range(2, first["pages"] + 1):
        visitor.advance(minutes=25)
        tokens = visitor.refresh(tokens["refresh_token"]).json()
        page = visitor.get(
            "invoices", tokens, page=number, page_size=50, as_of=first["as_of"]
        ).json()
        rest += page["items"]

    assert first["items"] + rest == whole["items"]
    assert visitor.get("invoices", tokens).json()["as_of"] > first["as_of"]


def test_changes_since_a_moment_turn_the_old_state_into_the_new(visitor: Visitor):
    for name in collections.NAMES:
        tokens = visitor.connect()
        before = visitor.get(name, tokens, page_size=1_000).json()
        state = {item["id"]: item for item in items(visitor, tokens, name, as_of=before["as_of"])}
        visitor.advance(days=9)
        tokens = visitor.refresh(tokens["refresh_token"]).json()

        changes = items(visitor, tokens, name, modified_since=before["as_of"])
        for change in changes:
            assert change["updated_at"] > before["as_of"]
            if change.get("deleted"):
                assert change.keys() == {"id", "deleted", "updated_at"}
                state.pop(change["id"], None)
            else:
                state[change["id"]] = change

        now = items(visitor, tokens, name)
        assert state == {item["id"]: item for item in now}, name


def test_deleted_records_are_told_only_to_those_who_ask_for_changes(visitor: Visitor):
    tokens = visitor.connect()
    since = visitor.get("invoices", tokens).json()["as_of"]
    visitor.advance(days=5)
    tokens = visitor.refresh(tokens["refresh_token"]).json()

    changes = items(visitor, tokens, "invoices", modified_since=since)

    gone = {change["id"] for change in changes if change.get("deleted")}
    assert gone
    assert gone.isdisjoint(item["id"] for item in items(visitor, tokens, "invoices"))


def test_earlier_moments_can_be_asked_for_and_later_ones_are_now(visitor: Visitor):
    tokens = visitor.connect()
    now = visitor.get("payments", tokens).json()
    year_ago = moments.text(moments.parse(now["as_of"]) - 365 * moments.DAY)

    past = visitor.get("payments", tokens, as_of=year_ago).json()
    future = visitor.get("payments", tokens, as_of="2999-01-01T00:00:00Z").json()

    assert 0 < past["total"] < now["total"]
    assert past["as_of"] == year_ago
    assert future["as_of"] < "2999"
    assert future["total"] == now["total"]


def test_page_beyond_the_end_is_empty(visitor: Visitor):
    page = visitor.get("invoices", visitor.connect(), page=10_000).json()

    assert page["items"] == []
    assert page["page"] == 10_000
    assert page["total"] > 0


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("invoices", {"page": 0}, 400),
        ("invoices", {"page": "x"}, 400),
        ("invoices", {"page": "9" * 5_000}, 400),
        ("invoices", {"as_of": "0001-01-01T00:00:00+23:59"}, 400),
        ("reports/cash_flow", {"as_of": "0001-01-01T00:00:00Z"}, 400),
        ("invoices", {"page_size": 1_001}, 400),
        ("invoices", {"as_of": "yesterday"}, 400),
        ("invoices", {"modified_since": "2026-01-01T00:00:00"}, 400),
        ("reports/profit_and_loss", {"from": "2026-13"}, 400),
        ("reports/profit_and_loss", {"from": "2026-05", "to": "2026-04"}, 400),
        ("reports/aged_debtors", {}, 404),
        ("wishes", {}, 404),
    ],
)
def test_what_cannot_be_answered_is_refused(
    visitor: Visitor, path: str, params: dict[str, str | int], status: int
):
    response = visitor.get(path, visitor.connect(), **params)

    assert response.status_code == status
    assert response.json()["error"].keys() == {"code", "message"}


def test_before_the_books_there_is_nothing(visitor: Visitor):
    page = visitor.get("accounts", visitor.connect(), as_of="0001-01-01T00:00:00Z").json()

    assert page["total"] == 0


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}]
)
def test_api_needs_a_token(visitor: Visitor, header: dict[str, str]):
    response = visitor.http.get("/api/v1/company", headers=header)

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthorized"


@pytest.mark.parametrize("kind", ["balance_sheet", "profit_and_loss", "cash_flow"])
def test_reports_are_served_for_the_months_asked(visitor: Visitor, kind: str):
    tokens = visitor.connect()
    latest = visitor.get(f"reports/{kind}", tokens).json()
    month = moments.parse_month(latest["latest"][:7]) - 4

    report = visitor.get(
        f"reports/{kind}",
        tokens,
        **{"from": moments.month_text(month - 2), "to": moments.month_text(month)},
    ).json()

    assert report["basis"] == "accrual"
    assert report["currency"] == "GBP"
    assert len(latest["periods"]) == 25
    assert len(report["periods"]) == 3
    assert report["periods"] == latest["periods"][4:7]


def test_pages_of_the_busy_business_follow_one_another(visitor: Visitor):
    tokens = visitor.connect("busy")
    for name in ("invoices", "journal_entries"):
        as_of = visitor.get(name, tokens).json()["as_of"]
        pages = [
            visitor.get(name, tokens, page=page, as_of=as_of).json()["items"]
            for page in range(1, 12)
        ]
        keys = [(item["updated_at"], item["id"]) for items in pages for item in items]
        assert [len(items) for items in pages] == [100] * 11
        assert keys == sorted(set(keys))


def test_every_minute_has_its_limit(config: Config):
    with serving(msgspec.structs.replace(config, requests_per_minute=3)) as visitor:
        tokens, other = visitor.connect(), visitor.connect()
        visitor.advance(seconds=seconds_to_next_minute(visitor))

        answers = [visitor.get("connection", tokens) for _ in range(4)]

        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert [each.headers["x-ratelimit-remaining"] for each in answers] == ["2", "1", "0", "0"]
        assert answers[0].headers["x-ratelimit-limit"] == "3"
        assert 0 < int(answers[3].headers["retry-after"]) <= 61
        assert answers[3].json()["error"]["code"] == "rate_limited"
        assert visitor.get("connection", other).status_code == 200
        visitor.advance(seconds=int(answers[3].headers["retry-after"]))
        assert visitor.get("connection", tokens).status_code == 200


def seconds_to_next_minute(visitor: Visitor) -> int:
    now = moments.parse(visitor.control("GET", "clock").json()["now"])
    return (moments.MINUTE - now % moments.MINUTE) // moments.SECOND + 1


def test_served_tells_the_newest_state_that_went_out(visitor: Visitor):
    tokens = visitor.connect()
    grant_id = visitor.grant_id(tokens)
    first = items(visitor, tokens, "invoices", page_size=1_000)
    since = visitor.get("invoices", tokens, page_size=1_000).json()["as_of"]
    visitor.advance(days=4)
    tokens = visitor.refresh(tokens["refresh_token"]).json()
    changes = items(visitor, tokens, "invoices", modified_since=since)

    query = {"grant_id": grant_id, "collection": "invoices"}
    served = visitor.control("GET", "served", params=query).json()

    newest = {item["id"]: item for item in [*first, *changes]}
    assert {row["id"] for row in served} == newest.keys()
    for row in served:
        assert row["updated_at"] == newest[row["id"]]["updated_at"]
        assert row["deleted"] == newest[row["id"]].get("deleted", False)
        again = row["id"] in {change["id"] for change in changes}
        new = row["id"] not in {item["id"] for item in first}
        assert row["times"] == (1 if new else 3 if again else 2)
    assert visitor.control("GET", "served", params={"grant_id": "grt_other"}).json() == []
    visitor.control("POST", "served/clear")
    assert visitor.control("GET", "served", params=query).json() == []


def test_eight_connections_at_once_are_served_alike(visitor: Visitor):
    tokens = visitor.connect("awkward")
    as_of = visitor.get("bills", tokens).json()["as_of"]
    answers: list[Any] = []

    def read() -> None:
        with httpx.Client(base_url=visitor.http.base_url, timeout=30) as http:
            mine = Visitor(http)
            answers.append([*pages(mine, tokens, "bills", as_of=as_of, page_size=100)])

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)
    query = {"grant_id": visitor.grant_id(tokens), "collection": "bills"}
    served = visitor.control("GET", "served", params=query).json()
    assert {row["times"] for row in served} <= {8, 9}


def test_control_needs_its_key(visitor: Visitor):
    for headers in ({}, {"X-Control-Key": "guess"}):
        response = visitor.http.get("/control/grants", headers=headers)
        assert response.status_code == 401
    assert visitor.http.get("/control/grants", headers=CONTROL).status_code == 200


def test_clock_only_goes_forward(visitor: Visitor):
    before = visitor.control("GET", "clock").json()
    visitor.advance(hours=2)
    after = visitor.control("GET", "clock").json()

    assert after["offset_seconds"] == before["offset_seconds"] + 7_200
    passed = moments.parse(after["now"]) - moments.parse(before["now"])
    assert 7_200 * moments.SECOND < passed < 7_260 * moments.SECOND
    for seconds in (-1, 10**12):
        back = visitor.http.post(
            "/control/clock", headers=CONTROL, json={"advance_seconds": seconds}
        )
        assert back.status_code == 400
