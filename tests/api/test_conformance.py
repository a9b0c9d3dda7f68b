"""The API does what its own document says, whatever is sent to it."""

import importlib
import os
from contextlib import nullcontext
from pathlib import Path

import httpx
import msgspec
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from api import limits
from companies.models import Company
from connections import documents, integrations
from connections.models import Connection
from connections.platforms import PLATFORMS
from connections.platforms.base import Attachment, Credentials, Missing
from connections.schemas import RECORD_TYPES, DataType, decode, encode
from sync.models import DataStatus, Pull, Record
from tests import estate
from tests.api.stored import keep
from tests.api.test_custom_data import CONFIGURATION as CUSTOM
from tests.api.test_custom_data import keep as keep_custom
from tests.api.test_supplemental_data import CONFIGURATION as SUPPLEMENTAL
from tests.api.test_tenancy import FIXED, PARAMETERS
from tests.factories import ConnectionFactory
from tests.link.test_credentials import GOOD, Abacus

pytestmark = pytest.mark.django_db

_RECORDS = Path(__file__).parents[1] / "connections/platforms/sandbox/records"

#: Besides some 5,000 at the edges of what the document allows.
_USUALLY = 5_300
_LEAST = 10_000
#: Of all that the estate has pulled.
RECORD_ID = "secret-1"
REQUESTS = int(os.environ.get("CONFORMANCE_REQUESTS", _USUALLY))
SEED = int(os.environ.get("CONFORMANCE_SEED", "1"))


class Cabinet(Abacus):
    """Has one file at each record that there is."""

    def list_attachments(self, data_type, record_id):
        del data_type
        self._check(record_id)
        return [Attachment(id=FIXED["attachmentId"], name="scan.pdf")]

    def download_attachment(self, data_type, record_id, attachment_id, into):
        self.find_attachment(data_type, record_id, attachment_id)
        into.write(b"%PDF-1.4")

    def download_pdf(self, data_type, record_id, into):
        del data_type
        self._check(record_id)
        into.write(b"%PDF-1.4")

    def _check(self, record_id):
        if record_id != RECORD_ID:
            raise Missing("There is no such record.")


@pytest.fixture
def program(organization, program_of):
    return program_of(organization)


@pytest.fixture
def known(organization, alice, program, monkeypatch, settings):
    """Own something of everything, and tell under which names it is asked for."""
    settings.SANDBOX_URL = "http://sandbox.test"
    everything = estate.build(organization, alice)
    named = {name: str(everything.parameters[word]) for name, word in PARAMETERS.items()}
    linked = Connection.objects.get(pk=named["connectionId"])
    Company.objects.filter(pk=linked.company_id).update(products=["lending"])
    # Of all other types something is kept below, as a pull would have done it first.
    DataStatus.objects.filter(connection=linked).exclude(data_type=DataType.INVOICES).delete()
    for data_type in DataType:
        record = decode(RECORD_TYPES[data_type], (_RECORDS / f"{data_type}.json").read_text())
        if not data_type.is_single:
            record = msgspec.structs.replace(record, id=RECORD_ID)
        if data_type is DataType.BANK_TRANSACTIONS:
            record = msgspec.structs.replace(record, account_id=RECORD_ID)
        if data_type is DataType.INVOICES:  # is there, with less
            rows = Record.objects.filter(connection_id=linked.pk, data_type=data_type)
            rows.update(body=encode(record).decode())
        else:
            keep(linked, data_type, record)
    monkeypatch.setitem(PLATFORMS, Abacus.key, Abacus)
    cabinet = Cabinet(httpx.Client(), Credentials(access_token="key"))
    monkeypatch.setattr(documents, "open_platform", lambda *_, **__: nullcontext(cabinet))
    integrations.switch(organization, "hledger", on=True, actor=alice)
    pending = ConnectionFactory(
        company=linked.company,
        platform=Abacus.key,
        source_type="Commerce",
        status=Connection.Status.PENDING_AUTH,
    )
    custom = FIXED["customDataIdentifier"]
    configured = program.put(f"/integrations/mqjo/dataTypes/custom/{custom}", CUSTOM)
    assert configured.status_code == 200
    keep_custom(linked, 3, data_type=f"custom/{custom}")
    waiting = Pull.objects.active().filter(connection=linked)[0]
    return {name: [value] for name, value in (FIXED | named).items()} | {
        "clientId": [str(organization.pk)],
        "connectionId": [str(linked.pk), str(pending.pk)],
        "datasetId": [named["datasetId"], str(waiting.pk)],
        "platformKey": [FIXED["platformKey"], "hldg"],
        # Of queries and bodies
        "from": ["2026-01-01"],
        "to": ["2027-01-01"],
        "name": ["Northgate Bakery"],
        "tags": [{"region": "uk"}],
        "url": ["https://hooks.example/in"],
        "eventTypes": [["company.created"]],
        "allowedOrigins": [["https://app.example.com"]],
        "whiteListUrls": [["https://app.example.com"]],
        "redirectUrl": ["https://app.example.com/done"],
        "logoUrl": [None],
        "iconUrl": [None],
        "dataTypes": [["invoices"]],
        "syncSchedule": [24],
        "syncFromUtc": [None],
        "syncFromWindow": [None],
        # Whole bodies
        "update-connection-authorization": [GOOD],
        "configure-custom-data-type": [CUSTOM],
        "configure-supplemental-data": [SUPPLEMENTAL],
    }


@pytest.fixture
def _endless(known, monkeypatch):
    """Ask as often as needed, in one transaction; after `known`, whose requests undo it."""
    del known
    for limit in ("PER_COMPANY", "PER_ADDRESS_A_MINUTE"):
        monkeypatch.setattr(limits, limit, 1_000_000)
    # The server lets go of the database after each request; the test's transaction needs it.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("_endless")
# Downloads are made for the async server that we run; here they are collected.
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_it_does_what_its_document_says(program, known, record_property):
    conformance = importlib.import_module("tests.api.conformance")  # slow to load
    headers = {"Authorization": f"Bearer {program.key}"}

    tally = conformance.run(known=known, headers=headers, requests=REQUESTS, seed=SEED)

    record_property("summary", tally.summary)
    assert not tally.failures, tally.summary
    assert tally.cases >= _LEAST or REQUESTS < _USUALLY
