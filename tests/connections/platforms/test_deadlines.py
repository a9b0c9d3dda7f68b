"""Answers that come byte by byte end in time, over real sockets."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from connections.platforms import http
from connections.platforms.base import PlatformError, Unreachable

type Serve = Callable[[socket.socket], None]


@pytest.fixture
def server() -> Iterator[Callable[[Serve], str]]:
    """Answers each connection as told, until the test ends."""
    listener, done = socket.create_server(("127.0.0.1", 0)), threading.Event()
    held: list[socket.socket] = []

    def start(serve: Serve) -> str:
        def run() -> None:
            while not done.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                held.append(connection)
                try:
                    connection.recv(65536)
                    serve(connection)
                except OSError:
                    continue  # the client went away

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    done.set()
    listener.close()
    for connection in held:
        connection.close()


def ask(url: str, seconds: float = 0.6) -> tuple[float, PlatformError]:
    """Ask once, be refused, and return how long that took and the refusal."""
    with http.new_client(base_url=url) as client:
        began = time.monotonic()
        with pytest.raises(PlatformError) as caught:
            http.get(client, "/x", platform="Xero", token="t", tries=1, total_seconds=seconds)
    return time.monotonic() - began, caught.value


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_PACKED_NOTHING = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 20


def dripping(content: bytes, *, after: bytes = b"") -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.sendall(after)
        for byte in content:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    return serve


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(lambda _: time.sleep(3), id="nothing comes"),
        pytest.param(dripping(_HEAD * 3), id="headers drip"),
        pytest.param(
            dripping(b" " * 99, after=_HEAD + b"Content-Length: 99\r\n\r\n"), id="body drips"
        ),
        pytest.param(
            dripping(
                _PACKED_NOTHING,
                after=_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 999\r\n\r\n",
            ),
            id="packed nothing drips",
        ),
    ],
)
def test_what_drips_ends_in_time(server, serve):
    took, error = ask(server(serve))

    assert took < 1.5
    assert isinstance(error, Unreachable)
    assert error.message == "Xero did not answer in time."


def test_headers_without_end_are_refused(server):
    def serve(connection: socket.socket) -> None:
        connection.sendall(_HEAD)
        while True:
            connection.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")

    took, _ = ask(server(serve), 5)

    assert took < 3


def test_a_connection_that_is_dropped_could_not_be_reached(server):
    _, error = ask(server(lambda connection: connection.close()))

    assert error.message == "Xero could not be reached."
