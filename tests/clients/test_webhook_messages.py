"""The official client's own types read the messages for which it has any."""

import json
import subprocess

import pytest

from companies.models import Event, EventType
from companies.operations import add_product, edit_company, remove_product
from tests.clients.running import PLATFORM_6
from tests.environments import python_with
from webhooks import payloads

_READ = """
import sys
from codat_platform.models.company_product_webhook import CompanyProductWebhook
read = CompanyProductWebhook.from_json(sys.stdin.read())
print(read.to_json())
"""

pytestmark = [pytest.mark.django_db, pytest.mark.full, pytest.mark.timeout(600)]


def read(message: bytes) -> bytes:
    python = python_with(PLATFORM_6.requirements, module=PLATFORM_6.package)
    return subprocess.run(
        [python, "-c", _READ], input=message, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize(
    "event_type", [EventType.COMPANY_PRODUCT_ADDED, EventType.COMPANY_PRODUCT_REMOVED]
)
def test_products(organization, company, event_type):
    edit_company(company, description="Customer 7", tags={})
    add_product(company, "lending")
    remove_product(company, "lending")
    message = payloads.body_of(Event.objects.get(type=event_type), organization)

    assert json.loads(read(message)) == json.loads(message)
