"""Asking one check, and breaking what it looks at for real."""

import os
import socket
import threading
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from portal.doctor.register import CHECKS
from portal.owner import as_owner

BY_ID = {check.id: check for check in CHECKS}


@pytest.fixture
def ask():
    """Return the answer of one check, asked as it stands in the register."""
    return lambda check_id: BY_ID[check_id].ask()


@contextmanager
def owning():
    with as_owner(), connection.cursor() as cursor:
        yield cursor


@contextmanager
def connecting(**changes):
    """Connect anew with other settings, as whoever set them up wrongly would."""
    settings = connection.settings_dict
    before, options = dict(settings), dict(settings["OPTIONS"])
    connection.close()
    settings["OPTIONS"].update(changes.pop("OPTIONS", {}))
    settings.update(changes)
    try:
        yield
    finally:
        connection.close()
        settings.update(before)
        settings["OPTIONS"].clear()
        settings["OPTIONS"].update(options)


@pytest.fixture
def superuser(transactional_db):
    """Be who may do anything: only tests can, whose cluster trusts everybody at its socket."""
    login = connection.get_connection_params() | {"user": "postgres", "options": ""}
    with psycopg.connect(**login, autocommit=True) as session:
        yield session


@pytest.fixture
def member_login(superuser):
    """Make the login that docs/operate.md recommends for web, worker and beat."""
    name = f"doctor_member_{os.getpid()}"
    superuser.execute(f"CREATE ROLE {name} LOGIN NOINHERIT")
    superuser.execute(f"GRANT ledgerport_app, ledgerport_system TO {name}")
    with connecting(USER=name):
        yield name
    superuser.execute(f"DROP ROLE {name}")


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def silent_port():
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server.getsockname()[1]


@pytest.fixture
def answering_port():
    """A server that answers each connection with one HTTP response."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        threading.Thread(target=_answer, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _answer(server: socket.socket) -> None:
    while True:
        try:
            visitor, _ = server.accept()
        except OSError:
            return
        with visitor:
            visitor.recv(4096)
            visitor.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
