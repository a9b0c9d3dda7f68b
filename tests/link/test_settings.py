"""Settings → Link: who sees it, what it takes, and what it makes of the pages."""

import io
import re
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from companies.models import AuditEntry, Event
from connections import links
from link import colours, logos
from link.models import LinkSettings
from tests.link.test_link_pages import text

VALUES = {
    "display_name": "Harbour Capital",
    "primary_colour": "#1A56C9",
    "shows_landing": "on",
    "landing_title": "Share your books with us",
    "landing_body": "It takes a minute.",
    "consent_purpose": "To decide on your loan.",
    "consent_retention": "Seven years.",
    "terms_url": "https://harbour.example/terms",
    "shows_sandbox": "on",
    "redirect_url": "https://harbour.example/done?status={statusCode}",
}


def url(organization, name="settings") -> str:
    return reverse(f"link_portal:{name}", args=[organization.slug])


def is_anything_kept() -> bool:
    untouched = LinkSettings.objects.filter(display_name="", primary_colour="", logo=None)
    return LinkSettings.objects.exclude(pk__in=untouched).exists()


def picture(kind="PNG", size=(600, 100), **options) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "#1a56c9").save(written, kind, **options)
    return written.getvalue()


def upload(client, organization, content: bytes, name="logo.png"):
    return client.post(
        url(organization, "logo"), {"logo": SimpleUploadedFile(name, content)}, follow=True
    )


def test_settings_are_kept_and_remembered(client, organization, alice):
    response = client.post(url(organization), VALUES, follow=True)

    assert "The Link settings are saved" in text(response)
    saved = LinkSettings.objects.get()
    assert (saved.name, saved.primary_colour) == ("Harbour Capital", "#1a56c9")
    assert saved.consent == [
        ("Purpose", "To decide on your loan."),
        ("Retention", "Seven years."),
    ]
    assert not saved.warns_on_phones
    event = Event.objects.get()
    assert (event.type, event.actor) == ("settings.changed", alice)


def test_the_audit_log_tells_what_changed_and_no_invite_url(client, organization, alice):
    client.post(url(organization), VALUES)
    client.post(url(organization), VALUES | {"landing_title": "Other"})
    upload(client, organization, picture())
    client.post(url(organization, "change-invite"), {"change": "renew"})

    first, second, logo, invite = AuditEntry.objects.order_by("at", "id")
    assert first.after
    assert logo.after
    assert first.after["primary_colour"] == "#1a56c9"
    assert (second.before, second.after) == (
        {"landing_title": "Share your books with us"},
        {"landing_title": "Other"},
    )
    assert logo.after["logo_digest"] == LinkSettings.objects.get().logo_digest
    assert invite.after == {"invite_url": "changed"}
    assert {entry.actor for entry in (first, second, logo, invite)} == {alice}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"primary_colour": "blue"}, "Write six digits"),
        ({"primary_colour": "#12345g"}, "Write six digits"),
        ({"primary_colour": "#fff}*{"}, "Write six digits"),
        ({"terms_url": "javascript:alert(1)"}, "begins with https://"),
        ({"terms_url": "https://[x"}, "begins with https://"),
        ({"landing_body": "x" * 1001}, "at most 1000"),
        ({"redirect_url": "http://harbour.example"}, "begins with https://"),
        ({"redirect_url": "https://{host}.example/"}, "after the host name"),
        ({"redirect_url": "https://harbour.example/{status"}, "not closed"),
        ({"redirect_url": "https://harbour.example@{x}/"}, "after the host name"),
        ({"redirect_url": "https://me:secret@harbour.example/"}, "user name or password"),
        ({"redirect_url": "https://harbour.example\\@evil.example/"}, "backslashes"),
        ({"redirect_url": "//evil.example"}, "begins with https://"),
        ({"display_name": "a\x00b"}, "Null characters"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_is_kept(client, organization, wrong, said):
    response = client.post(url(organization), VALUES | wrong)

    assert response.status_code == 422
    assert said in text(response)
    assert not is_anything_kept()


def test_on_ones_own_machine_a_redirect_may_do_without_encryption(client, organization, settings):
    local = VALUES | {"redirect_url": "http://localhost:3000/{statusCode}"}
    assert client.post(url(organization), local).status_code == 302

    settings.DEVELOPMENT = False
    assert client.post(url(organization), local).status_code == 422


def test_a_colour_that_white_cannot_be_read_on_gets_black_text(client, organization):
    response = client.post(url(organization), VALUES | {"primary_colour": "#ffd400"}, follow=True)

    assert "The text on your buttons is black" in text(response)
    assert re.search(r"white text on this colour would have 1\.\d to 1", text(response).lower())
    sheet = client.get("/link/brand/ffd400.css")
    assert b"background:#ffd400;color:#000000" in sheet.content
    assert sheet.headers["Content-Type"] == "text/css"
    assert sheet.headers["X-Content-Type-Options"] == "nosniff"


@given(st.integers(0, 0xFFFFFF))
def test_text_can_be_read_on_every_colour(number):
    assert colours.contrast_on(f"#{number:06x}").ratio >= 4.5


@pytest.mark.parametrize("colour", ["blue", "fff", "1a56c9;}", "1A56C9%0A"])
def test_a_stylesheet_of_no_colour_is_not_there(client, db, colour):
    assert client.get(f"/link/brand/{colour}.css").status_code == 404


def test_the_preview_shows_what_is_typed_and_keeps_nothing(client, organization):
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}

    shown = client.post(url(organization, "preview"), VALUES, headers=partial)
    whole = client.post(url(organization, "preview"), VALUES)

    for page in (shown, whole):
        assert page.status_code == 200
        assert "Share your books with us" in text(page)
        assert "/link/brand/1a56c9.css" in page.content.decode()
    assert "<html" not in shown.content.decode()
    assert not is_anything_kept()


