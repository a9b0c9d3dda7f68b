"""Files at records: what was attached to them, and an invoice as it is printed.

Small and real. They follow from the record alone, so they are the same in any process.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence

import msgspec

from sandbox.ledger import moments
from sandbox.ledger.money import text
from sandbox.ledger.records import Document
from sandbox.views.extras import share

type Body = dict[str, object]

#: Whose records may have files attached to them.
ATTACHED_TO = ("bills", "customers", "invoices", "suppliers")
_MOST = 3
#: Names as people give them: with spaces, in other scripts, and looking like something else.
_NAMES = ("Receipt", "Lieferschein №5 – Größe", 'Photo "front", 1', "合同 <draft>")


class File(msgspec.Struct, frozen=True):
    id: str
    name: str
    content_type: str
    created: int
    is_sent: bool
    content: bytes

    def shown(self) -> Body:
        return {
            "id": self.id,
            "name": self.name,
            "content_type": self.content_type,
            "size": len(self.content),
            "created_at": moments.text(self.created),
            "sent_with_document": self.is_sent,
        }


def attached(key: str, created: int) -> list[File]:
    """Return the files of a record; about every third has none."""
    return list(_attached(key, created))


def _attached(key: str, created: int) -> Iterator[File]:
    for number in range(share(f"{key}.files", _MOST)):
        part = f"{key}.{number}"
        name = _NAMES[share(f"{part}.name", len(_NAMES))]
        is_picture = share(f"{part}.kind", 2) == 0
        yield File(
            id=f"att_{key}_{number}",
            name=f"{name}.{'png' if is_picture else 'pdf'}",
            content_type="image/png" if is_picture else "application/pdf",
            created=created,
            is_sent=number == 0,
            content=_png(share(part, 2**24)) if is_picture else pdf([name, f"For {key}"]),
        )


def printed(invoice: Document, seller: str) -> bytes:
    """Print an invoice on one page."""
    return pdf(
        [
            seller,
            f"Invoice {invoice.number or invoice.id}",
            f"To {invoice.contact.name}",
            f"Date {moments.date_text(invoice.date)}, due {moments.date_text(invoice.due_date)}",
            *(f"{line.description}: {text(line.net + line.tax)}" for line in invoice.lines[:40]),
            f"Total {invoice.currency} {text(invoice.total)}",
        ]
    )


def pdf(lines: Sequence[str]) -> bytes:
    """Write a page of text: PDF 1.4, with the one font that every reader has."""
    shown = b"".join(b"(%b) Tj T*\n" % _escaped(line) for line in lines)
    stream = b"BT /F1 11 Tf 14 TL 50 790 Td\n%bET" % shown
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    fonts = b"<< /Font << /F1 5 0 R >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox %b /Contents 4 0 R /Resources %b >>"
        % (b"[0 0 595 842]", fonts),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        font,
    )
    written, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return written + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table, len(objects) + 1, len(written))
    )


def _escaped(line: str) -> bytes:
    encoded = line.encode("cp1252", errors="replace")
    for letter in (b"\\", b"(", b")"):
        encoded = encoded.replace(letter, b"\\" + letter)
    return encoded


def _png(color: int) -> bytes:
    """Draw a rectangle of one color."""
    width, height = 24, 16
    row = b"\0" + color.to_bytes(3) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )
