"""Each kind of fault, whom it hits and how often."""

import time
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import CONTROL, Visitor


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [
        ("unauthorized", 401, None),
        ("forbidden", 403, None),
        ("rate_limited", 429, "7"),
        ("rate_limited_bare", 429, None),
        ("server_error", 500, None),
    ],
)
def test_refusals(visitor: Visitor, kind: str, status: int, retry_after: str | None):
    tokens = visitor.connect()
    visitor.fault(kind, times=1, seconds=7)

    refused = visitor.get("invoices", tokens)

    assert refused.status_code == status
    assert refused.headers.get("retry-after") == retry_after
    assert refused.json()["error"].keys() == {"code", "message"}
    assert visitor.get("invoices", tokens).status_code == 200


def test_slow_answers_late(visitor: Visitor):
    tokens = visitor.connect()
    visitor.fault("slow", times=1, seconds=0.3)

    late = visitor.get("connection", tokens)

    assert late.status_code == 200
    assert late.elapsed.total_seconds() >= 0.3
    assert visitor.control("GET", "faults").json()[0]["times"] == 0


def test_hang_never_answers_and_lets_go_in_the_end(visitor: Visitor):
    tokens = visitor.connect()
    visitor.fault("hang", times=1, seconds=0.3)

    began = time.monotonic()
    with pytest.raises(httpx.RemoteProtocolError):
        visitor.get("connection", tokens)
    assert time.monotonic() - began >= 0.3


def test_hang_ends_when_the_client_gives_up(visitor: Visitor):
    tokens = visitor.connect()
    visitor.fault("hang", times=1)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    with pytest.raises(httpx.ReadTimeout):
        visitor.http.get("/api/v1/connection", headers=headers, timeout=0.2)

    assert visitor.get("connection", tokens).status_code == 200


def test_truncated_breaks_off_within_the_json_and_serves_nothing(visitor: Visitor):
    tokens = visitor.connect()
    visitor.fault("truncated", times=1)

    broken = visitor.get("invoices", tokens)

    assert broken.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        broken.json()
    assert visitor.control("GET", "served").json() == []


def test_html_is_a_page_with_status_200(visitor: Visitor):
    tokens = visitor.connect()
    visitor.fault("html", times=1)

    page = visitor.get("invoices", tokens)

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert visitor.control("GET", "served").json() == []


def test_repeated_page_answers_with_the_page_before(visitor: Visitor):
    tokens = visitor.connect()
    visitor.fault("repeated_page", times=1)
    first = visitor.get("invoices", tokens, page_size=20).json()

    repeated = visitor.get("invoices", tokens, page_size=20, page=2, as_of=first["as_of"]).json()
    second = visitor.get("invoices", tokens, page_size=20, page=2, as_of=first["as_of"]).json()

    assert repeated == first
    assert second["page"] == 2
    assert second["items"] != first["items"]


def test_token_revoked_ends_the_grant(visitor: Visitor):
    tokens, other = visitor.connect(), visitor.connect()
    visitor.fault("token_revoked", grant_id=visitor.grant_id(tokens), times=1)

    assert visitor.get("invoices", other).status_code == 200
    assert visitor.get("invoices", tokens).status_code == 401
    assert visitor.get("invoices", tokens).status_code == 401
    assert visitor.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert visitor.get("invoices", other).status_code == 200


def test_lost_refresh_answer_rotates_the_token_all_the_same(visitor: Visitor):
    tokens = visitor.connect()
    grant_id = visitor.grant_id(tokens)
    visitor.fault("lost_refresh_answer", grant_id=grant_id, times=1)

    with pytest.raises(httpx.RemoteProtocolError):
        visitor.refresh(tokens["refresh_token"])

    again = visitor.refresh(tokens["refresh_token"]).json()
    assert visitor.get("connection", again).status_code == 200
    known = next(each for each in visitor.control("GET", "grants").json() if each["id"] == grant_id)
    assert [known["refreshes"], known["reuses"]] == [1, 1]


def test_token_endpoint_fails_only_when_its_path_is_named(visitor: Visitor):
    tokens = visitor.connect()
    visitor.fault("server_error")
    fresh = visitor.refresh(tokens["refresh_token"])
    visitor.control("DELETE", "faults")
    visitor.fault("server_error", path="/oauth/token", times=1)

    failed = visitor.refresh(fresh.json()["refresh_token"])

    assert fresh.status_code == 200
    assert failed.status_code == 500
    assert failed.json()["error"] == "server_error"
    assert visitor.refresh(fresh.json()["refresh_token"]).status_code == 200


