"""The adapter against the sandbox platform itself, over real HTTP."""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import httpx
import msgspec
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connections.platforms.base import (
    Attachment,
    AuthorizationRevoked,
    Credentials,
    CustomSource,
    Missing,
    Page,
    PermissionMissing,
    Platform,
    PlatformApp,
    PlatformError,
    RateLimited,
    Supplement,
    Unexpected,
    Unreachable,
)
from connections.platforms.http import new_client
from connections.platforms.json_paths import JsonPath
from connections.platforms.sandbox import Sandbox
from connections.schemas import CustomRecord, DataType, Record, encode
from connections.schemas.validation import validate
from sandbox.views.extras import FIELDS

REDIRECT_URI = "http://portal.test/callback"
VERIFIER = "v" * 64
START_SECONDS = 30


class SmallPages(Sandbox):
    page_size: ClassVar[int] = 100


class Server:
    def __init__(self, url: str) -> None:
        self.app = PlatformApp(base_url=url, client_id="portal+1", client_secret="s%cret/ä+")
        self.http = new_client(base_url=url)
        self.control_client = httpx.Client(
            base_url=f"{url}/control", headers={"X-Control-Key": "control"}, trust_env=False
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.control_client.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def authorized(self, business: str = "small") -> Credentials:
        url = SmallPages.authorize_url(
            self.app,
            state="state",
            redirect_uri=REDIRECT_URI,
            code_challenge=create_s256_code_challenge(VERIFIER),
        )
        form = {**httpx.URL(url).params, "business": business, "decision": "allow"}
        answer = self.http.post("/oauth/authorize", data=form)
        back = httpx.URL(answer.headers["Location"])
        assert back.params["state"] == "state"
        return SmallPages.exchange(
            self.http,
            self.app,
            code=back.params["code"],
            redirect_uri=REDIRECT_URI,
            code_verifier=VERIFIER,
            callback={},
        )

    def open(self, credentials: Credentials, **wanted: Any) -> Platform:
        return SmallPages(self.http, credentials, sleep=lambda _seconds: None, **wanted)

    def fail(self, kind: str, **fault: Any) -> None:
        self.control("POST", "/faults", {"kind": kind, "times": 10, **fault})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    directory = tmp_path_factory.mktemp("sandbox")
    settings = {
        "SANDBOX_CLIENT_ID": "portal+1",
        "SANDBOX_CLIENT_SECRET": "s%cret/ä+",
        "SANDBOX_CONTROL_KEY": "control",
        "SANDBOX_REQUESTS_PER_MINUTE": "100000",
    }
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--data", str(directory), "--redirect-uri", REDIRECT_URI],
            cwd=Path(__file__).parents[4],
            env={**os.environ, **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}")
    try:
        wait_for(server, process)
        yield server
    finally:
        server.http.close()
        server.control_client.close()
        process.terminate()
        process.wait(10)


def wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.http.get("/health").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the sandbox platform did not start")


@pytest.fixture
def server(running: Server) -> Server:
    running.control("DELETE", "/faults")
    return running


def pull(platform: Platform, data_type: DataType, since: str | None = None) -> list[Page]:
    return list(platform.fetch(data_type, since=since, cursor=None))


def records(pages: list[Page]) -> dict[str, Record]:
    return {record.id: record for page in pages for record in page.records}


@pytest.mark.parametrize("business", ["small", pytest.param("awkward", marks=pytest.mark.full)])
def test_whole_business_is_understood(server: Server, business: str):
    platform = server.open(server.authorized(business))

    for data_type in sorted(DataType):
        pages = pull(platform, data_type)

        pulled = [record for page in pages for record in page.records]
        assert pulled, data_type
        assert len({record.id for record in pulled}) == len(pulled) == pages[-1].total
        assert not any(page.rejected or page.deleted_ids for page in pages)
        assert [found for record in pulled for found in validate(record)] == []
        assert not any(b"NaN" in encode(record) for record in pulled)


@pytest.mark.full
def test_changes_since_a_pull_lead_to_what_a_whole_pull_gives(server: Server):
    platform = server.open(server.authorized())
    before = {data_type: pull(platform, data_type) for data_type in Sandbox.incremental}
    server.control("POST", "/clock", {"advance_seconds": 60 * 86400})
    platform = server.open(server.authorized())
    deleted = 0

    for data_type, first in before.items():
        changes = pull(platform, data_type, since=first[-1].watermark)
        known = records(first) | records(changes)
        for record_id in (record_id for page in changes for record_id in page.deleted_ids):
            known.pop(record_id, None)
            deleted += 1
        # Time goes on: a whole pull as of the very moment of the changes.
        now = records(pull(platform, data_type))

        recent = records(pull(platform, data_type, since=changes[-1].watermark))
        assert known | recent == now | recent, data_type

    assert deleted


@pytest.mark.parametrize("data_type", sorted(Sandbox.supplemental))
def test_fields_asked_for_are_carried(server: Server, data_type: DataType):
    names = FIELDS[Sandbox.supplemental[data_type].removeprefix("/")]
    wanted = Supplement({"extras": {f"my_{name}": JsonPath.parse(name) for name in names}})
    credentials = server.authorized()
    plain = records(pull(server.open(credentials), data_type))

    pages = pull(server.open(credentials, supplements={data_type: wanted}), data_type)

    assert not any(page.rejected for page in pages)
    given = set()
    for record in records(pages).values():
        content = record.supplemental_data.content["extras"]  # type: ignore[attr-defined]
        assert set(content) == {f"my_{name}" for name in names}
        given |= {name for name, value in content.items() if value is not None}
        bare = msgspec.structs.replace(record, supplemental_data=None)
        assert bare == plain.get(record.id, bare)
    assert given == {f"my_{name}" for name in names}


def custom(data_source: str, *names: str, key: str = "id") -> CustomSource:
    return CustomSource(
        data_source=data_source,
        required_data={name: JsonPath.parse(f"$.{name}") for name in names},
        key_by=(JsonPath.parse(f"$[*].{key}"),),
        modified_by=(JsonPath.parse("$.updated_at"),),
    )


@pytest.mark.parametrize("path", ["/projects", "projects", "/api/v1/projects?page=7"])
def test_any_collection_is_read_in_pages(server: Server, path: str):
    platform = server.open(server.authorized())

    pages = list(platform.fetch_custom(custom(path, "name", "budget", "manager"), cursor=None))

    found = records(pages)
    assert len(found) == pages[-1].total
    assert not any(page.rejected for page in pages)
    for record in found.values():
        assert isinstance(record, CustomRecord)
        assert isinstance(record.content["budget"], Decimal)
        assert record.content["manager"]["email"].endswith("@example.com")
        assert record.source_modified_date


def test_query_of_a_data_source_reaches_the_platform(server: Server):
    platform = server.open(server.authorized())
    source = custom("/invoices?fields=purchase_order", "purchase_order")

    pages = list(platform.fetch_custom(source, cursor=None))

    assert len(pages) > 1
    for record in records(pages).values():
        assert record.content["purchase_order"].startswith("PO-")  # type: ignore[attr-defined]


def test_what_is_no_collection_is_one_record(server: Server):
    platform = server.open(server.authorized())

    (page,) = platform.fetch_custom(
        custom("/reports/cash_flow", "periods", key="currency"), cursor=None
    )

    (record,) = page.records
    assert record.id == "GBP"
    assert record.content["periods"]  # type: ignore[attr-defined]
    (rest,) = platform.fetch_custom(custom("/company"), cursor=page.cursor)
    assert rest.records == ()


@pytest.mark.parametrize("path", ["/no_such_thing", "/invoices?modified_since=never"])
def test_a_wrong_data_source_is_told(server: Server, path: str):
    platform = server.open(server.authorized())

    with pytest.raises(Unexpected, match="dataSource"):
        list(platform.fetch_custom(custom(path), cursor=None))


@pytest.mark.full
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unauthorized", AuthorizationRevoked),
        ("rate_limited", RateLimited),
        ("truncated", Unexpected),
        ("html", Unexpected),
    ],
)
def test_fault_meets_custom_types_too(server: Server, kind: str, expected: type[PlatformError]):
    platform = server.open(server.authorized())
    server.fail(kind, path="/api/v1/projects", seconds=1)

    with pytest.raises(PlatformError) as caught:
        list(platform.fetch_custom(custom("/projects"), cursor=None))

    assert type(caught.value) is expected


