"""What every adapter must do. A platform's test inherits this and brings its fake."""

import io
import logging
import os
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import ClassVar

import httpx
import msgspec
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from connections.platforms import PLATFORMS
from connections.platforms.base import (
    AuthorizationRevoked,
    CredentialPlatform,
    Credentials,
    CustomSource,
    Missing,
    NotSupported,
    OAuthPlatform,
    Page,
    PermissionMissing,
    Platform,
    PlatformApp,
    PlatformError,
    RateLimited,
    Supplement,
    Unexpected,
    UnknownField,
    Unreachable,
)
from connections.platforms.json_paths import JsonPath
from connections.schemas import RECORD_TYPES, DataType, decode, encode, listing
from connections.schemas.validation import validate
from tests.connections.platforms.mangling import Grown, Mangled

#: How many spoilt answers each adapter gets, and which: `MANGLED=5000` for a long look.
MANGLED = int(os.environ.get("MANGLED", "25"))
MANGLED_FROM = int(os.environ.get("MANGLED_FROM", "0"))

type Fault = Callable[[httpx.Request], httpx.Response]


def respond(status: int, *, headers: dict[str, str] | None = None, body: bytes = b"{}") -> Fault:
    return lambda request: httpx.Response(status, headers=headers, content=body, request=request)


def lose(error: type[httpx.RequestError]) -> Fault:
    def fault(request: httpx.Request) -> httpx.Response:
        raise error("lost", request=request)

    return fault


class Books(ABC):
    """A fake platform with a customer's books in it."""

    app: PlatformApp
    secrets: tuple[str, ...]
    """Parts of every secret that the fake gives out or was given."""

    @abstractmethod
    def client(self) -> httpx.Client: ...
    @abstractmethod
    def authorized(self) -> Credentials: ...
    @abstractmethod
    def fill(self, data_type: DataType, count: int) -> set[str]:
        """Add so many records, more than fit a page, and return all ids."""

    @abstractmethod
    def change(self, data_type: DataType, record_id: str) -> None: ...
    @abstractmethod
    def delete(self, data_type: DataType, record_id: str) -> None: ...
    @abstractmethod
    def spoil(self, data_type: DataType) -> str:
        """Add a record that cannot be understood and return its id."""

    @abstractmethod
    def fail(self, fault: Fault, times: int = 1) -> None:
        """Answer the next requests with a fault."""

    @abstractmethod
    def repeat_pages(self) -> None:
        """From now on answer every request for a page with the first page of that list."""

    @abstractmethod
    def request_count(self) -> int: ...

    def fill_custom(self, count: int) -> tuple[CustomSource, set[str]]:
        """Add so many records, more than fit a page, of a list that is no data type.

        Return where they lie and their ids. Only platforms with custom types are asked.
        """
        raise NotImplementedError

    def attach(self, data_type: DataType, record_id: str) -> bytes:
        """Attach a file to a record and return what is in it.

        Only platforms with attachments are asked.
        """
        raise NotImplementedError


class OAuthBooks(Books):
    """Books that are reached through a consent page."""

    redirect_uri: str

    @abstractmethod
    def consent(self, code_challenge: str) -> str:
        """Let the customer agree; return the code."""

    def callback(self) -> Mapping[str, str]:
        """Return what else the browser brings back from the last consent."""
        return {}


class CredentialBooks(Books):
    """Books that are reached with what the customer types in."""

    @abstractmethod
    def typed_in(self) -> dict[str, str]:
        """Return what opens these books."""


