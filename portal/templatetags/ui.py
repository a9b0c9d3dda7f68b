"""The tags and filters pages are built with. A builtin of every template: nothing to load."""

import datetime as dt
import functools
import json
import re
import zlib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from portal.templatetags import _script, _words
from portal.templatetags._choices import CHOICES
from portal.templatetags._statuses import RECORD_MARKS, Mark, mark_of

register = template.Library()

_ICONS = Path(settings.BASE_DIR) / "static" / "vendor" / "lucide"
_TILE_HUES = 8


@functools.cache
def _drawing(name: str) -> SafeString:
    """Read the inside of a vendored icon: our own file, never anybody's data."""
    path = _ICONS / f"{name}.svg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not path.is_file():
        raise template.TemplateSyntaxError(f"no icon {name!r} in {_ICONS}")
    inside = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", path.read_text(), flags=re.DOTALL)
    return mark_safe(re.sub(r">\s+<", "><", inside.strip()))  # noqa: S308


@register.simple_tag
def icon(name: str, size: int = 16, label: str = "") -> SafeString:
    """Inline an icon; hidden from screen readers unless it has a label."""
    named = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="icon" width="{}" height="{}" viewBox="0 0 24 24" fill="none"'
        ' stroke="currentColor" stroke-width="1.75" stroke-linecap="round"'
        ' stroke-linejoin="round" {}>{}</svg>',
        int(size),
        int(size),
        named if label else SafeString(named),
        _drawing(name),
    )


@register.simple_tag
def when(moment: dt.date | None, style: str = "relative", empty: str = "") -> SafeString:
    """Write a moment, `relative`, to `minute` or `second`, or its `date`; in full when pointed at.

    Relative moments are kept right by static/portal.js while the page is open.
    """
    if not moment:
        return format_html('<span class="muted">{}</span>', empty or gettext("Never"))
    if not isinstance(moment, dt.datetime):
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), _words.day(moment))
    local = timezone.localtime(moment)
    shown = {
        "relative": lambda: _words.relative(moment, timezone.now()),
        "minute": lambda: _words.minute(local),
        "second": lambda: _words.second_with_zone(local),
        "date": lambda: _words.day(local),
    }[style]()
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        local.isoformat(timespec="seconds"),
        _words.second_with_zone(local),
        SafeString(" data-relative") if style == "relative" else "",
        shown,
    )


@register.filter
def duration(length: dt.timedelta | float | None) -> str:
    """Write a length of time, or a dash when there is none yet."""
    if length is None:
        return _words.NOTHING
    if not isinstance(length, dt.timedelta):
        length = dt.timedelta(seconds=length)
    return _words.length_of_time(length)


@register.filter
def count(number: int | None) -> str:
    """Write a whole number with its thousands apart, or a dash when it is not known."""
    return _words.NOTHING if number is None else _words.number(number)


@register.filter
def quantity(number: Decimal | None, decimals: int = 0) -> str:
    """Write a number with the digits it has, or more: 17.5, where the store says 17.500000."""
    if number is None:
        return _words.NOTHING
    exponent = number.normalize().as_tuple().exponent
    places = max(decimals, -exponent if isinstance(exponent, int) else 0)
    return _words.number(number, places)


@register.filter
def in_words(value: str) -> str:
    """Write one of the public API's joined words as people do: PartiallyPaid, Partially paid."""
    return str(CHOICES.get(value) or _words.apart(value))


@register.filter
def browser(user_agent: str) -> str:
    """Name a browser and what it runs on: Firefox on Windows."""
    return _words.browser(user_agent)


@register.simple_tag
def money(amount: Decimal | None, currency: str, style: str = "whole") -> str:
    """Write an amount: £5,715,000, or £5,714,999.60 in the style `exact`."""
    if style not in {"whole", "exact"}:
        raise template.TemplateSyntaxError(f"no style of money {style!r}")
    if amount is None:
        return _words.NOTHING
    return _words.amount_of_money(amount, currency, exact=style == "exact")


@register.filter
def tone(status: str) -> str:
    """Name the colour of a status, for `data-tone`."""
    return mark_of(status).tone


@register.simple_tag
def status_mark(status: str, style: str = "") -> SafeString:
    """Show a status of a connection or a pull; style `filled` puts it on its ground."""
    return _written(mark_of(status), style)


@register.simple_tag
def record_mark(status: str) -> SafeString:
    """Show a status of an invoice, an account or another record, or that it has none."""
    if not status:
        return format_html('<span class="muted">{}</span>', _words.NOTHING)
    mark = RECORD_MARKS.get(status.lower())
    return _written(mark) if mark else format_html("{}", _words.apart(status))


def _written(mark: Mark, style: str = "") -> SafeString:
    return format_html(
        '<span class="status{}" data-tone="{}" data-shape="{}">{}</span>',
        " filled" if style == "filled" else "",
        mark.tone,
        mark.shape,
        mark.word,
    )


@register.simple_tag
def platform_tile(key: str, size: str = "") -> SafeString:
    """Show a platform's monogram on a colour that its key always gets."""
    letters = re.findall(r"[^\W_]", key) or ["?"]
    return format_html(
        '<span class="tile{}" data-hue="{}" aria-hidden="true">{}</span>',
        f" {size}" if size else "",
        zlib.crc32(key.encode()) % _TILE_HUES,
        letters[0].upper(),
    )


@register.simple_tag
def copy_id(value: object, label: str = "") -> SafeString:
    """Show an identifier that a click copies."""
    return format_html(
        '<button type="button" class="id" data-copy="{0}"><span class="vh">{1} </span>'
        '<span class="text">{0}</span>{2}</button>',
        value,
        gettext("Copy %(label)s") % {"label": label or gettext("ID")},
        icon("copy", 12),
    )


@register.filter
def listed(words: Iterable[str]) -> str:
    """Write a list as a sentence has it: one, two and three."""
    return _words.listed(words)


@register.simple_tag
def bold_list(words: Iterable[str]) -> SafeString:
    """Write a list as a sentence has it, each of its members bold."""
    return mark_safe(_words.listed(format_html("<b>{}</b>", each) for each in words))  # noqa: S308


@register.filter
def inside_sentence(words: str) -> str:
    """Write a label as it stands inside a sentence: Tax rates, tax rates."""
    return _words.inside_sentence(words)


@register.simple_tag
def script_words() -> str:
    """Give static/portal.js what it says, for the attribute it reads."""
    return json.dumps(_script.words(), ensure_ascii=False)


@register.inclusion_tag("components/_field.html")
def field(bound: BoundField, label: str = "") -> dict[str, object]:
    """Show a form field with its label, hint and errors; the form's first error gets focus.

    Give the label of a form that is not ours.
    """
    wrong = [each.name for each in bound.form if each.errors]
    attributes: dict[str, Any] = {}
    if wrong and wrong[0] == bound.name:
        attributes["autofocus"] = True
    if bound.field.widget.attrs.get("placeholder"):
        attributes["placeholder"] = False  # the label says it, and stays when one types
    return {
        "field": bound,
        "label": label or bound.label,
        "widget": bound.as_widget(attrs=attributes),
        "is_checkbox": getattr(bound.field.widget, "input_type", "") == "checkbox",
    }


@register.simple_tag(takes_context=True)
def current(context: RequestContext, url: str) -> SafeString:
    """Mark the link to this page, or to the part of the portal this page lies in."""
    path = context["request"].path
    if path == url:
        return SafeString(' aria-current="page"')
    return SafeString(' aria-current="true"' if path.startswith(url) else "")
