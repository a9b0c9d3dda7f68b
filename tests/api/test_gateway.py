"""The door: keys, envelopes, limits, idempotency, origins."""

import base64
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from api import limits
from api.keys import TooManyKeys, create_key, keys_of, revoke_key
from api.models import ApiKey, Scope
from companies.models import AuditEntry, Company, Event
from tests.api.conftest import Program
from tests.factories import CompanyFactory

pytestmark = pytest.mark.django_db


def basic(text):
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_a_key_is_taken_in_each_way_it_may_be_written(program):
    bearer = {"Authorization": f"Bearer {program.key}"}
    for headers in (basic(program.key), basic(f"{program.key}:"), bearer):
        assert program.get("/companies", **headers).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !!!", "Bearer nonsense", "Digest x", "Bearer lpk_" + "a" * 49],
)
def test_what_opens_nothing_is_unauthorized(program, authorization):
    answer = program.get("/companies", Authorization=authorization)
    assert answer.status_code == 401
    body = answer.json()
    assert body["error"] == "Unauthorized"
    assert body["canBeRetried"] == "Unknown"
    assert re.fullmatch(r"[0-9a-f]{32}", body["correlationId"])
    assert answer["X-Correlation-Id"] == body["correlationId"]


def test_an_expired_key_is_forbidden(organization, program_of):
    program = program_of(organization, expires_at=timezone.now() - timedelta(seconds=1))
    assert program.get("/companies").status_code == 403


def test_a_revoked_key_opens_nothing(organization, program):
    create_key(organization, name="other", actor=None)
    revoke_key(organization, keys_of(organization)[0].pk, actor=None)
    assert program.get("/companies").status_code == 401


def test_the_database_does_not_hold_the_key(organization):
    key, text = create_key(organization, name="reporting", actor=None)
    row = ApiKey.objects.within(organization).get(pk=key.pk)
    assert text not in str(vars(row))
    audited = AuditEntry.objects.within(organization).get(kind="api_key").after
    assert audited is not None
    assert audited["ending"] == text[-4:]


def test_ten_keys_are_the_most(organization):
    for _ in range(10):
        create_key(organization, name="", actor=None)
    with pytest.raises(TooManyKeys):
        create_key(organization, name="", actor=None)


def test_a_key_does_only_what_its_scopes_say(organization, program_of):
    program = program_of(organization, scopes=[Scope.READ])
    assert program.get("/companies").status_code == 200
    answer = program.post("/companies", {"name": "Bakery"})
    assert answer.status_code == 403
    assert "write" in answer.json()["error"]


def test_a_key_notes_when_it_was_used(organization, program):
    program.get("/companies")
    assert keys_of(organization)[0].last_used_at is not None


def test_another_organization_is_not_there(program_of, other_organization, company):
    stranger = program_of(other_organization)
    unknown = stranger.get(f"/companies/{uuid4()}").json()["error"]
    answer = stranger.get(f"/companies/{company.pk}")
    assert answer.status_code == 404
    assert answer.json()["error"].split("ID")[0] == unknown.split("ID")[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/companies/", 404),
        ("POST", "/companies/not-an-id", 404),
        ("DELETE", "/companies", 405),
        ("GET", "/companies?page=0", 400),
        ("GET", "/companies?pageSize=5001", 400),
        ("GET", "/companies?query=nonsense", 400),
        ("GET", "/companies?orderBy=shoeSize", 400),
    ],
)
def test_every_refusal_is_an_envelope(program, method, path, status):
    answer = program(method, path)
    assert answer.status_code == status
    assert answer.json()["statusCode"] == status
    assert answer.json()["service"] == "PublicApi"