class PlatformContract(ABC):
    """What holds for every adapter; inherit ``OAuthContract`` or ``CredentialContract``."""

    platform: type[Platform]
    pins_snapshot: ClassVar[bool] = True
    """Whether a pull stays what it was at its start; if not, it may bring later changes too."""
    has_pages: ClassVar[bool] = True
    """Whether lists come in several answers."""
    other_shape: ClassVar[bytes] = b"[]"
    """JSON that no list of theirs could be."""
    pins_order: ClassVar[frozenset[str]] = frozenset({"id"})
    """What of a row says where it stands; a row that stands elsewhere may stop a pull."""
    chooses: ClassVar[frozenset[str]] = frozenset()
    """What of a row says whether it is of the type at all."""
    rows_have_ids: ClassVar[bool] = True
    """Whether their rows come with the ids that records have."""
    names_what_it_reads: ClassVar[bool] = False
    """Whether every member is asked for by name, so that no other ever comes."""
    known_property: ClassVar[str] = "id"
    """What every row of theirs has, where types are supplemental."""

    def open(
        self,
        books: Books,
        credentials: Credentials | None = None,
        supplements: Mapping[DataType, Supplement] = MappingProxyType({}),
    ) -> Platform:
        self.pauses: list[float] = []
        return self.platform(
            books.client(),
            credentials or books.authorized(),
            sleep=self.pauses.append,
            supplements=supplements,
        )

    def pull(self, books: Books, data_type: DataType, since: str | None = None) -> list[Page]:
        return list(self.open(books).fetch(data_type, since=since, cursor=None))

    def list_type(self) -> DataType:
        lists = self.platform.incremental or {
            data_type for data_type in self.platform.data_types if not data_type.is_single
        }
        return min(lists, key=lambda data_type: data_type.sync_order)

    # Reading

    def test_is_registered_under_its_key(self):
        assert issubclass(self.platform, PLATFORMS[self.platform.key])

    def test_nothing_that_it_documents_is_unknown(self, books: Books):
        for data_type in sorted(self.platform.data_types):
            if not data_type.is_single:
                books.fill(data_type, 3)

        for data_type in sorted(self.platform.data_types):
            for page in self.open(books).fetch(data_type, since=None, cursor=None):
                assert page.unknown == (), data_type

    def test_member_that_nobody_knows_is_noticed_and_costs_nothing(self, books: Books):
        if self.names_what_it_reads:
            pytest.skip("it is sent what it asks for by name")
        data_type = self.list_type()
        ids = books.fill(data_type, 3)
        client = books.client()
        client._transport = Grown(client._transport, "brandNew")
        platform = self.platform(client, books.authorized(), sleep=lambda _: None)

        pages = list(platform.fetch(data_type, since=None, cursor=None))

        assert {record.id for page in pages for record in page.records} == ids
        unknown = {field for page in pages for field in page.unknown}
        assert UnknownField("brandNew", "object") in unknown
        # Rows lie in lists, and so do some of their parts; what they are told apart by is the path.
        assert all(field.path.split(".")[-1] == "brandNew" for field in unknown)

    def test_every_type_is_pulled_whole_with_unique_ids(self, books: Books):
        for data_type in sorted(self.platform.data_types):
            ids = books.fill(data_type, 7)

            pages = self.pull(books, data_type)

            pulled = [record.id for page in pages for record in page.records]
            assert sorted(pulled) == sorted(ids), data_type
            assert not any(page.rejected or page.deleted_ids for page in pages)
            assert pages[-1].total in {None, len(ids)}

    def test_records_are_canonical(self, books: Books):
        for data_type in sorted(self.platform.data_types):
            books.fill(data_type, 1)

            record = self.pull(books, data_type)[0].records[0]

            assert type(record) is RECORD_TYPES[data_type]
            assert record.data_type is data_type
            assert decode(type(record), encode(record)) == record
            assert listing(record).label

    def test_pull_resumed_after_any_page_gives_the_rest(self, books: Books):
        for data_type in sorted(self.platform.data_types):
            books.fill(data_type, 7)
            credentials = books.authorized()
            pages = list(self.open(books, credentials).fetch(data_type, since=None, cursor=None))

            for taken, page in enumerate(pages, start=1):
                rest = list(
                    self.open(books, credentials).fetch(data_type, since=None, cursor=page.cursor)
                )

                assert [r for p in rest for r in p.records] == [
                    r for p in pages[taken:] for r in p.records
                ]
                assert rest[-1].watermark == pages[-1].watermark

    def test_pull_stays_what_it_was_while_the_books_change(self, books: Books):
        data_type = self.list_type()
        ids = sorted(books.fill(data_type, 7))
        pages = self.open(books).fetch(data_type, since=None, cursor=None)
        first = next(pages)

        books.change(data_type, ids[0])
        books.fill(data_type, 9)

        pulled = sorted(record.id for page in (first, *pages) for record in page.records)
        if self.pins_snapshot:
            assert pulled == ids
        else:
            assert set(pulled) >= set(ids)

    def test_later_pull_brings_only_what_changed(self, books: Books):
        for data_type in sorted(self.platform.incremental):
            ids = sorted(books.fill(data_type, 7))
            watermark = self.pull(books, data_type)[-1].watermark
            books.change(data_type, ids[2])

            pages = self.pull(books, data_type, since=watermark)

            assert [record.id for page in pages for record in page.records] == [ids[2]]
            assert not any(page.deleted_ids for page in pages)

    def test_watermark_can_be_moved_to_another_moment(self, books: Books):
        hour = timedelta(hours=1)
        for data_type in sorted(self.platform.incremental):
            ids = sorted(books.fill(data_type, 7))
            told = self.pull(books, data_type)[-1].watermark
            assert told
            at = self.platform.moment_of(told)
            if at is None:  # it counts instead
                continue
            books.change(data_type, ids[2])

            moved = self.platform.moved(told, at - hour)

            assert self.platform.moment_of(moved) == at - hour
            pages = self.pull(books, data_type, since=moved)
            assert ids[2] in {record.id for page in pages for record in page.records}

    def test_later_pull_reports_deletions(self, books: Books):
        for data_type in sorted(self.platform.incremental):
            ids = sorted(books.fill(data_type, 7))
            watermark = self.pull(books, data_type)[-1].watermark
            books.delete(data_type, ids[3])

            pages = self.pull(books, data_type, since=watermark)

            assert [record_id for page in pages for record_id in page.deleted_ids] == [ids[3]]
            assert not any(page.records for page in pages)

    def test_pull_without_change_has_one_empty_page(self, books: Books):
        if not self.platform.incremental:
            pytest.skip("it always reads everything")
        data_type = self.list_type()
        books.fill(data_type, 2)
        watermark = self.pull(books, data_type)[-1].watermark

        pages = self.pull(books, data_type, since=watermark)

        assert [(page.records, page.deleted_ids) for page in pages] == [((), ())]
        assert pages[0].watermark

    def test_unreadable_record_is_kept_aside(self, books: Books):
        data_type = self.list_type()
        ids = books.fill(data_type, 7)
        spoilt = books.spoil(data_type)

        pages = self.pull(books, data_type)

        rejected = [row for page in pages for row in page.rejected]
        assert [row.source_id for row in rejected] == [spoilt]
        assert rejected[0].reason
        assert spoilt.encode() in rejected[0].raw
        assert {record.id for page in pages for record in page.records} == ids

    def test_mangled_record_is_mapped_or_kept_aside(self, books: Books):
        """Whatever a value becomes, it costs its own record at most, and the counts add up."""
        odd = [
            f"MANGLED_FROM={seed}: {what}"
            for seed in range(MANGLED_FROM, MANGLED_FROM + MANGLED)
            if (what := self._mangled(books, random.Random(seed)))
        ]

        assert not odd, "\n".join(each[:500] for each in odd)

    def _mangled(self, books: Books, dice: random.Random) -> str:
        """Pull a list with one value changed; say what is wrong with what came of it."""
        data_type = dice.choice(sorted(self.platform.data_types))
        ids = books.fill(data_type, 3)
        client = books.client()
        named = ids if self.rows_have_ids and not data_type.is_single else None
        mangled = Mangled(client._transport, dice, named)
        client._transport = mangled
        platform = self.platform(client, books.authorized(), sleep=lambda _: None)
        wrong = ""
        try:
            pages = list(platform.fetch(data_type, since=None, cursor=None))
            wrong = self._amiss(pages, set() if data_type.is_single else ids, mangled)
        except RateLimited:
            pass  # of so many pulls
        except PlatformError as error:
            # What rows stand in, their order, or the one answer that is all there is.
            if not (data_type.is_single or self.may_end(mangled, error)):
                wrong = f"ends the pull with {error!r} {error.detail}"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            wrong = f"raises {error!r}"
        return wrong and f"{data_type}: {mangled.what} {wrong}"

    def _amiss(self, pages: list[Page], ids: set[str], mangled: Mangled) -> str:
        records = [record for page in pages for record in page.records]
        rejected = [row for page in pages for row in page.rejected]
        count = len(records) + len(rejected) + sum(len(page.deleted_ids) for page in pages)
        for record in records:
            validate(record)
            if decode(type(record), encode(record)) != record:
                return "is read back as another record"
        if not all(row.reason for row in rejected):
            return "is kept aside without a reason"
        if len({record.id for record in records} & ids) < len(ids) - 1:
            return "costs other records"
        if count < len(ids) and not mangled.spoils(self.chooses):
            return "loses its record"
        return ""

    def may_end(self, mangled: Mangled, _error: PlatformError) -> bool:
        """Tell whether a pull may end because of such a value."""
        return mangled.spoils(self.pins_order)

    def test_platform_that_repeats_itself_is_refused(self, books: Books):
        if not self.has_pages:
            pytest.skip("it answers in one page")
        data_type = self.list_type()
        books.fill(data_type, 7)
        books.repeat_pages()
        pages = self.open(books).fetch(data_type, since=None, cursor=None)

        with pytest.raises(Unexpected):
            list(islice(pages, 50))

    def test_identity_names_the_organization(self, books: Books):
        identity = self.open(books).identity()

        assert identity.id
        assert identity.name

    # Beyond the standard data

    def test_records_carry_what_is_wanted_besides(self, books: Books):
        assert set(self.platform.supplemental) <= self.platform.data_types
        wanted = Supplement(
            {
                "mine": {
                    "known": JsonPath.parse(self.known_property),
                    "unknown": JsonPath.parse("no_such.thing"),
                }
            }
        )
        for data_type in sorted(self.platform.supplemental):
            books.fill(data_type, 7)
            plain = self.pull(books, data_type)[0].records[0]
            platform = self.open(books, supplements={data_type: wanted})

            record = next(platform.fetch(data_type, since=None, cursor=None)).records[0]

            given = record.supplemental_data  # type: ignore[attr-defined] # these types have it
            assert given.content["mine"]["known"]
            assert given.content["mine"]["unknown"] is None
            assert decode(type(record), encode(record)) == record
            assert msgspec.structs.replace(record, supplemental_data=None) == plain

    def test_custom_types_are_read_or_refused(self, books: Books):
        if not self.platform.has_custom_types:
            source = CustomSource(data_source="/x", required_data={}, key_by=())
            with pytest.raises(NotSupported, match=self.platform.name):
                next(self.open(books).fetch_custom(source, cursor=None))
            return
        source, ids = books.fill_custom(7)
        credentials = books.authorized()

        pages = list(self.open(books, credentials).fetch_custom(source, cursor=None))

        assert [record.id for page in pages for record in page.records] == sorted(ids)
        for taken, page in enumerate(pages, start=1):
            rest = self.open(books, credentials).fetch_custom(source, cursor=page.cursor)
            assert [record for each in rest for record in each.records] == [
                record for each in pages[taken:] for record in each.records
            ]

    def test_files_are_read_or_refused(self, books: Books):
        assert self.platform.attachments | self.platform.printed <= self.platform.data_types
        platform, into = self.open(books), io.BytesIO()
        for data_type in sorted(set(DataType) - self.platform.attachments):
            with pytest.raises(NotSupported, match=self.platform.name):
                platform.list_attachments(data_type, "1")
            with pytest.raises(NotSupported, match=self.platform.name):
                platform.download_attachment(data_type, "1", "1", into)
        for data_type in sorted(set(DataType) - self.platform.printed):
            with pytest.raises(NotSupported, match=self.platform.name):
                platform.download_pdf(data_type, "1", into)
        for data_type in sorted(self.platform.attachments):
            record_id = min(books.fill(data_type, 1))
            content = books.attach(data_type, record_id)
            (found,) = platform.list_attachments(data_type, record_id)
            assert platform.find_attachment(data_type, record_id, found.id) == found
            into = io.BytesIO()
            platform.download_attachment(data_type, record_id, found.id, into)
            assert into.getvalue() == content
            with pytest.raises(Missing):
                platform.find_attachment(data_type, record_id, "none")
            with pytest.raises(Missing):
                platform.list_attachments(data_type, "none")
        for data_type in sorted(self.platform.printed):
            record_id = min(books.fill(data_type, 1))
            into = io.BytesIO()
            platform.download_pdf(data_type, record_id, into)
            assert into.getvalue().startswith(b"%PDF")
            with pytest.raises(Missing):
                platform.download_pdf(data_type, "none", into)

    # Faults

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            pytest.param(respond(401), AuthorizationRevoked, id="401"),
            pytest.param(respond(403), PermissionMissing, id="403"),
            pytest.param(respond(404), Unexpected, id="404"),
            pytest.param(respond(429), RateLimited, id="429"),
            pytest.param(respond(429, headers={"Retry-After": "3600"}), RateLimited, id="429-long"),
            pytest.param(respond(500), Unreachable, id="500"),
            pytest.param(respond(503, headers={"Retry-After": "-5"}), Unreachable, id="503"),
            pytest.param(respond(302, headers={"Location": "/x"}), Unexpected, id="redirect"),
            pytest.param(respond(200, body=b"<html>Sorry</html>"), Unexpected, id="html"),
            pytest.param(respond(200, body=b'{"items": [{"id"'), Unexpected, id="truncated"),
            pytest.param(None, Unexpected, id="other-shape"),
            pytest.param(respond(200, body=b"\xff\xfe"), Unexpected, id="not-utf-8"),
            pytest.param(respond(200, body=b"[" * 100_000), Unexpected, id="deep"),
            pytest.param(lose(httpx.ConnectError), Unreachable, id="refused"),
            pytest.param(lose(httpx.ConnectTimeout), Unreachable, id="no-route"),
            pytest.param(lose(httpx.ReadError), Unreachable, id="reset"),
            pytest.param(lose(httpx.ReadTimeout), Unreachable, id="hang"),
            pytest.param(lose(httpx.RemoteProtocolError), Unreachable, id="cut-off"),
            pytest.param(lose(httpx.DecodingError), Unexpected, id="bad-gzip"),
        ],
    )
    def test_fault_becomes_its_error(
        self, books: Books, fault: Fault | None, expected: type[PlatformError]
    ):
        data_type = self.list_type()
        books.fill(data_type, 2)
        platform = self.open(books)
        books.fail(fault or respond(200, body=self.other_shape), times=10)

        with pytest.raises(PlatformError) as caught:
            list(platform.fetch(data_type, since=None, cursor=None))

        assert type(caught.value) is expected
        assert caught.value.message == str(caught.value)
        assert caught.value.detail

    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param(respond(429, headers={"Retry-After": "2"}), id="429"),
            pytest.param(respond(502), id="502"),
            pytest.param(lose(httpx.ConnectError), id="refused"),
            pytest.param(lose(httpx.RemoteProtocolError), id="cut-off"),
        ],
    )
    def test_passing_fault_is_survived(self, books: Books, fault: Fault):
        data_type = self.list_type()
        ids = books.fill(data_type, 2)
        platform = self.open(books)
        books.fail(fault, times=2)

        pages = list(platform.fetch(data_type, since=None, cursor=None))

        assert {record.id for page in pages for record in page.records} == ids
        assert len(self.pauses) == 2

    @pytest.mark.parametrize("status", [401, 403])
    def test_refusal_is_asked_for_once(self, books: Books, status: int):
        data_type = self.list_type()
        books.fill(data_type, 2)
        platform = self.open(books)
        books.fail(respond(status), times=10)
        before = books.request_count()

        with pytest.raises(PlatformError):
            list(platform.fetch(data_type, since=None, cursor=None))

        assert books.request_count() == before + 1
        assert not self.pauses

    def test_wait_asked_for_is_honoured_and_told(self, books: Books):
        data_type = self.list_type()
        books.fill(data_type, 2)
        platform = self.open(books)
        books.fail(respond(429, headers={"Retry-After": "4"}), times=10)

        with pytest.raises(RateLimited) as caught:
            list(platform.fetch(data_type, since=None, cursor=None))

        assert self.pauses == [4, 4]
        assert caught.value.retry_after == 4

    # Secrets

    def test_secrets_stay_out_of_sight(self, books: Books, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.DEBUG)
        credentials = self.renewed(books)
        platform = self.open(books, credentials)
        platform.identity()
        texts = [repr(credentials), str(credentials), repr(books.app), repr(platform)]
        for fault in self._echoing_faults(credentials):
            books.fail(fault)
            with pytest.raises(PlatformError) as caught:
                platform.identity()
            texts += [repr(caught.value), caught.value.message, caught.value.detail]
        texts.append(caplog.text)

        for text in texts:
            assert not any(secret in text for secret in books.secrets)
        assert caplog.text

    def renewed(self, books: Books) -> Credentials:
        return books.authorized()

    def _echoing_faults(self, credentials: Credentials) -> Iterator[Fault]:
        yield respond(401, body=f'{{"error": "{credentials.access_token}"}}'.encode())
        yield lose(httpx.ReadTimeout)