def test_a_preview_with_a_mistake_in_it_is_no_error(client, organization):
    response = client.post(url(organization, "preview"), VALUES | {"primary_colour": "red"})

    assert response.status_code == 422
    assert "Share your books with us" in text(response)


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_a_logo_is_encoded_anew_and_served_as_nothing_but_a_picture(
    client, organization, customer, kind, media_type
):
    options = {"comment": b"<script>canary"} if kind == "JPEG" else {"pnginfo": _with_text()}

    response = upload(client, organization, picture(kind, (1200, 200), **options) + b"canary")

    assert "The logo is saved" in text(response)
    saved = LinkSettings.objects.get()
    served = customer.get(
        reverse("link:logo", kwargs={"settings_id": saved.pk, "digest": saved.logo_digest})
    )
    assert served.status_code == 200
    assert served.headers["Content-Type"] == media_type
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in served.headers["Content-Security-Policy"]
    assert b"canary" not in served.content
    assert Image.open(io.BytesIO(served.content)).size == (480, 80)


def _with_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "<script>canary")
    return info


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "no PNG or JPEG"),
        (b"\x89PNG\r\n\x1a\n", "no PNG or JPEG"),
        (picture()[:-40], "no PNG or JPEG"),
        (picture("GIF"), "no PNG or JPEG"),
        (b"x" * (logos.MOST_BYTES + 1), "larger than 1 MB"),
        (picture("PNG", (5000, 5000)), "16 million pixels"),
        (b"", "empty"),
    ],
)
def test_what_is_no_logo_is_refused(client, organization, content, said):
    response = upload(client, organization, content)

    assert response.status_code == 422
    assert said in text(response)
    assert not is_anything_kept()


def test_a_logo_can_be_taken_off(client, organization):
    upload(client, organization, picture())
    saved = LinkSettings.objects.get()
    address = reverse("link:logo", kwargs={"settings_id": saved.pk, "digest": saved.logo_digest})

    client.post(url(organization, "logo"), {"remove": "1"})

    assert client.get(address).status_code == 404


def test_customers_see_the_branding(client, customer, organization, company, platform):
    client.post(url(organization), VALUES)
    upload(client, organization, picture())

    page = customer.get(urlsplit(links.link_url(company)).path)

    assert "Share your books with us" in text(page)
    assert 'alt="Harbour Capital"' in page.content.decode()
    assert "/link/brand/1a56c9.css" in page.content.decode()