def test_fault_hits_its_grant_path_and_turn_only(visitor: Visitor):
    tokens, other = visitor.connect(), visitor.connect()
    grant_id = visitor.grant_id(tokens)
    fault_id = visitor.fault(
        "server_error", grant_id=grant_id, path="/api/v1/bills", after=1, times=2
    )

    def status(path: str, by: dict[str, str] = tokens) -> int:
        return visitor.get(path, by).status_code

    assert [status("invoices"), status("bills", other)] == [200, 200]
    assert [status("bills") for _ in range(4)] == [200, 500, 500, 200]
    listed: Any = visitor.control("GET", "faults").json()
    assert [(each["id"], each["times"], each["after"], each["hits"]) for each in listed] == [
        (fault_id, 0, 0, 2)
    ]


def test_fault_without_times_stays_until_it_is_cleared(visitor: Visitor):
    tokens = visitor.connect()
    fault_id = visitor.fault("server_error")

    assert [visitor.get("company", tokens).status_code for _ in range(3)] == [500] * 3
    visitor.control("DELETE", f"faults/{fault_id}")
    assert visitor.get("company", tokens).status_code == 200
    assert visitor.control("GET", "faults").json() == []


@pytest.mark.parametrize("body", ['{"kind": "flood"}', '{"kind": "hang", "x": 1}', "{", "[]"])
def test_unknown_faults_are_refused(visitor: Visitor, body: str):
    response = visitor.http.post("/control/faults", headers=CONTROL, content=body)

    assert response.status_code == 400
    assert visitor.control("GET", "faults").json() == []
    unknown = visitor.http.delete("/control/faults/999999", headers=CONTROL)
    assert unknown.status_code == 404


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["items"]]


def test_shifted_page_repeats_one_record_and_leaves_out_another(visitor: Visitor):
    tokens = visitor.connect()
    first = visitor.get("invoices", tokens, page_size=20).json()
    at: dict[str, str | int] = {"page_size": 20, "as_of": first["as_of"]}
    second = visitor.get("invoices", tokens, page=2, **at).json()
    visitor.fault("shifted_page", times=1)

    assert visitor.get("invoices", tokens, page=1, **at).json() == first
    shifted = visitor.get("invoices", tokens, page=2, **at).json()

    assert ids(shifted) == [ids(first)[-1], *ids(second)[:-1]]
    assert (shifted["page"], shifted["total"]) == (2, second["total"])


def test_endless_pages_are_new_and_in_order(visitor: Visitor):
    tokens = visitor.connect()
    visitor.fault("endless_pages")
    pages = [visitor.get("invoices", tokens, page_size=20, page=page).json() for page in (1, 2, 99)]

    rows = [(row["updated_at"], row["id"]) for page in pages for row in page["items"]]

    assert rows == sorted(rows)
    assert len({row_id for _, row_id in rows}) == len(rows) == 60
    assert {page["pages"] > 99 and page["total"] for page in pages} == {20_000_000}
    assert visitor.control("GET", "served").json() == []


def test_skewed_clock_stamps_everything_ahead_and_agrees_with_itself(visitor: Visitor):
    tokens = visitor.connect()
    right = visitor.get("invoices", tokens, page_size=20).json()
    visitor.fault("skewed_clock", seconds=3600)

    ahead = visitor.get("invoices", tokens, page_size=20).json()
    since = ahead["items"][9]["updated_at"]
    later = visitor.get("invoices", tokens, page_size=20, modified_since=since).json()

    assert ids(ahead) == ids(right)
    hour = timedelta(hours=1)
    moved = [
        datetime.fromisoformat(mine["updated_at"]) - datetime.fromisoformat(theirs["updated_at"])
        for mine, theirs in zip(ahead["items"], right["items"], strict=True)
    ]
    assert set(moved) == {hour}
    assert datetime.fromisoformat(ahead["as_of"]) > datetime.fromisoformat(right["as_of"]) + hour
    left = [row["id"] for row in later["items"] if not row.get("deleted")]
    assert left[:10] == ids(ahead)[10:]


def test_added_field_and_changed_type_leave_the_rest_as_it_is(visitor: Visitor):
    tokens = visitor.connect()
    (plain,) = visitor.get("invoices", tokens, page_size=1).json()["items"]
    visitor.fault("added_field", times=1)
    visitor.fault("changed_type", times=1)

    (grown,) = visitor.get("invoices", tokens, page_size=1).json()["items"]
    (retyped,) = visitor.get("invoices", tokens, page_size=1).json()["items"]

    lines = [line | {"colour": 3} for line in plain["lines"]]
    assert grown == plain | {"loyalty_tier": "gold", "lines": lines}
    assert retyped == plain | {"status": {"value": plain["status"]}}