class OAuthContract(PlatformContract):
    """Subclass as ``Test…``, give ``platform`` and a ``books`` fixture."""

    platform: type[OAuthPlatform]

    def open(
        self,
        books: Books,
        credentials: Credentials | None = None,
        supplements: Mapping[DataType, Supplement] = MappingProxyType({}),
    ) -> OAuthPlatform:
        opened = super().open(books, credentials, supplements)
        assert isinstance(opened, OAuthPlatform)
        return opened

    def renewed(self, books: Books) -> Credentials:
        return self.platform.refresh(books.client(), books.app, books.authorized())

    def test_addresses_are_those_of_the_stand_in(self, books: OAuthBooks):
        url = self.platform.authorize_url(
            books.app, state="s", redirect_uri=books.redirect_uri, code_challenge="c"
        )

        assert url.startswith(self.platform.consent_origins(books.app))
        assert self.platform.api_url(books.app) == books.app.base_url

    def test_registration_is_checked_with_the_platform(self, books: OAuthBooks):
        self.platform.check_registration(books.client(), books.app)

        books.fail(respond(401, body=b'{"error":"invalid_client"}'))
        with pytest.raises(Unexpected):
            self.platform.check_registration(books.client(), books.app)

    def test_one_of_the_organizations_reached_can_be_chosen(self, books: OAuthBooks):
        platform = self.open(books)

        organization = platform.organizations()[0]

        assert self.open(books, platform.choose(organization)).identity() == organization

    def test_authorization_gives_working_credentials(self, books: OAuthBooks):
        verifier = "v" * 64
        challenge = create_s256_code_challenge(verifier)
        url = httpx.URL(
            self.platform.authorize_url(
                books.app,
                state="st&te",
                redirect_uri=books.redirect_uri,
                code_challenge=challenge,
            )
        )
        sent = dict(url.params)

        credentials = self.platform.exchange(
            books.client(),
            books.app,
            code=books.consent(sent.get("code_challenge", "")),
            redirect_uri=sent["redirect_uri"],
            code_verifier=verifier,
            callback=books.callback(),
        )

        assert sent["state"] == "st&te"
        assert sent["response_type"] == "code"
        assert sent.get("code_challenge_method") == ("S256" if self.platform.uses_pkce else None)
        assert sent["client_id"] == books.app.client_id
        assert self.open(books, credentials).organizations()
        assert credentials.expires_at
        assert credentials.expires_at > datetime.now(UTC)
        assert credentials.refresh_token

    def test_code_is_worth_nothing_with_another_verifier(self, books: OAuthBooks):
        if not self.platform.uses_pkce:
            pytest.skip("the platform has no PKCE")
        code = books.consent(create_s256_code_challenge("v" * 64))

        with pytest.raises(AuthorizationRevoked):
            self.platform.exchange(
                books.client(),
                books.app,
                code=code,
                redirect_uri=books.redirect_uri,
                code_verifier="w" * 64,
                callback=books.callback(),
            )

    def test_refresh_gives_working_credentials(self, books: OAuthBooks):
        old = books.authorized()

        fresh = self.platform.refresh(books.client(), books.app, old)

        assert fresh != old
        assert self.open(books, fresh).identity().id

    def test_refresh_after_revocation_needs_the_customer(self, books: OAuthBooks):
        credentials = books.authorized()
        self.platform.revoke(books.client(), books.app, credentials)

        with pytest.raises(AuthorizationRevoked):
            self.platform.refresh(books.client(), books.app, credentials)

    def test_revoking_twice_is_no_error(self, books: OAuthBooks):
        credentials = books.authorized()

        self.platform.revoke(books.client(), books.app, credentials)
        self.platform.revoke(books.client(), books.app, credentials)

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            pytest.param(
                respond(400, body=b'{"error":"invalid_grant"}'), AuthorizationRevoked, id="ended"
            ),
            pytest.param(
                respond(401, body=b'{"error":"invalid_client"}'), Unexpected, id="our-registration"
            ),
            pytest.param(respond(401), Unexpected, id="401-bare"),
            pytest.param(
                respond(400, body=b'{"error":"invalid_request"}'), Unexpected, id="our-request"
            ),
            pytest.param(respond(400, body=b"<html>"), Unexpected, id="400-html"),
            pytest.param(respond(503, body=b'{"error":"invalid_grant"}'), Unreachable, id="outage"),
            pytest.param(respond(429), RateLimited, id="429"),
            pytest.param(respond(302, headers={"Location": "/x"}), Unexpected, id="redirect"),
            pytest.param(respond(200, body=b"<html>"), Unexpected, id="html"),
            pytest.param(respond(200, body=b"{}"), Unexpected, id="empty"),
            pytest.param(
                respond(200, body=b'{"access_token":"a b","token_type":"Bearer","expires_in":1}'),
                Unexpected,
                id="nonsense-token",
            ),
            pytest.param(lose(httpx.ReadTimeout), Unreachable, id="hang"),
            pytest.param(lose(httpx.RemoteProtocolError), Unreachable, id="answer-lost"),
            pytest.param(lose(httpx.ConnectError), Unreachable, id="refused"),
        ],
    )
    def test_refresh_fault_becomes_its_error_in_one_attempt(
        self, books: OAuthBooks, fault: Fault, expected: type[PlatformError]
    ):
        credentials = books.authorized()
        books.fail(fault, times=10)
        before = books.request_count()

        with pytest.raises(PlatformError) as caught:
            self.platform.refresh(books.client(), books.app, credentials)

        assert type(caught.value) is expected
        assert books.request_count() == before + 1

    def test_credentials_without_a_known_end_of_refresh_are_fine(self, books: OAuthBooks):
        credentials = Credentials(
            access_token=books.authorized().access_token,
            refresh_token="x",
            expires_at=datetime.now(UTC) + timedelta(minutes=1),
            parameters=books.authorized().parameters,
        )

        assert credentials.refresh_expires_at is None
        assert self.open(books, credentials).identity().id


class CredentialContract(PlatformContract):
    """Subclass as ``Test…``, give ``platform`` and a ``books`` fixture."""

    platform: type[CredentialPlatform]

    def test_what_is_typed_in_opens_the_books(self, books: CredentialBooks):
        typed = books.typed_in()

        credentials = self.platform.from_fields(typed)

        assert {field.name for field in self.platform.fields} >= set(typed)
        assert self.platform.api_url(books.app, credentials) == typed["url"]
        assert self.open(books, credentials).identity().id

    def test_fields_explain_themselves(self):
        assert "url" in {field.name for field in self.platform.fields}
        assert sum(field.kind == "secret" for field in self.platform.fields) <= 1
        assert all(field.label and field.help for field in self.platform.fields)

    def test_refused_key_stays_refused(self, books: CredentialBooks):
        with pytest.raises(AuthorizationRevoked):
            self.platform.refresh(books.client(), books.app, books.authorized())

    def test_giving_a_key_back_asks_nobody(self, books: CredentialBooks):
        before = books.request_count()

        self.platform.revoke(books.client(), books.app, books.authorized())

        assert books.request_count() == before
