"""Migrations leave the application working while they run, before its processes are replaced.

Squawk reads the SQL of each; CONTRIBUTING.md says what to write instead of what it finds.
"""

import json
import subprocess
import sysconfig
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from portal.management.commands.migrate import LOCK_TIMEOUT_SECONDS
from tests.environments import ROOT

SQUAWK = Path(sysconfig.get_path("scripts")) / "squawk"
#: The oldest PostgreSQL that is supported: the newest knows more that is harmless.
POSTGRESQL = "16.0"
#: The last of each app when this began; what came before has been carried out everywhere.
BASELINE = {
    "api": "0002_idempotent_requests_by_age",
    "companies": "0019_event_trace",
    "connections": "0006_warned_of_lapses",
    "files": "0002_api_source",
    "link": "0002_more_texts",
    "notices": "0003_lapsing",
    "support": "0001_initial",
    "sync": "0014_pull_trace",
    "webhooks": "0001_initial",
}
#: Contractions, and what is known to be small: "app name" → the rule, and why it is right here.
EXCUSED: dict[str, dict[str, str]] = {}
#: Matters of taste, and what `manage.py migrate` or Django sees to.
NOT_ASKED = (
    "ban-char-field",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "require-lock-timeout",  # `migrate` sets it, and tries again
    "require-statement-timeout",  # building an index takes as long as it takes
    "require-timeout-settings",
    "transaction-nesting",
)


def later() -> list[tuple[str, str]]:
    """List our migrations since the baseline."""
    ours = {each.label for each in apps.get_app_configs() if Path(each.path).parent == ROOT}
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return sorted(
        (app, name)
        for app, name in loader.disk_migrations
        if app in ours and name > BASELINE.get(app, "")
    )


def found_in(sql: str, *, is_atomic: bool = True) -> dict[str, str]:
    """Return what Squawk has against some SQL: its rules, each with the first statement."""
    asked = subprocess.run(
        [
            SQUAWK,
            "--reporter=Json",
            f"--pg-version={POSTGRESQL}",
            f"--exclude={','.join(NOT_ASKED)}",
            *(["--assume-in-transaction"] if is_atomic else []),
        ],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    findings = json.loads(asked.stdout)
    lines = sql.splitlines()
    return {each["rule_name"]: lines[each["line"]] for each in reversed(findings)}


def sql_of(app: str, name: str) -> tuple[str, Migration]:
    loader = MigrationLoader(connection, replace_migrations=False)
    migration = loader.graph.nodes[app, name]
    statements = loader.collect_sql([(migration, False)])
    return "\n".join(statements) + "\n", migration


@pytest.mark.django_db
@pytest.mark.parametrize(("app", "name"), later(), ids=" ".join)
def test_a_migration_keeps_nobody_waiting(app, name):
    sql, migration = sql_of(app, name)

    found = found_in(sql, is_atomic=migration.atomic)

    excused = EXCUSED.get(f"{app} {name}", {})
    assert {rule: line for rule, line in found.items() if rule not in excused} == {}
    assert excused.keys() <= found.keys(), "what is excused and does not occur"


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("ALTER TABLE sync_pull ADD COLUMN a text NOT NULL;", "adding-required-field"),
        ("ALTER TABLE sync_pull ALTER COLUMN a SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE sync_pull ALTER COLUMN a TYPE bigint;", "changing-column-type"),
        (
            "ALTER TABLE sync_pull ADD COLUMN a uuid DEFAULT gen_random_uuid() NOT NULL;",
            "adding-field-with-default",
        ),
        ("CREATE INDEX i ON sync_pull (a);", "require-concurrent-index-creation"),
        ("DROP INDEX i;", "require-concurrent-index-deletion"),
        (
            "ALTER TABLE sync_pull ADD CONSTRAINT c CHECK (a > 0);",
            "constraint-missing-not-valid",
        ),
        (
            "ALTER TABLE sync_pull ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES b (id);",
            "adding-foreign-key-constraint",
        ),
        ("ALTER TABLE sync_pull ADD CONSTRAINT c UNIQUE (a);", "disallowed-unique-constraint"),
        ("ALTER TABLE sync_pull RENAME COLUMN a TO b;", "renaming-column"),
        ("ALTER TABLE sync_pull RENAME TO b;", "renaming-table"),
        ("ALTER TABLE sync_pull DROP COLUMN a;", "ban-drop-column"),
        ("DROP TABLE sync_pull;", "ban-drop-table"),
    ],
)
def test_what_would_keep_them_waiting_is_found(sql, rule):
    assert rule in found_in(f"{sql}\n")


def test_what_is_written_instead_is_not():
    assert found_in(
        """\
ALTER TABLE sync_pull ADD COLUMN a text;
ALTER TABLE sync_pull ADD COLUMN b text DEFAULT '' NOT NULL;
ALTER TABLE sync_pull ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;
CREATE TABLE n (id bigint PRIMARY KEY, a text NOT NULL);
CREATE INDEX i ON n (a);
"""
    ) == {}  # fmt: skip
    assert found_in(
        """\
CREATE INDEX CONCURRENTLY i ON sync_pull (a);
ALTER TABLE sync_pull VALIDATE CONSTRAINT c;
DROP INDEX CONCURRENTLY j;
""",
        is_atomic=False,
    ) == {}  # fmt: skip


def test_the_baseline_names_migrations_that_are_there():
    known = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)

    assert set(BASELINE.items()) <= known
    assert {f"{app} {name}" for app, name in known} >= EXCUSED.keys()


def test_a_lock_that_does_not_come_is_let_go():
    """Whoever waits for a lock has all others wait behind it."""
    assert LOCK_TIMEOUT_SECONDS <= 5
