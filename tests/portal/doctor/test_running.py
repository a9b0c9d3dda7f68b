"""Nothing that hangs, fails or says too much gets in the way of the others."""

import json
import threading
import time
from types import SimpleNamespace

import pytest

from portal.doctor import findings, printing
from portal.doctor.findings import Finding, Level, ok
from portal.doctor.redaction import Redaction
from portal.doctor.register import CHECKS, Check
from portal.doctor.running import at_once, examine
from tests.environments import ROOT


def check(check_id, answer=None, **named):
    """A check that answers this, or calls it."""
    question = answer if callable(answer) else lambda: answer or ok("well")
    made = SimpleNamespace(id=check_id, needs=(), lane="", seconds=5.0, ask=question)
    vars(made).update(named)
    return made


def fail():
    raise RuntimeError("broken\n in  two")


def slowly():
    time.sleep(0.3)
    return ok("well")


def forever():
    threading.Event().wait(30)


def test_they_are_told_in_their_order_and_asked_at_the_same_time():
    slow = [check(f"a.{n}", slowly) for n in range(10)]
    began = time.monotonic()

    found = examine(slow)

    assert [each.id for each in found] == [each.id for each in slow]
    assert time.monotonic() - began < 2


def test_one_that_fails_says_so_in_a_line_and_the_others_go_on():
    failed, well = examine([check("a.b", fail), check("a.c")])

    assert (failed.level, failed.answer.is_asked) == (Level.WARNING, False)
    assert failed.answer.found == "Could not be asked: RuntimeError: broken in two."
    assert well.level == Level.OK


def test_what_needs_one_that_failed_is_not_asked():
    error = findings.error("down", "nothing works", "start it")
    found = examine(
        [
            check("a.last", fail, needs=("a.middle",)),
            check("a.middle", fail, needs=("a.first",)),
            check("a.first", error),
        ]
    )

    assert [each.answer.found for each in found] == [
        "Not asked: see a.middle.",
        "Not asked: see a.first.",
        "down",
    ]


def test_a_warning_keeps_nobody_from_asking():
    _, second = examine(
        [check("a.b", findings.warning("x", "y", "z")), check("a.c", needs=("a.b",))]
    )

    assert second.level == Level.OK


def test_one_that_hangs_is_given_up_with_the_rest_of_its_lane():
    began = time.monotonic()

    hung, behind, beside = examine(
        [
            check("a.hangs", forever, lane="x", seconds=0.2),
            check("a.behind", lane="x"),
            check("b.beside"),
        ]
    )

    assert time.monotonic() - began < 2
    assert "No answer within 0.2 seconds" in hung.answer.found
    assert behind.answer.found == "Not asked: a.hangs was not answered in time."
    assert beside.level == Level.OK


def test_the_whole_ends_in_time_whatever_hangs():
    began = time.monotonic()

    found = examine([check(f"a.{n}", forever) for n in range(5)], seconds=0.5)

    assert time.monotonic() - began < 2
    assert {each.answer.is_asked for each in found} == {False}
    assert len(found) == 5


def test_one_check_can_tell_of_several_things():
    (first, second) = examine([check("a.b", lambda: {"x": ok("1"), "y": ok("2")})])

    assert (first.id, second.id) == ("a.b.x", "a.b.y")


def test_who_does_not_answer_at_once_is_left_out():
    assert at_once({"quick": lambda: 1, "never": forever}, seconds=0.3) == {"quick": 1}


def test_every_check_is_there_needs_only_checks_and_is_documented():
    ids = {check.id for check in CHECKS}
    guide = (ROOT / "docs" / "operate.md").read_text()

    assert len(ids) == len(CHECKS)
    for each in CHECKS:
        assert set(each.needs) <= ids
        assert f"`{each.id}" in guide, each.id


