"""A second database of the same server: what was backed up comes back there."""

from contextlib import contextmanager

import pytest
from django.db import connection

from portal.owner import as_owner
from tests.databases import drop_database
from tests.files.conftest import shelf  # noqa: F401 - every backup takes the files along

NAME = "restored"


@pytest.fixture
def elsewhere(transactional_db):
    """Return a block in which an empty database is the application's."""
    own = f"{connection.settings_dict['NAME']}_{NAME}"
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{own}"')
        cursor.execute(f'CREATE DATABASE "{own}"')

    @contextmanager
    def there():
        settings = connection.settings_dict
        before = settings["NAME"]
        connection.close()
        settings["NAME"] = own
        try:
            yield
        finally:
            connection.close()
            settings["NAME"] = before

    yield there
    with as_owner(), connection.cursor() as cursor:
        drop_database(cursor.connection, own)
