"""What `connections.words` marks, in the language of whoever reads."""

from django.utils.translation import gettext

from connections.words import Told


def in_words(error: Told) -> str:
    """Say what went wrong; what is kept of it is `error.message`."""
    template = gettext(error.template)
    return template if error.values is None else template % error.values