def read_attachment(
    platform: Platform, data_type: DataType, record_id: str, found: Attachment
) -> bytes:
    into = io.BytesIO()
    platform.download_attachment(data_type, record_id, found.id, into)
    return into.getvalue()


def test_files_are_read_from_the_platform_itself(server: Server):
    platform = server.open(server.authorized("awkward"))
    bills = records(pull(platform, DataType.BILLS))

    listed = ((key, platform.list_attachments(DataType.BILLS, key)) for key in bills)
    key, found = next((key, found) for key, found in listed if found)

    for each in found:
        assert platform.find_attachment(DataType.BILLS, key, each.id) == each
        assert each.created_at
        assert len(read_attachment(platform, DataType.BILLS, key, each)) == each.size
    invoice = next(iter(records(pull(platform, DataType.INVOICES))))
    into = io.BytesIO()
    platform.download_pdf(DataType.INVOICES, invoice, into)
    assert into.getvalue().startswith(b"%PDF-1.4")
    with pytest.raises(Missing):
        platform.download_pdf(DataType.INVOICES, "../invoices/x", into)


def test_identity_is_the_business_chosen(server: Server):
    identity = server.open(server.authorized("awkward")).identity()

    assert identity.id == "awkward"
    assert "Café" in identity.name


@pytest.mark.full
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unauthorized", AuthorizationRevoked),
        ("forbidden", PermissionMissing),
        ("rate_limited", RateLimited),
        ("rate_limited_bare", RateLimited),
        ("server_error", Unreachable),
        ("hang", Unreachable),
        ("truncated", Unexpected),
        ("html", Unexpected),
        ("repeated_page", Unexpected),
        ("token_revoked", AuthorizationRevoked),
    ],
)
def test_fault_becomes_its_error(server: Server, kind: str, expected: type[PlatformError]):
    platform = server.open(server.authorized())
    after = 1 if kind == "repeated_page" else 0
    server.fail(kind, path="/api/v1/invoices", seconds=1, after=after)

    with pytest.raises(PlatformError) as caught:
        pull(platform, DataType.INVOICES)

    assert type(caught.value) is expected


