"""What a production process answers with: headers, cookies, and nothing over plain HTTP."""

import json

import pytest

from tests.portal.test_production import start

ASK = """
import json
from django.conf import settings
from django.test import Client
host = "ledgerport.example"
ask = Client(headers={"Host": host}).get
told = {path: dict(answer.headers) | {"status": answer.status_code} for path, answer in {
    "secure": ask("/live", secure=True),
    "plain": ask("/account/"),
    "plain api": ask("/api/companies", headers={"Authorization": "Bearer x", "Host": host}),
}.items()}
told["cookies"] = {name: getattr(settings, name) for name in dir(settings)
                   if name.startswith(("SESSION_COOKIE", "CSRF_COOKIE"))}
told["debug"] = settings.DEBUG
print("TOLD" + json.dumps(told, default=str))
"""


@pytest.fixture(scope="module")
def told():
    started = start(then=f"exec({ASK!r})")
    assert started.returncode == 0, started.stderr
    line = next(line for line in started.stdout.splitlines() if line.startswith("TOLD"))
    return json.loads(line.removeprefix("TOLD"))


def test_headers_tell_the_browser_to_be_strict(told):
    headers = told["secure"]

    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "script-src 'self'", "base-uri 'none'",
                 "frame-ancestors 'none'", "form-action 'self'"):  # fmt: skip
        assert part in policy
    assert "unsafe" not in policy
    assert "Access-Control-Allow-Origin" not in headers
    assert "Server" not in headers


def test_pages_lead_to_https_and_the_api_refuses(told):
    assert told["plain"]["status"] == 301
    assert told["plain"]["Location"] == "https://ledgerport.example/account/"
    assert told["plain api"]["status"] == 403
    assert "Location" not in told["plain api"]


def test_cookies_belong_to_this_host_and_to_no_script(told):
    cookies = told["cookies"]

    assert cookies["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert cookies["CSRF_COOKIE_NAME"] == "__Host-csrftoken"
    for kind in ("SESSION", "CSRF"):
        assert cookies[f"{kind}_COOKIE_SECURE"] is True
        assert cookies[f"{kind}_COOKIE_HTTPONLY"] is True
        assert cookies[f"{kind}_COOKIE_SAMESITE"] in {"Lax", "Strict"}
        assert cookies[f"{kind}_COOKIE_DOMAIN"] is None
        assert cookies[f"{kind}_COOKIE_PATH"] == "/"
    assert cookies["SESSION_COOKIE_AGE"] <= 12 * 60 * 60


def test_errors_show_nothing_of_our_insides(told):
    assert told["debug"] is False
