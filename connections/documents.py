"""Files at a customer's records, fetched from the platform when somebody wants them; none is kept.

Call it outside transactions: it waits for another server, and may renew the credentials.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from connections.credentials import give_up, open_platform, renew_after_401
from connections.models import Connection
from connections.platforms.base import Attachment, AuthorizationRevoked, Platform
from connections.schemas import DataType

#: What is smaller stays in memory until it is passed on.
_IN_MEMORY = 1024 * 1024
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """A file that came whole, to be read once and closed."""

    name: str
    size: int
    _content: IO[bytes]

    def pieces(self) -> Iterator[bytes]:
        while piece := self._content.read(_PIECE):
            yield piece

    def close(self) -> None:
        self._content.close()


def list_attachments(
    connection: Connection, data_type: DataType, record_id: str
) -> Sequence[Attachment]:
    """:raises PlatformError: when the platform does not give them."""
    return _asked(connection, lambda platform: platform.list_attachments(data_type, record_id))


def find_attachment(
    connection: Connection, data_type: DataType, record_id: str, attachment_id: str
) -> Attachment:
    """:raises PlatformError: when the platform does not give it."""
    return _asked(
        connection,
        lambda platform: platform.find_attachment(data_type, record_id, attachment_id),
    )


def download_attachment(
    connection: Connection, data_type: DataType, record_id: str, attachment_id: str
) -> Document:
    """:raises PlatformError: when the platform does not give it, or it is too large."""

    def read(platform: Platform) -> Document:
        found = platform.find_attachment(data_type, record_id, attachment_id)
        return _read(
            found.name or attachment_id,
            lambda into: platform.download_attachment(data_type, record_id, attachment_id, into),
        )

    return _asked(connection, read)


def download_pdf(connection: Connection, data_type: DataType, record_id: str) -> Document:
    """:raises PlatformError: when the platform does not give it, or it is too large."""
    return _asked(
        connection,
        lambda platform: _read(
            f"{record_id}.pdf", lambda into: platform.download_pdf(data_type, record_id, into)
        ),
    )


def _asked[T](connection: Connection, ask: Callable[[Platform], T]) -> T:
    """Ask the platform, once more where the access token had just run out."""
    with open_platform(connection) as platform:
        try:
            return ask(platform)
        except AuthorizationRevoked:
            platform.credentials = renew_after_401(connection, platform.credentials)
        try:
            return ask(platform)
        except AuthorizationRevoked as error:
            give_up(connection, platform.credentials, reason=error.message)
            raise


def _read(name: str, download: Callable[[IO[bytes]], None]) -> Document:
    # The document closes it.
    content: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
    try:
        download(content)
    except BaseException:
        content.close()
        raise
    size = content.tell()
    content.seek(0)
    return Document(name, size, content)
