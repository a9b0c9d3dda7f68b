"""Finding out whether something serves yet, and which ports are free."""

import http.client
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

Probe = Callable[[], bool]


class PortTaken(RuntimeError):
    """Another program listens where we were asked to."""


def answers(url: str) -> Probe:
    """Make a probe that asks for a page and takes any answer but a server error."""
    parts = urlsplit(url)

    def probe() -> bool:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        try:
            connection.request("GET", parts.path or "/")
            return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


def exists(path: Path) -> Probe:
    """Make a probe for a file that a process makes when it works."""
    return path.exists


def chosen_port(host: str, port: int) -> int:
    """Give the port itself, or a free one for 0.

    :raises PortTaken: when it cannot be had.
    """
    with _socket_for(host) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as refused:
            reason = (refused.strerror or str(refused)).lower()
            raise PortTaken(
                f"Cannot serve on {host} port {port}: {reason}. "
                "Choose another with --port, or --port 0 for any."
            ) from refused
        chosen: int = listener.getsockname()[1]
    return chosen


def neighbouring_port(host: str, port: int) -> int:
    """Give the next port, so that it stays the same from start to start, or else any free one."""
    try:
        return chosen_port(host, port + 1)
    except (PortTaken, OverflowError):
        return chosen_port(host, 0)


def address(host: str, port: int) -> str:
    """Write host and port as a URL; whoever listens everywhere is visited at home."""
    visited = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 compared only
    return f"http://[{visited}]:{port}" if ":" in visited else f"http://{visited}:{port}"


def _socket_for(host: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
