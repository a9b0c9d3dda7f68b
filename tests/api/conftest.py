"""A program with a key, calling through the real URLs and the real gateway."""

import json

import pytest
from django.core.cache import cache
from django.test import Client

from api.keys import create_key
from companies import tenancy


class Program:
    """Calls the API with a key, and reads JSON."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._client = Client(raise_request_exception=False)

    def __call__(self, method, path, body=None, **headers):
        sent = {"Authorization": f"Bearer {self.key}", **headers}
        data = "" if body is None else json.dumps(body)
        return self._client.generic(
            method, f"/api{path}", data=data, content_type="application/json", headers=sent
        )

    def get(self, path, **headers):
        return self("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self("POST", path, body, **headers)

    def put(self, path, body=None, **headers):
        return self("PUT", path, body, **headers)

    def patch(self, path, body=None, **headers):
        return self("PATCH", path, body, **headers)

    def delete(self, path, **headers):
        return self("DELETE", path, **headers)


@pytest.fixture(autouse=True)
def _counted_anew():
    cache.clear()


@pytest.fixture
def program_of(db):
    """Return a program with a key of the organization."""

    def make(organization, *, name="test", **key):
        with tenancy.entered(organization.pk):
            _, text = create_key(organization, name=name, actor=None, **key)
        return Program(text)

    return make


@pytest.fixture
def program(program_of, organization):
    return program_of(organization)
