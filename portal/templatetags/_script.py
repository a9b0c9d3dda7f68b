"""What static/portal.js says, in the reader's language: base.html hands it over."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from portal.templatetags import _words


def words() -> dict[str, object]:
    return {
        "dismiss": _("Dismiss"),
        "copied": _("Copied"),
        "copiedToast": _("Copied to the clipboard"),
        "notCopied": _("Could not copy. The text is selected: press Ctrl+C."),
        "live": _("Live"),
        "reconnecting": _("Reconnecting…"),
        "paused": _("Paused"),
        "403": _("Your role does not allow this. An administrator can give you another one."),
        "404": _("This is no longer here. Reload the page."),
        "429": _("Too many requests. Wait a moment and try again."),
        "ours": _("Something went wrong on our side. Try again in a moment."),
        "unreachable": _("Ledgerport cannot be reached. Check your connection."),
        "now": _words.just_now(),
        "soon": _words.any_moment(),
        "ago": _forms(_words.ago),
        "ahead": _forms(_words.ahead),
    }


def _forms(say: Callable[[_words.Unit, int, object], str]) -> dict[str, dict[str, str]]:
    """Say each unit once for every plural form it can have, with `#` for the number.

    Browsers know by themselves which form a number has: Intl.PluralRules.
    """
    form_of = _words.locale().plural_form
    return {
        unit: {form_of(number): say(unit, number, "#") for number in range(1, most + 1)}
        for unit, most in _words.MOST.items()
    }
