import logging

from django.conf import settings

from portal.logs import WithoutTokens


def test_a_link_url_is_never_written_whole():
    args = ("Not Found", "/link/AyRL3TXTSjaAIXaYmESxz9bVeyJvUBqlogUG5nEyZ3o/files/")
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "%s: %s", args, None)

    assert WithoutTokens().filter(record)

    assert record.getMessage() == "Not Found: /link/…/files/"
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["tokens"]
