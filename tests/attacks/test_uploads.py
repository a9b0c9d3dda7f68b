"""Files that are not what they say, or more than they look."""

import io
import zipfile

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from files.models import UploadedFile
from tests.files import samples

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SCRIPT = b"<script>alert(1)</script>"
PRETENDERS = {
    "page.csv": b"<!doctype html><html>" + SCRIPT + b"</html>",
    "polyglot.pdf": samples.PDF + b"*/=alert(1);/*" + SCRIPT,
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "polyglot.png": samples.PNG + SCRIPT,
    "virus.csv": EICAR,
    "virus.pdf": EICAR,
    "page.html": b"<html></html>",
    "empty.csv": b"",
    "../../etc/passwd.csv": samples.CSV,
    "invoice\u202efdp.csv": samples.CSV,
    "a" * 300 + ".csv": samples.CSV,
    "x.pdf.exe": samples.PDF,
    ".htaccess": b"deny from all",
}


@pytest.mark.parametrize("name", PRETENDERS, ids=range(len(PRETENDERS)))
def test_what_pretends_is_refused_or_only_ever_saved(client, company, name):
    url = reverse("files:files", args=[company.organization.slug, company.pk])

    answer = client.post(url, {"file": [SimpleUploadedFile(name, PRETENDERS[name])]}, follow=True)

    assert answer.status_code in {200, 413, 422}
    for file in UploadedFile.objects.all():
        assert not set(file.name) & set('/\\\0\r\n\u202e"<>')
        assert len(file.name) <= 150
        where = reverse("files:download", args=[company.organization.slug, company.pk, file.pk])
        got = client.get(where)
        assert got["Content-Disposition"].startswith("attachment;")
        assert got["X-Content-Type-Options"] == "nosniff"
        assert got["Cache-Control"] == "no-store" or "private" in got["Cache-Control"]
        policy = got["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script" not in got["Content-Type"]
        assert "html" not in got["Content-Type"]
        assert "svg" not in got["Content-Type"]
    if name.endswith((".svg", ".html", ".exe", ".htaccess")) or name == "drawing.png":
        assert not UploadedFile.objects.exists()


def test_an_archive_that_unpacks_without_end_is_not_unpacked(client, company):
    """A workbook is told by the names of its parts; what is in them is never unpacked."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/workbook.xml", b"\0" * 200 * 2**20)
    bomb = packed.getvalue()
    assert len(bomb) < 2**20
    url = reverse("files:files", args=[company.organization.slug, company.pk])

    answer = client.post(url, {"file": [SimpleUploadedFile("bomb.xlsx", bomb)]}, follow=True)

    assert answer.status_code in {200, 422}
    for file in UploadedFile.objects.all():
        where = reverse("files:download", args=[company.organization.slug, company.pk, file.pk])
        assert len(_body(client.get(where))) == len(bomb)


def _body(response) -> bytes:
    async def collected() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(collected)()
