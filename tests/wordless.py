"""A language without letters, and a reader of its pages: what has letters was not translated."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

from django.conf import settings
from django.test import override_settings
from django.utils.translation import trans_real

#: A language that writes 1,5 for 1.5: Django and Babel know its numbers and dates.
LANGUAGE = "de"

_CONTEXT_SEPARATOR = "\x04"
_LETTER = re.compile(r"[^\W\d_]")
#: What a translator leaves alone: placeholders, tags and entities.
_KEPT = re.compile(r"(%(?:\(\w+\))?[\d.]*[sdfr%]|\{\w*\}|<[^>]*>|&#?\w+;)")


class Wordless:
    """A catalogue that has every message, with a dot for each letter."""

    def gettext(self, message: str) -> str:
        parts = _KEPT.split(message.rpartition(_CONTEXT_SEPARATOR)[2])
        parts[::2] = [_LETTER.sub("·", part) for part in parts[::2]]
        return "".join(parts)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number == 1 else plural)

    def language(self) -> str:
        return LANGUAGE

    to_language = language


@contextmanager
def spoken() -> Iterator[None]:
    """Answer browsers that ask for `LANGUAGE` without a word."""
    languages = [(settings.LANGUAGE_CODE, "English"), (LANGUAGE, "Wordless")]
    with override_settings(LANGUAGES=languages):  # which forgets catalogues before and after
        vars(trans_real)["_translations"][LANGUAGE] = Wordless()
        yield


#: What is read out, shown on pointing, or written before something is entered.
_SHOWN = {"title", "aria-label", "aria-description", "placeholder", "alt", "label", "data-h"}
#: Where a number is meant for programs, which know the decimal point only.
_MACHINE_READ = {
    *("style", "d", "points", "viewbox", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy"),
    *("r", "rx", "ry", "width", "height", "min", "max", "low", "high", "optimum", "step"),
    *("colspan", "rowspan", "tabindex", "href", "action"),
}
_HAS_VALUE = {"data", "meter", "progress"}
#: Programs read these: code, keys on a keyboard, the JSON of a record.
_NOT_PROSE = {"script", "style", "code", "pre", "kbd"}
#: Letters that are pictures: of a platform, a person, an organization, a kind of file.
_MONOGRAM = re.compile(r"\b(tile|avatar|org-mark)\b")
#: A picture of squares, as those of a QR code, sets its whole numbers apart by commas.
_SQUARES = re.compile(r"(M\d+,\d+H\d+V\d+H\d+z)+")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"}


class Reader(HTMLParser):
    """Reads a page and keeps each text that has letters, and each machine's number with a comma.

    `data` are names, the same in every language. What is meant to be in another language says so
    with `lang`, and is not read.
    """

    def __init__(self, data: re.Pattern[str]) -> None:
        super().__init__()
        self.problems: list[str] = []
        self._data = data
        #: The elements around what is read, and how many of them say that it is not for us.
        self._open: list[tuple[str, bool]] = []
        self._foreign = 0

    def read(self, page: str) -> list[str]:
        self.feed(page)
        self.close()
        return self.problems

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_foreign = (
            tag in _NOT_PROSE
            or (tag != "html" and "lang" in given)
            or bool(_MONOGRAM.search(given.get("class", "")))
        )
        if tag not in _VOID:
            self._open.append((tag, is_foreign))
            self._foreign += is_foreign
        if tag in _NOT_PROSE or not self._foreign:
            for name, value in given.items():
                self._check_attribute(tag, name, value, given)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            opened, is_foreign = self._open.pop()
            self._foreign -= is_foreign
            if opened == tag:
                break

    def handle_data(self, data: str) -> None:
        if not self._foreign:
            self._check(data, self._open[-1][0] if self._open else "text")

    def _check_attribute(self, tag: str, name: str, value: str, given: dict[str, str]) -> None:
        if name == "data-words" and value.startswith("{"):
            self._check(" ".join(_leaves(json.loads(value))), "said by the script")
        elif name in _SHOWN or (name.startswith("data-") and " " in value):
            self._check(value, f"{tag} {name}")
        is_value = name == "value" and (
            tag in _HAS_VALUE or given.get("type") in {"number", "range"}
        )
        has_comma = re.search(r"\d,\d", value) if is_value or name in _MACHINE_READ else None
        if _SQUARES.fullmatch(value):
            return
        if has_comma or (name.startswith("data-") and re.fullmatch(r"-?\d+,\d+", value)):
            self.problems.append(f"{tag} {name}: {value!r} is read by programs")

    def _check(self, text: str, where: str) -> None:
        if _LETTER.search(text) and _LETTER.search(self._data.sub(" ", text)):
            self.problems.append(f"{where}: {' '.join(text.split())}")


def _leaves(words: object) -> Iterator[str]:
    if isinstance(words, dict):
        for each in words.values():
            yield from _leaves(each)
    else:
        yield str(words)
