"""Checks the store against the sandbox's own ledger, with none of the code that filled it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from engines import database_url
from tests.chaos.rig import Control

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

_TERMINAL = """
SELECT count(*) FROM sync_pull WHERE status IN ('Initial', 'Queued', 'Fetching', 'MapQueued',
'Mapping', 'ValidationQueued', 'Validating', 'ProcessingQueued', 'Processing')
"""


@dataclass
class Verdict:
    """What was compared, and every way in which it does not agree."""

    figures: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


class Oracle:
    """Reads one organization's rows, as itself would be read."""

    def __init__(self, organization_id: str) -> None:
        self._database = psycopg.connect(database_url(), autocommit=True)
        self._database.execute("SET ROLE ledgerport_app")
        self._database.execute(
            "SELECT set_config('app.organization', %s, false)", [organization_id]
        )

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self._database.execute(statement, parameters).fetchall()

    def number(self, statement: str, *parameters: Any) -> int:
        return int(self.rows(statement, *parameters)[0][0])

    def active(self) -> int:
        """Return how many pulls have not ended."""
        return self.number(_TERMINAL)

    def judge(self, control: Control, grants: dict[str, str]) -> Verdict:
        """Compare everything; `grants` names the sandbox's grant of each connection."""
        verdict = Verdict()
        verdict.violations += self._pulls(verdict.figures)
        verdict.violations += self._bodies(verdict.figures)
        for connection, grant in grants.items():
            verdict.violations += self._connection(connection, control.served(grant), verdict)
        return verdict

    def _pulls(self, figures: dict[str, int]) -> Iterator[str]:
        statuses = Counter(dict(self.rows("SELECT status, count(*) FROM sync_pull GROUP BY 1")))
        figures["pulls"] = statuses.total()
        figures["pulls complete"] = statuses["Complete"]
        figures["pulls taken up again"] = self.number(
            "SELECT count(*) FROM sync_pull WHERE attempts > 1"
        )
        figures["attempts cut off"] = self.number("SELECT sum(attempts) - count(*) FROM sync_pull")
        figures["most attempts of one pull"] = self.number("SELECT max(attempts) FROM sync_pull")
        for status, count in statuses.items():
            if status != "Complete":
                yield f"{count} pulls are {status}"
        wrong = self.number(
            "SELECT count(*) FROM sync_pull "
            "WHERE fetched <> added + changed + unchanged + repeated + rejected"
        )
        if wrong:
            yield f"the counts of {wrong} pulls disagree"
        events = dict(
            self.rows(
                "SELECT payload->>'pullId', count(*) FROM companies_event "
                "WHERE type = 'pull.finished' GROUP BY 1"
            )
        )
        pulls = {str(row[0]) for row in self.rows("SELECT id FROM sync_pull")}
        if set(events) != pulls or set(events.values()) != {1}:
            yield "not every pull has exactly one event of its end"
        if left := self.number("SELECT count(*) FROM sync_stagedrecord"):
            yield f"{left} staged rows are left behind"

    def _bodies(self, figures: dict[str, int]) -> Iterator[str]:
        figures["records"] = 0
        for source_id, data_type, digest, body, modified in self.rows(
            "SELECT source_id, data_type, hash, body, source_modified_at FROM sync_record"
        ):
            figures["records"] += 1
            if hashlib.blake2b(body.encode(), digest_size=16).digest() != bytes(digest):
                yield f"the hash of {data_type} {source_id} is not its body's"
            record = json.loads(body)
            if record["id"] != source_id:
                yield f"{data_type} {source_id} holds the body of {record['id']}"
            if data_type not in SINGLE and _moment(record["sourceModifiedDate"]) != modified:
                yield f"{data_type} {source_id} is not of the time its column says"

    def _connection(
        self, connection: str, served: list[dict[str, str]], verdict: Verdict
    ) -> Iterator[str]:
        for data_type, collection in COLLECTIONS.items():
            of_type = [row for row in served if row["collection"] == collection]
            verdict.figures["records served"] = verdict.figures.get("records served", 0) + len(
                of_type
            )
            yield from self._collection(connection, data_type, of_type)
        for data_type in SINGLE:
            count = self.number(
                "SELECT count(*) FROM sync_record WHERE connection_id = %s AND data_type = %s",
                connection,
                data_type,
            )
            if count != 1:
                yield f"{connection} has {count} records of {data_type}"

    def _collection(
        self, connection: str, data_type: str, served: list[dict[str, str]]
    ) -> Iterator[str]:
        where = f"{data_type} of {connection}"
        stored = {
            source_id: (modified, is_deleted)
            for source_id, modified, is_deleted in self.rows(
                "SELECT source_id, source_modified_at, is_deleted FROM sync_record "
                "WHERE connection_id = %s AND data_type = %s",
                connection,
                data_type,
            )
        }
        aside = {
            row[0]
            for row in self.rows(
                "SELECT x.source_id FROM sync_rejectedrecord x "
                "JOIN sync_pull p ON p.id = x.pull_id "
                "WHERE p.connection_id = %s AND p.data_type = %s",
                connection,
                data_type,
            )
        }
        present = {row["id"]: _moment(row["updated_at"]) for row in served if not row["deleted"]}
        for source_id in present.keys() - stored.keys() - aside:
            yield f"lost: {source_id} in {where}"
        for source_id in stored.keys() - {row["id"] for row in served}:
            yield f"invented: {source_id} in {where}"
        for source_id, (modified, is_deleted) in stored.items():
            if source_id in present and is_deleted:
                yield f"wrongly flagged as deleted: {source_id} in {where}"
            elif source_id in present and modified != present[source_id] and source_id not in aside:
                yield f"not the newest state served: {source_id} in {where}"
            elif source_id not in present and not is_deleted:
                yield f"not flagged as deleted: {source_id} in {where}"
        added, versions = self.rows(
            "SELECT coalesce(sum(added), 0), coalesce(sum(changed + deleted), 0) FROM sync_pull "
            "WHERE connection_id = %s AND data_type = %s",
            connection,
            data_type,
        )[0]
        if added != len(stored):
            yield f"{added} records were counted as added, {len(stored)} are stored: {where}"
        kept = self.number(
            "SELECT count(*) FROM sync_recordversion WHERE connection_id = %s AND data_type = %s",
            connection,
            data_type,
        )
        if versions != kept:
            yield f"{versions} records were counted as changed, {kept} versions kept: {where}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
