"""The store against the platform's own ledger of what it served: nothing lost, nothing doubled."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from chaos.control import Control
from chaos.database import Database
from chaos.oracle.verdict import Verdict

#: The sandbox's collections by our data types.
COLLECTIONS = {
    "chartOfAccounts": "accounts",
    "taxRates": "tax_rates",
    "customers": "customers",
    "suppliers": "suppliers",
    "items": "items",
    "invoices": "invoices",
    "bills": "bills",
    "creditNotes": "credit_notes",
    "billCreditNotes": "supplier_credits",
    "payments": "payments",
    "billPayments": "bill_payments",
    "journalEntries": "journal_entries",
    "bankAccounts": "bank_accounts",
    "bankTransactions": "bank_transactions",
}
SINGLE = ("company", "balanceSheet", "profitAndLoss", "cashFlowStatement")

type Served = dict[str, dict[str, Any]]


def judge(
    database: Database, control: Control, grants: dict[UUID, list[str]], verdict: Verdict
) -> None:
    """Compare every connection; `grants` names the sandbox's authorizations of each."""
    _judge_bodies(database, verdict)
    for connection, authorizations in grants.items():
        served = _newest(row for grant in authorizations for row in control.served(grant))
        for data_type, collection in COLLECTIONS.items():
            of_type = served.get(collection, {})
            verdict.add("records compared with the ledger", len(of_type))
            _judge_collection(database, connection, data_type, of_type, verdict)
        for data_type in SINGLE:
            count = database.number(
                "SELECT count(*) FROM sync_record WHERE connection_id = %s AND data_type = %s",
                connection,
                data_type,
            )
            if count != 1:
                verdict.blame(f"{connection} has {count} records of {data_type}")


def _newest(rows: Iterable[dict[str, Any]]) -> dict[str, Served]:
    """Return by collection and id the newest state that went out, under whichever authorization."""
    found: dict[str, Served] = {}
    for row in rows:
        of_type = found.setdefault(row["collection"], {})
        known = of_type.get(row["id"])
        if known is None or _moment(row["updated_at"]) >= _moment(known["updated_at"]):
            of_type[row["id"]] = row
    return found


def _judge_bodies(database: Database, verdict: Verdict) -> None:
    for source_id, data_type, digest, body, modified in database.stream(
        "SELECT source_id, data_type, hash, body, source_modified_at FROM sync_record"
    ):
        verdict.add("records in the store", 1)
        if hashlib.blake2b(body.encode(), digest_size=16).digest() != bytes(digest):
            verdict.blame(f"the hash of {data_type} {source_id} is not its body's")
        record = json.loads(body)
        if record["id"] != source_id:
            verdict.blame(f"{data_type} {source_id} holds the body of {record['id']}")
        if data_type not in SINGLE and _moment(record["sourceModifiedDate"]) != modified:
            verdict.blame(f"{data_type} {source_id} is not of the time its column says")


def _judge_collection(
    database: Database, connection: UUID, data_type: str, served: Served, verdict: Verdict
) -> None:
    where = f"{data_type} of {connection}"
    stored = {
        source_id: (modified, is_deleted)
        for source_id, modified, is_deleted in database.rows(
            "SELECT source_id, source_modified_at, is_deleted FROM sync_record "
            "WHERE connection_id = %s AND data_type = %s",
            connection,
            data_type,
        )
    }
    aside = {
        row[0]
        for row in database.rows(
            "SELECT x.source_id FROM sync_rejectedrecord x JOIN sync_pull p ON p.id = x.pull_id "
            "WHERE p.connection_id = %s AND p.data_type = %s",
            connection,
            data_type,
        )
    }
    present = {key: _moment(row["updated_at"]) for key, row in served.items() if not row["deleted"]}
    for source_id in present.keys() - stored.keys() - aside:
        verdict.blame(f"lost: {source_id} in {where}")
    for source_id in stored.keys() - served.keys():
        verdict.blame(f"invented: {source_id} in {where}")
    for source_id, (modified, is_deleted) in stored.items():
        if source_id in present and is_deleted:
            verdict.blame(f"wrongly flagged as deleted: {source_id} in {where}")
        elif source_id in present and modified != present[source_id] and source_id not in aside:
            verdict.blame(f"not the newest state served: {source_id} in {where}")
        elif source_id not in present and not is_deleted:
            verdict.blame(f"not flagged as deleted: {source_id} in {where}")
    _judge_counts(database, connection, data_type, len(stored), verdict)


def _judge_counts(
    database: Database, connection: UUID, data_type: str, stored: int, verdict: Verdict
) -> None:
    where = f"{data_type} of {connection}"
    added, versions = database.rows(
        "SELECT coalesce(sum(added), 0), coalesce(sum(changed + deleted), 0) FROM sync_pull "
        "WHERE connection_id = %s AND data_type = %s",
        connection,
        data_type,
    )[0]
    if added != stored:
        verdict.blame(f"doubled: {added} records were added, {stored} are stored: {where}")
    kept = database.number(
        "SELECT count(*) FROM sync_recordversion WHERE connection_id = %s AND data_type = %s",
        connection,
        data_type,
    )
    if versions != kept:
        verdict.blame(f"{versions} records were changed, {kept} versions kept: {where}")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
