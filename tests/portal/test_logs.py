import logging

import pytest
from django.conf import settings

from portal.logs import WithoutTokens


@pytest.mark.parametrize("way", ["/link/", "/link/invite/", "/invitations/", "/new-address/"])
def test_a_link_url_is_never_written_whole(way):
    args = ("Not Found", f"{way}AyRL3TXTSjaAIXaYmESxz9bVeyJvUBqlogUG5nEyZ3o/files/")
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "%s: %s", args, None)

    assert WithoutTokens().filter(record)

    assert record.getMessage() == f"Not Found: {way}…/files/"
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["tokens"]
