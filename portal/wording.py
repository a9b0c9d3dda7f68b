"""Texts that outlive a request are kept in the source's language; and lists, in the reader's.

Pages translate what they show. What is kept beside it (an audit entry, an event, a reason) is read
by others later, and by programs: it must not depend on the browser whose request wrote it.
"""

from collections.abc import Sequence

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext


def source_text(text: object) -> str:
    """Return a text that may be translated, such as a choice's label, as the source has it."""
    with translation.override(settings.LANGUAGE_CODE):
        return str(text)


def either(words: Sequence[str]) -> str:
    """Join alternatives as a sentence does: a, b or c."""
    *others, last = words
    if not others:
        return last
    return gettext("%(others)s or %(last)s") % {"others": ", ".join(others), "last": last}
