"""A language that puts every marked text in brackets, so that none gets anywhere unseen."""

import pytest
from django.utils import translation
from django.utils.translation import trans_real

#: Django knows it, so that a browser may ask for it; what it says is ours.
LANGUAGE = "eo"


class _Catalogue:
    """Has every text there is."""

    def gettext(self, message: str) -> str:
        return f"⟦{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}⟧"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number == 1 else plural)

    def to_language(self) -> str:
        return LANGUAGE


@pytest.fixture
def brackets(settings, monkeypatch):
    """Let browsers ask for the language; Django leaves what they asked for in the thread."""
    settings.LANGUAGES = [(settings.LANGUAGE_CODE, "English"), (LANGUAGE, "Brackets")]
    catalogues = trans_real._translations  # type: ignore[attr-defined]  # not public
    monkeypatch.setitem(catalogues, LANGUAGE, _Catalogue())
    with translation.override(settings.LANGUAGE_CODE):
        yield
