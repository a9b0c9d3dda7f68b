"""The API does what its own document says, whatever is sent to it.

Schemathesis reads the document and makes requests from it: right ones, wrong ones, and those at the
edges. Half of the addresses name something there is. Each request is undone after its answer.
"""

import os
from typing import Any, cast
from uuid import UUID
from zlib import crc32

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.hooks import HookContext
from schemathesis.specs.openapi.schemas import OpenApiSchema

from api import limits
from api.urls import api
from tests import estate
from tests.api.test_tenancy import FIXED, PARAMETERS

pytestmark = pytest.mark.django_db

_QUIETLY = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


def _document(*, examples: int, edges: bool) -> OpenApiSchema:
    config = SchemathesisConfig.from_dict(
        {
            "generation": {
                "mode": "all",
                "max-examples": examples,
                "database": "none",
                # The key is ours to send; whether one is asked for is a check of its own.
                "with-security-parameters": False,
            },
            "phases": {"coverage": {"enabled": edges}},
            "checks": {
                # A text may be a query and still be none of ours, and names may have no letter
                # left: then 400 says why.
                "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "403", "404"]},
            },
        }
    )
    document = cast("dict[str, Any]", api.get_openapi_schema())
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = get_wsgi_application()
    schema.hook("map_path_parameters")(_partly_real)
    return schema


_known: dict[str, str] = {}


def _partly_real(context: HookContext, parameters: object) -> object:
    """Name what there is in most addresses: what cannot be found answers everything with 404."""
    del context
    if not isinstance(parameters, dict):
        return parameters
    return {
        name: _known[name] if name in _known and _is_good(name, value) else value
        for name, value in parameters.items()
    }


def _is_good(name: str, value: object) -> bool:
    """Leave wrong addresses as they are, and some of the right ones."""
    if crc32(repr(value).encode()) % 4 == 0:
        return False
    if name in FIXED:
        return isinstance(value, str)
    try:
        UUID(value)  # type: ignore[arg-type]
    except (AttributeError, TypeError, ValueError):
        return False
    return True


@pytest.fixture
def headers(organization, alice, program_of, monkeypatch):
    """Own something of everything, ask as often as needed."""
    everything = estate.build(organization, alice)
    _known.update(
        FIXED | {name: str(everything.parameters[word]) for name, word in PARAMETERS.items()}
    )
    for limit in ("PER_COMPANY", "PER_ADDRESS_A_MINUTE"):
        monkeypatch.setattr(limits, limit, 1_000_000)
    # The server lets go of the database after each request; the test's transaction needs it.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield {"Authorization": f"Bearer {program_of(organization).key}"}
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def _hold(case: schemathesis.Case[Any], headers: dict[str, str]) -> None:
    with transaction.atomic():
        response = case.call(headers=headers)
        transaction.set_rollback(True)
    case.validate_response(response, headers=headers)


briefly = _document(examples=8, edges=False)
thoroughly = _document(examples=int(os.environ.get("CONFORMANCE_EXAMPLES", "500")), edges=True)


@briefly.parametrize()
@_QUIETLY
def test_it_does_what_it_says(case, headers):
    _hold(case, headers)


@pytest.mark.full
@pytest.mark.timeout(1200)
@thoroughly.parametrize()
@_QUIETLY
def test_it_does_what_it_says_at_the_edges(case, headers):
    _hold(case, headers)
