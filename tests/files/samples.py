"""The least that each type of file must have in it to be one."""

import io
import struct
import zipfile

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0"
CSV = b"date,description,amount\n2026-10-02,Caf\xc3\xa9,12.50\n"
PROGRAM = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(200)


def office(*entries: str) -> bytes:
    """An archive as Office writes them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for entry in ("[Content_Types].xml", *entries):
            archive.writestr(entry, "<x/>")
    return packed.getvalue()


def ole(*streams: str) -> bytes:
    """A compound file as Office 97 writes them: its directory stands after a sector of others."""
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HB", 2 * len(name) + 2, 2)
        + bytes(61)
        for name in ("Root Entry", "\x05SummaryInformation", *streams)
    )
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504 + 512) + directory


DOCX = office("word/document.xml")
XLSX = office("xl/workbook.xml")
XLSB = office("xl/workbook.bin", "xl/vbaProject.bin")
PPTX = office("ppt/presentation.xml")
DOC, XLS, PPT = ole("1Table", "WordDocument"), ole("Workbook"), ole("PowerPoint Document")
