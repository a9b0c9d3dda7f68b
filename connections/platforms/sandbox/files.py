"""Files at the sandbox's records."""

from datetime import datetime

import msgspec

from connections.platforms.base import Attachment
from connections.platforms.downloads import part_of_path
from connections.platforms.sandbox.wire import Id, Wire
from connections.schemas import DataType

COLLECTIONS = {
    DataType.BILLS: "bills",
    DataType.CUSTOMERS: "customers",
    DataType.INVOICES: "invoices",
    DataType.SUPPLIERS: "suppliers",
}


class File(Wire, frozen=True, kw_only=True):
    id: Id
    name: str | None = None
    content_type: str | None = None
    size: int | None = None
    created_at: datetime | None = None
    sent_with_document: bool | None = None

    def attachment(self) -> Attachment:
        return Attachment(
            id=self.id,
            name=self.name,
            content_type=self.content_type,
            size=self.size,
            created_at=self.created_at,
            is_sent_along=self.sent_with_document,
        )


class Files(Wire, frozen=True, kw_only=True):
    items: tuple[File, ...]


FILES = msgspec.json.Decoder(Files)


def path_of(data_type: DataType, record_id: str, *rest: str) -> str:
    parts = "/".join(map(part_of_path, (record_id, *rest)))
    return f"/api/v1/{COLLECTIONS[data_type]}/{parts}"