def test_a_body_that_is_no_json_is_the_callers_mistake(program):
    answer = program._client.generic(
        "POST",
        "/api/companies",
        data="{nonsense",
        content_type="application/json",
        headers={"Authorization": f"Bearer {program.key}"},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/companies", "/apiKeys"])
def test_a_body_that_is_null_is_none(program, path):
    answer = program._client.generic(
        "POST",
        f"/api{path}",
        data="null",
        content_type="application/json",
        headers={"Authorization": f"Bearer {program.key}"},
    )
    assert answer.status_code == 400
    assert "no JSON object" in answer.json()["error"]


def test_our_own_fault_is_told_without_its_insides(program, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("a secret inside")

    monkeypatch.setattr("companies.operations.edit_company", fail)
    answer = program.post("/companies", {"name": "Bakery"})
    assert answer.status_code == 500
    assert b"secret" not in answer.content
    assert not Company.objects.filter(name="Bakery").exists()


def test_a_refusal_leaves_nothing_behind(program, company):
    answer = program.put(
        f"/companies/{company.pk}", {"name": "New name", "tags": {"x" * 40: "too long a key"}}
    )
    assert answer.status_code == 400
    company.refresh_from_db()
    assert company.name == "Eastgate Roasters"


class TestLimits:
    def test_every_answer_says_what_is_left(self, program):
        answer = program.get("/companies")
        assert answer["X-Rate-Limit-Limit"] == "1000"
        assert answer["X-Rate-Limit-Remaining"] == "999"
        assert answer["X-Rate-Limit-Reset"].endswith("T00:00:00Z")

    def test_a_quota_that_is_used_up_refuses_and_is_told_once(
        self, organization, program, monkeypatch
    ):
        monkeypatch.setattr(limits, "PER_COMPANY", 1)
        assert program.get("/companies").status_code == 200
        for _ in range(2):
            answer = program.get("/companies")
            assert answer.status_code == 429
            assert int(answer["Retry-After"]) > 0
            assert answer["X-Rate-Limit-Remaining"] == "0"
        told = Event.objects.within(organization).filter(type="client.rateLimit.reached")
        assert told.get().payload["dailyQuota"] == 1

    def test_the_next_day_is_told_too(self, organization, program, monkeypatch):
        monkeypatch.setattr(limits, "PER_COMPANY", 0)
        program.get("/companies")
        assert limits.reset_quotas() == 0
        tomorrow = timezone.now() + timedelta(days=1)
        monkeypatch.setattr("portal.clock.now", lambda: tomorrow)
        assert limits.reset_quotas() == 1
        assert limits.reset_quotas() == 0
        told = Event.objects.within(organization).filter(type="client.rateLimit.reset")
        assert told.count() == 1


class TestIdempotency:
    def test_the_first_answer_is_given_again(self, organization, program):
        sent = {"Idempotency-Key": str(uuid4())}
        first = program.post("/companies", {"name": "Bakery"}, **sent)
        again = program.post("/companies", {"name": "Bakery"}, **sent)
        assert again.status_code == 200
        assert again.content == first.content
        assert Company.objects.within(organization).filter(name="Bakery").count() == 1

    def test_a_refusal_is_given_again_too(self, program):
        sent = {"Idempotency-Key": str(uuid4())}
        first = program.post("/companies", {"name": "{}"}, **sent)
        again = program.post("/companies", {"name": "{}"}, **sent)
        assert first.status_code == again.status_code == 400

    def test_another_body_is_refused(self, program):
        sent = {"Idempotency-Key": str(uuid4())}
        program.post("/companies", {"name": "Bakery"}, **sent)
        assert program.post("/companies", {"name": "Brewery"}, **sent).status_code == 422

    def test_our_own_fault_frees_the_key(self, program, monkeypatch):
        sent = {"Idempotency-Key": str(uuid4())}
        with monkeypatch.context() as broken:
            broken.delattr("companies.operations.edit_company")
            assert program.post("/companies", {"name": "Bakery"}, **sent).status_code == 500
        assert program.post("/companies", {"name": "Bakery"}, **sent).status_code == 200


class TestAccessTokens:
    def test_a_token_reads_its_company_only(self, program, company, organization):
        answer = program.get(f"/companies/{company.pk}/accessToken").json()
        assert (answer["expiresIn"], answer["tokenType"]) == (86400, "Bearer")
        page = Program(answer["accessToken"])
        assert page.get(f"/companies/{company.pk}").status_code == 200
        other = CompanyFactory(organization=organization)
        assert page.get(f"/companies/{other.pk}").status_code == 403
        assert page.get("/companies").status_code == 403
        assert page.delete(f"/companies/{company.pk}").status_code == 403
        assert page.get(f"/companies/{company.pk}/accessToken").status_code == 403
