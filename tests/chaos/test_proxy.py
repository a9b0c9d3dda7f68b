"""The way to a server, cut and held up."""

import socket
import threading
from contextlib import suppress

import pytest

from chaos.proxy import Proxy


@pytest.fixture
def echo():
    """A server that says what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection):
            with connection, suppress(ConnectionResetError):
                while heard := connection.recv(100):
                    connection.sendall(heard)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(echo):
    with Proxy(echo) as proxy:
        yield proxy


def call(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def test_it_passes_on_what_comes(proxy):
    with call(proxy) as caller:
        caller.sendall(b"hello")

        assert caller.recv(100) == b"hello"


def test_it_cuts_what_there_is_and_lets_others_come(proxy):
    with call(proxy) as caller:
        caller.sendall(b"hello")
        assert caller.recv(100) == b"hello"

        proxy.cut()

        with pytest.raises(ConnectionResetError):
            caller.recv(100)
    test_it_passes_on_what_comes(proxy)


def test_it_refuses_until_it_is_mended(proxy):
    proxy.refuse()

    with pytest.raises(ConnectionResetError), call(proxy) as caller:
        caller.recv(100)
    proxy.mend()
    test_it_passes_on_what_comes(proxy)


def test_what_it_holds_back_arrives_later(proxy):
    with call(proxy) as caller:
        caller.sendall(b"first")
        assert caller.recv(100) == b"first"
        proxy.hold()
        caller.sendall(b"second")
        caller.settimeout(0.3)
        with pytest.raises(TimeoutError):
            caller.recv(100)

        proxy.mend()

        caller.settimeout(5)
        assert caller.recv(100) == b"second"
