"""Words for people from code that knows nothing of Django: English here, translated when shown.

What is kept is kept in English. Whoever shows a text translates it (`connections.wording`); the
names of data types stand on so many pages that they translate themselves, by what the app hands in.
"""

from collections.abc import Callable, Mapping

_translators: list[Callable[[str], str]] = [str]


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues, which find it by this function's name."""
    return text


def translate_with(translator: Callable[[str], str]) -> None:
    """Have `translated` ask this from now on."""
    _translators[:] = [translator]


def translated(text: str) -> str:
    """Return a marked text in the language of whoever reads it."""
    return _translators[0](text)


class Told(Exception):
    """An error that people are told: `message` in English, `template` and `values` to translate.

    `detail` is for us, never shown.
    """

    def __init__(
        self, template: str, values: Mapping[str, object] | None = None, *, detail: str = ""
    ) -> None:
        self.template = template
        self.values = values
        self.message = template if values is None else template % values
        self.detail = detail
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message
