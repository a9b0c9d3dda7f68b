"""The columns that a migration read out of the bodies are those that a pull writes."""

from importlib import import_module
from pathlib import Path

import pytest
from django.db import connection as database
from django.utils import timezone

from connections.schemas import RECORD_TYPES, DataType, decode, listing
from sync.models import Record, RecordVersion, StagedRecord
from tests.sync.books import a_pull, a_record, an_earlier_version

filling = import_module("sync.migrations.0006_fill_record_states")
SAVED = sorted(Path(__file__).parents[1].glob("connections/platforms/*/records/*.json"))


def test_there_is_a_record_of_every_data_type():
    assert {path.stem for path in SAVED} >= {each.value for each in DataType}


@pytest.mark.parametrize("path", SAVED, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_former_versions_list_what_their_schema_says(connection, path):
    record = decode(RECORD_TYPES[DataType(path.stem)], path.read_bytes())
    stored = a_record(connection, path.stem, record.id)
    version = an_earlier_version(stored, body={}, changed_by=a_pull(connection))
    RecordVersion.objects.filter(pk=version.pk).update(body=path.read_text())
    Record.objects.filter(source_id=record.id).update(body=path.read_text())

    with database.cursor() as cursor:
        cursor.execute(filling.VERSIONS)
        cursor.execute(filling.DUE)
    version.refresh_from_db()
    found = Record.objects.get(source_id=record.id)

    shown = listing(record)
    assert version.label == shown.label[:200]
    assert version.party == (shown.party or "")[:200]
    assert version.dated_on == shown.dated_on
    assert version.amount == shown.amount
    assert version.currency == (shown.currency or "")[:10]
    assert version.record_status == (shown.status or "")[:20]
    assert version.source_modified_at == record.source_modified_date
    for filled in (version, found):
        assert (filled.due_on, filled.outstanding) == (shown.due_on, shown.outstanding)


def test_an_amount_due_beyond_the_column_is_left_out(connection):
    a_record(connection, source_id="big", body={"id": "big", "amountDue": 10**18})

    with database.cursor() as cursor:
        cursor.execute(filling.DUE)

    assert Record.objects.get(source_id="big").outstanding is None


def test_what_is_being_pulled_is_filled_too(connection):
    pull = a_pull(connection, status="Fetching", requested_at=timezone.now())
    a_record(connection, source_id="1", body={"id": "1", "dueDate": "2026-06-03", "amountDue": 5})
    staged = _staged(pull, "1", None), _staged(pull, "2", '{"dueDate":"2026-06-04"}')

    with database.cursor() as cursor:
        cursor.execute(filling.STAGED)
    for each in staged:
        each.refresh_from_db()

    assert [f"{each.due_on}" for each in staged] == ["2026-06-03", "2026-06-04"]
    assert [each.outstanding for each in staged] == [5, None]


def _staged(pull, source_id, body):
    return StagedRecord.objects.create(
        organization_id=pull.organization_id, pull_id=pull.pk, source_id=source_id, body=body
    )
