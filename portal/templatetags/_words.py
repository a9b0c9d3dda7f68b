"""Moments, lengths of time, counts and amounts as people read them, in their own language.

static/portal.js keeps `relative` right on an open page, with the words of `_script.py`.
"""

import copy
import datetime as dt
import functools
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from babel.numbers import NumberPattern, format_compact_currency, get_currency_precision
from django.conf import settings
from django.utils import formats, timezone, translation
from django.utils.translation import gettext, ngettext, pgettext

NOTHING = "—"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MONTH = 30 * _DAY
type Unit = Literal["minute", "hour", "day"]
#: The most of each that a moment is away before the next one is told.
MOST: dict[Unit, int] = {"minute": 59, "hour": 23, "day": 29}
#: Languages that write nouns with a capital wherever they stand.
_CAPITAL_NOUNS = {"de", "lb"}


def locale() -> Locale:
    """Give the rules of the reader's language for numbers, amounts and lists."""
    return _locale_of(translation.get_language() or settings.LANGUAGE_CODE)


@functools.cache
def _locale_of(language: str) -> Locale:
    try:
        return Locale.parse(translation.to_locale(language))
    except UnknownLocaleError:  # a language that only we know
        return Locale.parse(translation.to_locale(settings.LANGUAGE_CODE))


def relative(moment: dt.datetime, now: dt.datetime) -> str:
    """Say how far away a moment is; beyond 30 days give its date."""
    seconds = int((now - moment).total_seconds())
    distance = abs(seconds)
    if distance < _MINUTE:
        return just_now() if seconds >= 0 else any_moment()
    if distance >= _MONTH:
        return day(timezone.localtime(moment))
    say = ago if seconds > 0 else ahead
    if distance < _HOUR:
        return say("minute", distance // _MINUTE)
    if distance < _DAY:
        return say("hour", distance // _HOUR)
    return say("day", distance // _DAY)


def just_now() -> str:
    return gettext("just now")


def any_moment() -> str:
    return gettext("any moment")


def ago(unit: Unit, number: int, shown: object = None) -> str:
    """Say that something was some minutes, hours or days ago; `shown` stands for the number."""
    match unit:
        case "minute":
            words = ngettext("%(number)s min ago", "%(number)s min ago", number)
        case "hour":
            words = ngettext("%(number)s h ago", "%(number)s h ago", number)
        case "day":
            words = ngettext("%(number)s day ago", "%(number)s days ago", number)
    return words % {"number": number if shown is None else shown}


def ahead(unit: Unit, number: int, shown: object = None) -> str:
    """Say that something is some minutes, hours or days off; `shown` stands for the number."""
    match unit:
        case "minute":
            words = ngettext("in %(number)s min", "in %(number)s min", number)
        case "hour":
            words = ngettext("in %(number)s h", "in %(number)s h", number)
        case "day":
            words = ngettext("in %(number)s day", "in %(number)s days", number)
    return words % {"number": number if shown is None else shown}


def day(moment: dt.date) -> str:
    return formats.date_format(moment, "DATE_FORMAT")


def minute(moment: dt.datetime) -> str:
    return _day_and_time(moment, f"{moment:%H:%M}")


def second_with_zone(moment: dt.datetime) -> str:
    return _day_and_time(moment, f"{moment:%H:%M:%S %Z}")


def _day_and_time(moment: dt.datetime, time: str) -> str:
    return pgettext("moment", "%(day)s, %(time)s") % {"day": day(moment), "time": time}


def length_of_time(length: dt.timedelta) -> str:
    """Give a length with the two largest units that matter."""
    seconds = length.total_seconds()
    if seconds < _MINUTE - 0.05:  # what would round to 60.0 s is a minute
        return gettext("%(seconds)s s") % {"seconds": number(Decimal(f"{seconds:.1f}"), 1)}
    whole = round(seconds)
    if whole < _HOUR:
        parts = {"minutes": whole // _MINUTE, "seconds": whole % _MINUTE}
        return gettext("%(minutes)s min %(seconds)s s") % parts
    parts = {"hours": whole // _HOUR, "minutes": whole % _HOUR // _MINUTE}
    return gettext("%(hours)s h %(minutes)s min") % parts


def number(value: Decimal | int, places: int = 0) -> str:
    """Write a number with so many places and its thousands apart."""
    written: str = _pattern(locale(), "number", places).apply(value, locale())
    return written.replace("-", "−")


def share(part: Decimal | float, places: int = 0) -> str:
    """Write a part of one as percent."""
    written: str = _pattern(locale(), "share", places).apply(part, locale())
    return written


@functools.cache
def _pattern(
    rules: Locale, kind: Literal["number", "share", "amount"], places: int
) -> NumberPattern:
    """Give a language's pattern with the places asked for; Babel's own has those of its locale."""
    pattern: NumberPattern = {
        "number": rules.decimal_formats[None],
        "share": rules.percent_formats[None],
        "amount": rules.currency_formats["standard"],
    }[kind]
    pattern = copy.copy(pattern)
    pattern.frac_prec = (places, places)
    return pattern


def amount_of_money(amount: Decimal, currency: str, *, exact: bool) -> str:
    """Write an amount with its currency, whole or to the currency's own smallest unit."""
    digits = get_currency_precision(currency) if exact else 0
    pattern, rules = _pattern(locale(), "amount", digits), locale()
    written = pattern.apply(amount, rules, currency=currency, currency_digits=False)
    if amount < 0 and not any(digit in written for digit in "123456789"):
        # -0.40 rounds to zero, which has no sign
        written = pattern.apply(Decimal(0), rules, currency=currency, currency_digits=False)
    # A code stands off its number, a symbol does not: CHF 12, £12.
    return re.sub(r"([A-Z])(?=\d)", "\\1\xa0", written.replace("-", "−"))


def short_amount_of_money(amount: Decimal, currency: str) -> str:
    """Write an amount for an axis: £600K, £1.2M."""
    return format_compact_currency(amount, currency, locale=locale(), fraction_digits=1).replace(
        "-", "−"
    )


def apart(joined: str) -> str:
    """Take joined words apart and write them as a sentence begins."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", joined).capitalize()


def listed(words: Iterable[str]) -> str:
    """Write a list as a sentence has it: one, two and three."""
    return format_list([str(each) for each in words], locale=locale())


def inside_sentence(words: str) -> str:
    """Write a label as it stands inside a sentence, where most languages have small letters."""
    return words if locale().language in _CAPITAL_NOUNS else words.lower()


#: What stands in a browser's description of itself, the particular before the general.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Mac OS X": "Mac",
    "Windows": "Windows",
    "Linux": "Linux",
}


def browser(user_agent: str) -> str:
    """Name the browser and what it runs on."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent or gettext("Unknown browser")
