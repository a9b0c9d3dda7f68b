"""No secret gets into what is told, wherever the words come from.

Checks say nothing secret by themselves. The messages of libraries and servers may: they quote
addresses with passwords, and values that were put where they do not belong.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from portal.doctor.findings import Finding

_SECRET = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|_KEYS?$|_KEY_", re.IGNORECASE)
_ADDRESS = re.compile(r"_URL$|_DSN$", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@]*:[^\s@]*@|(?<=://):?[^\s/@:]+@")
#: Shorter ones are words, too; they are told from these by what stands around them.
_LONG = 16
_SHORTEST = 4
_HIDDEN = "…"


class Redaction:
    """Takes the environment's secrets out of texts."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        secrets = {each for each in _secrets(environment) if len(each) >= _SHORTEST}
        self._patterns = [
            re.compile(
                re.escape(each) if len(each) >= _LONG else rf"(?<!\w){re.escape(each)}(?!\w)"
            )
            for each in sorted(secrets, key=len, reverse=True)
        ]

    def text(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(_HIDDEN, text)
        return _IN_ADDRESS.sub(f"{_HIDDEN}@", text)

    def finding(self, finding: Finding) -> Finding:
        answer = finding.answer
        return replace(
            finding,
            answer=replace(
                answer,
                found=self.text(answer.found),
                means=self.text(answer.means),
                remedy=self.text(answer.remedy),
            ),
        )


def _secrets(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        read = _content(value) if name.endswith("_FILE") else value
        meant = name.removesuffix("_FILE")
        if _SECRET.search(meant):
            yield from _parts(read)
        elif _ADDRESS.search(meant):
            yield from _credentials(read)


def _parts(value: str) -> Iterator[str]:
    """Yield it as a whole and, of a ring of keys, each key: whichever side it was put on."""
    yield value.strip()
    for item in value.split(","):
        yield item.strip()
        yield from (part for part in item.strip().split(":") if len(part) >= _LONG)


def _credentials(address: str) -> Iterator[str]:
    """Yield the password in an address, as it is written and as it is meant."""
    try:
        password = urlsplit(address).password
    except ValueError:
        password = None
    if password is None:
        _, separator, rest = address.partition("://")
        userinfo = rest.rpartition("@")[0] if separator else ""
        password = userinfo.partition(":")[2]
    if password:
        yield password
        yield unquote(password)
    for value in re.findall(r"password=([^&\s]+)", address):
        yield value
        yield unquote(value)


def _content(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, ValueError):
        return ""