SECRETS = {
    "LEDGERPORT_SECRET_KEY": "q9Z-secret-of-sessions-q9Z-secret-of-sessions",
    "LEDGERPORT_ENCRYPTION_KEYS": "new:bmV3LWtleS1vZi10aGlydHktdHdvLWJ5dGVzLWxvbmc=,old:b2xkLQ",
    "DATABASE_URL": "postgresql://ledgerport:p%40ss-word@db.example/ledgerport",
    "REDIS_URL": "redis://:valkey-word@valkey.example:6379/0",
    "SMTP_PASSWORD": "mail-word",
    "SANDBOX_CLIENT_SECRET": "sandbox-word",
    "XERO_URL": "https://me:stand-in-word@xero.example",
}


@pytest.mark.parametrize(
    "said",
    [
        SECRETS["LEDGERPORT_SECRET_KEY"],
        "bmV3LWtleS1vZi10aGlydHktdHdvLWJ5dGVzLWxvbmc=",
        "p@ss-word",
        "p%40ss-word",
        "valkey-word",
        "mail-word",
        "sandbox-word",
        "stand-in-word",
        SECRETS["DATABASE_URL"],
        "redis://somebody:else@valkey.example",
    ],
)
def test_no_secret_is_told_wherever_it_stands(said):
    told = Redaction(SECRETS).text(f"it failed over {said!r}, which is wrong")

    for part in ("q9Z", "bmV3", "ss-word", "valkey-word", "mail-word", "sandbox-word", "in-word"):
        assert part not in told
    assert "else" not in told
    assert "which is wrong" in told


def test_a_secret_from_a_file_is_one(tmp_path):
    (tmp_path / "key").write_text("from-a-file-1234\n")

    told = Redaction({"SMTP_PASSWORD_FILE": str(tmp_path / "key")}).text("was from-a-file-1234")

    assert told == "was …"


def test_words_that_contain_a_short_password_stay():
    assert Redaction({"SMTP_PASSWORD": "ledger"}).text("ledgerport ledger") == "ledgerport …"


REPORT = printing.Report(
    environment="production",
    at="2026-11-28T10:00:00+00:00",
    seconds=1.2,
    findings=[
        Finding(id="keys.ring", answer=ok("k1 encrypts.")),
        Finding(id="work.lost", answer=findings.error("1 lost", "stands still", "start beat")),
        Finding(id="work.outbox", answer=findings.not_asked("see work.lost")),
    ],
)


def test_the_document_for_programs():
    document = json.loads(printing.as_json(REPORT))

    assert document == {
        "version": 1,
        "environment": "production",
        "askedAt": "2026-11-28T10:00:00+00:00",
        "seconds": 1.2,
        "worst": "error",
        "counts": {"ok": 1, "note": 1, "warning": 0, "error": 1},
        "notAsked": 1,
        "findings": [
            {
                "id": "keys.ring", "level": "ok", "asked": True, "found": "k1 encrypts.",
                "means": "", "remedy": "",
            },
            {
                "id": "work.lost", "level": "error", "asked": True, "found": "1 lost",
                "means": "stands still", "remedy": "start beat",
            },
            {
                "id": "work.outbox", "level": "note", "asked": False,
                "found": "Not asked: see work.lost.", "means": "", "remedy": "",
            },
        ],
    }  # fmt: skip


def test_the_text_for_people():
    text = printing.as_text(REPORT, in_color=False)

    assert "\nKeys\n  ✓ ok      keys.ring" in text
    assert "✗ error   work.lost              1 lost" in text
    assert "Means: stands still" in text
    assert "Do: start beat" in text
    assert text.endswith(
        "1 ok, 1 note, 0 warnings, 1 error (1 could not be asked). It took 1.2 seconds."
    )
    assert "\x1b" not in text
    assert "\x1b[31m✗ error" in printing.as_text(REPORT, in_color=True)


def test_registered_checks_are_found_by_their_ids():
    assert Check(id="settings.read").ask() == ok("The settings can be read.")
