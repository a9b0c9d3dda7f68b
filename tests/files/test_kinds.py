"""A file is what its content says, and its name must say the same."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files import names
from files.kinds import EXTENSIONS, Unacceptable, kind_of
from tests.files import samples

TAKEN = {
    "pdf": (samples.PDF, "application/pdf"),
    "png": (samples.PNG, "image/png"),
    "jpg": (samples.JPEG, "image/jpeg"),
    "jpeg": (samples.JPEG, "image/jpeg"),
    "csv": (samples.CSV, "text/csv"),
    "doc": (samples.DOC, "application/msword"),
    "xls": (samples.XLS, "application/vnd.ms-excel"),
    "ppt": (samples.PPT, "application/vnd.ms-powerpoint"),
    "docx": (
        samples.DOCX,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "xlsx": (samples.XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "xlsb": (samples.XLSB, "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
    "pptx": (
        samples.PPTX,
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
}


def test_every_type_that_is_taken_is_tried_here():
    assert set(TAKEN) == EXTENSIONS


@pytest.mark.parametrize("extension", TAKEN)
def test_a_file_is_recognised_by_its_content(extension):
    content, content_type = TAKEN[extension]

    assert kind_of(io.BytesIO(content), extension=extension).content_type == content_type


@pytest.mark.parametrize("claimed", TAKEN)
@pytest.mark.parametrize("real", TAKEN)
def test_a_file_under_another_types_name_is_refused(claimed, real):
    content, content_type = TAKEN[real]
    if content_type == TAKEN[claimed][1]:
        return

    with pytest.raises(Unacceptable, match=f"not {claimed.upper()}"):
        kind_of(io.BytesIO(content), extension=claimed)


@pytest.mark.parametrize("claimed", TAKEN)
@pytest.mark.parametrize(
    "content",
    [
        samples.PROGRAM,
        b"PK\x03\x04 cut off",
        samples.office("mimetype"),
        samples.ole("VisioDocument"),
        b"a,b\0c\n",
        b"\x7fELF\x01\x01\x01\0",
    ],
)
def test_nothing_else_is_taken_whatever_it_is_called(claimed, content):
    with pytest.raises(Unacceptable):
        kind_of(io.BytesIO(content), extension=claimed)


@pytest.mark.parametrize("extension", ["", "exe", "html", "svg", "zip", "docm", "pdf.exe"])
def test_types_that_are_not_on_the_list_are_refused_by_name(extension):
    with pytest.raises(Unacceptable):
        kind_of(io.BytesIO(samples.PDF), extension=extension)


@pytest.mark.parametrize(
    ("content", "extension", "words"),
    [
        (samples.ole("EncryptionInfo", "EncryptedPackage"), "xlsx", "password"),
        (samples.office("xl/workbook.xml", "xl/vbaProject.bin"), "xlsx", "macros"),
        (samples.office("word/document.xml", "word/VbaProject.bin"), "docx", "macros"),
    ],
)
def test_what_can_be_mended_is_said(content, extension, words):
    with pytest.raises(Unacceptable, match=words):
        kind_of(io.BytesIO(content), extension=extension)


def test_an_export_in_the_windows_code_page_is_text():
    content = "Datum;Betrag\n2026-10-02;12,50 €\n".encode("cp1252")

    assert kind_of(io.BytesIO(content), extension="csv").content_type == "text/csv"


@given(st.sampled_from([b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b""]), st.binary())
def test_no_content_breaks_the_check(head, rest):
    for extension in ("xlsx", "xls", "csv"):
        try:
            kind_of(io.BytesIO(head + rest + samples.XLSX[-60:]), extension=extension)
        except Unacceptable:
            continue


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("accounts 2025.pdf", "accounts 2025.pdf"),
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\me\\Bücher.xlsx", "Bücher.xlsx"),
        ("/abs/olute.PDF", "olute.PDF"),
        ("bill\r\nSet-Cookie: x.pdf", "bill Set-Cookie_ x.pdf"),
        ('a"b<c>.pdf', "a_b_c_.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("...", "file"),
        (".pdf", "file.pdf"),
        ("", "file"),
        ("no ending", "no ending"),
        ("x" * 400 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_a_name_keeps_its_sense_and_loses_what_harms(given_name, name):
    assert names.clean(given_name) == name


@given(st.text())
def test_no_name_leads_elsewhere(text):
    name = names.clean(text)

    assert 0 < len(name) <= names.LONGEST
    assert name not in {".", ".."}
    assert not set(name) & set("/\\\0\r\n")


def test_names_that_come_again_are_numbered():
    taken = ["a.pdf", "A.pdf", "a (2).pdf", "b", "b"]

    assert list(names.unique(taken)) == ["a.pdf", "A (2).pdf", "a (2) (2).pdf", "b", "b (2)"]