@pytest.mark.full
def test_slow_answer_is_waited_for(server: Server):
    platform = server.open(server.authorized())
    server.fail("slow", path="/api/v1/tax_rates", seconds=1, times=1)

    assert records(pull(platform, DataType.TAX_RATES))


def test_lost_refresh_answer_can_be_asked_for_again(server: Server):
    credentials = server.authorized()
    server.fail("lost_refresh_answer", path="/oauth/token", times=1)

    with pytest.raises(Unreachable):
        SmallPages.refresh(server.http, server.app, credentials)
    fresh = SmallPages.refresh(server.http, server.app, credentials)

    assert server.open(fresh).identity().id == "small"


def test_authorization_withdrawn_at_the_platform_needs_the_customer(server: Server):
    credentials = server.authorized()
    newest = server.control("GET", "/grants")[-1]
    server.control("POST", f"/grants/{newest['id']}/revoke")

    with pytest.raises(AuthorizationRevoked):
        server.open(credentials).identity()
    with pytest.raises(AuthorizationRevoked):
        SmallPages.refresh(server.http, server.app, credentials)


def test_authorization_given_back_is_gone(server: Server):
    credentials = server.authorized()

    SmallPages.revoke(server.http, server.app, credentials)
    SmallPages.revoke(server.http, server.app, credentials)

    with pytest.raises(AuthorizationRevoked):
        SmallPages.refresh(server.http, server.app, credentials)


def test_wrong_registration_is_not_the_customers_fault(server: Server):
    credentials = server.authorized()
    app = PlatformApp(base_url=server.app.base_url, client_id="portal+1", client_secret="wrong")

    with pytest.raises(Unexpected):
        SmallPages.refresh(server.http, app, credentials)
