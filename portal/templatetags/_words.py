"""Moments, lengths of time, counts and amounts as people read them.

static/portal.js repeats `relative` to keep an open page right: change both together.
"""

import datetime as dt
import re
from decimal import Decimal

from babel.numbers import format_compact_currency, format_currency, get_currency_precision
from django.utils import timezone

LOCALE = "en_GB"
NOTHING = "—"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MONTH = 30 * _DAY


def relative(moment: dt.datetime, now: dt.datetime) -> str:
    """Say how far away a moment is; beyond 30 days give its date."""
    seconds = int((now - moment).total_seconds())
    distance = abs(seconds)
    if distance < _MINUTE:
        return "just now" if seconds >= 0 else "any moment"
    if distance >= _MONTH:
        return day(timezone.localtime(moment))
    if distance < _HOUR:
        words = f"{distance // _MINUTE} min"
    elif distance < _DAY:
        words = f"{distance // _HOUR} h"
    else:
        days = distance // _DAY
        words = f"{days} day" if days == 1 else f"{days} days"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def day(moment: dt.date) -> str:
    return f"{moment.day} {moment:%b %Y}"


def minute(moment: dt.datetime) -> str:
    return f"{day(moment)}, {moment:%H:%M}"


def second_with_zone(moment: dt.datetime) -> str:
    return f"{day(moment)}, {moment:%H:%M:%S %Z}"


def length_of_time(length: dt.timedelta) -> str:
    """Give a length with the two largest units that matter."""
    seconds = length.total_seconds()
    if seconds < _MINUTE - 0.05:  # what would round to 60.0 s is a minute
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def amount_of_money(amount: Decimal, currency: str, *, exact: bool) -> str:
    """Write an amount with its currency, whole or to the currency's own smallest unit."""
    digits = get_currency_precision(currency) if exact else 0
    pattern = "¤#,##0" + ("." + "0" * digits if digits else "")
    written = format_currency(amount, currency, pattern, locale=LOCALE, currency_digits=False)
    if amount < 0 and not any(digit in written for digit in "123456789"):
        written = written.lstrip("-")  # -0.40 rounds to zero, which has no sign
    # A code stands off its number, a symbol does not: CHF 12, £12.
    return re.sub(r"([A-Z])(?=\d)", "\\1\xa0", written.replace("-", "−"))


def short_amount_of_money(amount: Decimal, currency: str) -> str:
    """Write an amount for an axis: £600K, £1.2M."""
    return format_compact_currency(amount, currency, locale=LOCALE, fraction_digits=1).replace(
        "-", "−"
    )


def apart(joined: str) -> str:
    """Take joined words apart and write them as a sentence begins."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", joined).capitalize()


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
    return " on ".join(filter(None, [browser, system])) or user_agent or "Unknown browser"
