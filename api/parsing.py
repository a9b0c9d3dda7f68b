"""Reads what is sent, and refuses texts that no database can keep before anybody sees them."""

import json
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import (
    SuspiciousMultipartForm,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from ninja.parser import Parser
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from api.errors import ApiError

#: What Django raises at a form that is none, or that has more parts than anybody means.
MALFORMED_FORM = (
    MultiPartParserError,
    SuspiciousMultipartForm,
    TooManyFieldsSent,
    TooManyFilesSent,
)

_SURROGATES = range(0xD800, 0xE000)


class TextParser(Parser):
    """JSON whose texts are texts: without NUL, without halves of a pair of surrogates."""

    def parse_body(self, request: HttpRequest) -> Any:
        """:raises ApiError: 400."""
        try:
            # Decoded here and strictly: `json` would take UTF-16 and halves of surrogates as well.
            found = json.loads(request.body.decode())
        except RecursionError:
            raise ApiError(400, "The body is nested too deeply.") from None
        except ValueError as error:
            raise ApiError(400, f"The body is no JSON: {error}") from None
        # Without this, a shape that needs nothing would be read from anything.
        if not isinstance(found, dict):
            raise ApiError(400, "The body is no JSON object.")
        # Only an escape can bring them into decoded UTF-8.
        if rb"\u" in request.body:
            for text in _texts(found):
                if not is_storable(text):
                    raise ApiError(400, f"The body has a text with {_fault(text)} in it.")
        return found


def check_address(request: HttpRequest) -> None:
    """Refuse a NUL in the address and its query: PostgreSQL compares with no such text.

    A query of more parameters than anybody means is refused as well.

    :raises ApiError: 404 where the address has it, 400 where the query has.
    """
    if "\0" in request.path_info:
        raise ApiError(404, "There is nothing at this address.")
    try:
        parameters = request.GET
    except TooManyFieldsSent:
        raise ApiError(400, "The query has too many parameters.") from None
    if any("\0" in text for pair in parameters.lists() for text in (pair[0], *pair[1])):
        raise ApiError(400, "The query has a NUL in it.")


def _no_number(value: Any) -> Any:
    try:
        float(value)
    except (TypeError, ValueError):
        return value
    raise PydanticCustomError("date", "Write it as an ISO date, like 2026-11-28.")


#: A date or moment that is written as one: a number would be read as seconds since 1970.
Written = BeforeValidator(_no_number)


def is_storable(text: str) -> bool:
    return "\0" not in text and not any(ord(letter) in _SURROGATES for letter in text)


def _fault(text: str) -> str:
    return "NUL" if "\0" in text else "half a surrogate pair"


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting.extend(each)
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
