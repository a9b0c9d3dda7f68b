"""Load invoices as a worker does, from a platform's pages to published records with versions."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock
from uuid import uuid4

import django

django.setup()

import msgspec  # noqa: E402 - models need Django set up

from bench.contestant import take_part  # noqa: E402
from bench.invoices import pages  # noqa: E402
from companies import operations as companies  # noqa: E402
from companies import tenancy  # noqa: E402
from companies.models import User  # noqa: E402
from connections.models import Connection  # noqa: E402
from connections.platforms.base import Page  # noqa: E402
from connections.schemas import Invoice  # noqa: E402
from sync import engine, operations, tasks  # noqa: E402
from sync.models import Pull, PullStatus  # noqa: E402

PAGE = 1000


class Files:
    """A platform whose answers lie in a file: a line of JSON for each invoice."""

    def __init__(self, connections: int, records: int) -> None:
        self._decode: Callable[[bytes], list[Invoice]] = msgspec.json.Decoder(list[Invoice]).decode
        self._of_one = records // connections
        self._pages: Iterator[list[bytes]] = iter(())

    def open(self, path: Path) -> None:
        self._pages = pages(path, min(PAGE, self._of_one))

    def fetch(self, *_: object, **__: object) -> Iterator[Page]:
        """Yield what belongs to the next connection."""
        left = self._of_one
        while left:
            records = self._decode(b"[%b]" % b",".join(next(self._pages)))
            left -= len(records)
            yield Page(records=records, cursor=str(left), total=self._of_one)


def linked(number: int) -> list[Connection]:
    user = User.objects.create_user(f"{uuid4().hex}@example.com", name="Load")
    organization = companies.create_organization(user, "Load")
    found = []
    for position in range(number):
        with tenancy.entered(organization.pk):
            found.append(
                Connection.objects.create(
                    organization=organization,
                    company=companies.create_company(organization, name=f"Load {position}"),
                    platform="sandbox",
                    source_type="Accounting",
                    status=Connection.Status.LINKED,
                )
            )
    return found


def main(first: str, second: str, records: int, number: int) -> None:
    platform, connections = Files(number, records), linked(number)

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Files]:
        yield platform

    def load(path: str) -> None:
        platform.open(Path(path))
        for connection in connections:
            with tenancy.entered(connection.organization_id):
                pull = operations.queue_pull(connection, "invoices", trigger=Pull.Trigger.MANUAL)
            engine.run_connection(connection.organization_id, connection.pk)
            with tenancy.entered(connection.organization_id):
                pull.refresh_from_db()
            if pull.status != PullStatus.COMPLETE:
                raise SystemExit(f"{pull.status}: {pull.error_detail}")

    with (
        mock.patch.object(engine, "open_platform", opened),
        mock.patch.object(tasks, "ring", return_value=None),
    ):
        take_part({"first": lambda: load(first), "second": lambda: load(second)})


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
