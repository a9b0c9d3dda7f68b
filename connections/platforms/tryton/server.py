"""Asking a Tryton server over its REST interface, reading only.

https://docs.tryton.org/latest/server/topics/user_application.html
"""

import base64
import datetime as dt
import email.utils
import json
from collections.abc import Callable, Container, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import msgspec

from connections.platforms.base import (
    AuthorizationRevoked,
    NotSupported,
    PermissionMissing,
    PlatformError,
    Unexpected,
)
from connections.platforms.decoding import UNREADABLE
from connections.platforms.http import Answer, Sleep, decode, get
from connections.platforms.tryton import wire
from connections.words import gettext_noop

type Domain = Sequence[Any]
"""What must hold of a record, as Tryton writes it: [["state", "=", "posted"], …]."""

PLATFORM = "Tryton"
_MODELS = msgspec.json.Decoder(list[wire.Model])
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECTS = msgspec.json.Decoder(list[dict[str, Any]])
_NO_MODELS = "did not list its models"


class Server:
    """One database on a Tryton server, as one key shows it."""

    def __init__(self, http: httpx.Client, database: str, key: str, *, sleep: Sleep) -> None:
        self.http = http
        self.database = database
        self.key = key
        self.sleep = sleep
        self.context: dict[str, Any] = {}
        """Goes along with every question: the company."""
        self.clock: dt.datetime | None = None
        """The moment of the first answer, by the server's own clock."""

    def require(self, models: Mapping[str, str]) -> None:
        """Make sure that models exist; each is told with the module that brings it.

        An unknown model is answered with 500, like an outage, so that asking for it tells nothing.

        :raises NotSupported: when a module is missing.
        """
        missing = sorted({module for model, module in models.items() if model not in self.models})
        if missing:
            names = " and ".join(missing)
            raise NotSupported(f"This Tryton lacks the module {names}, which keeps such data.")

    @cached_property
    def models(self) -> frozenset[str]:
        """The models of the modules that are installed."""
        path = self._path("ir.model", fields=("name",))
        answer = self._get(path, None)
        names = frozenset(model.name for model in decode(answer, _MODELS, PLATFORM, path))
        if "ir.model" not in names:
            raise unexpected(_NO_MODELS)
        self.clock = _clock(answer)
        return names

    def rows(
        self,
        model: str,
        fields: Sequence[str],
        domain: Domain = (),
        *,
        order: Sequence[Sequence[str]] = (("id", "ASC"),),
        size: int | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> list[msgspec.Raw]:
        """Return what a model's records say in some fields, each row still undecoded.

        :raises PermissionMissing: when the key's user may not read them all.
        """
        path = self._path(model, fields=fields, domain=domain, order=order, size=size)
        rows = decode(self._get(path, context), _ROWS, PLATFORM, path)
        if rows:
            _check_fields(model, bytes(rows[0]), fields)
        return rows

    def read[T](
        self,
        decoder: msgspec.json.Decoder[T],
        model: str,
        fields: Sequence[str],
        domain: Domain = (),
        **how: Any,
    ) -> list[T]:
        """Return records that must all be readable.

        :raises Unexpected: when one is not.
        """
        try:
            return [decoder.decode(row) for row in self.rows(model, fields, domain, **how)]
        except UNREADABLE as error:
            raise unexpected(f"{model}: {error}") from error

    def has_rest(self) -> bool:
        """Tell whether this is a Tryton with the REST interface, whatever the database is called.

        Such a server knows the path of an action, and that it is not to be asked with GET.
        """
        path = f"{quote(self.database, safe='')}/rest/model/ir.model/read"
        return self.fetch(path, accepted=range(200, 500)).status == httpx.codes.METHOD_NOT_ALLOWED

    def _get(self, path: str, context: Mapping[str, Any] | None) -> Answer:
        # Records out of use are left out unless the context says otherwise.
        full = {"active_test": False, **self.context, **(context or {})}
        return self.fetch(path, headers={"X-Tryton-Context": _encoded(full)}, read=_refusal)

    def fetch(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        read: Callable[[Answer], PlatformError | None] | None = None,
        accepted: Container[int] = (httpx.codes.OK,),
    ) -> Answer:
        return get(
            self.http,
            path,
            platform=PLATFORM,
            token=self.key,
            headers=headers,
            read=read,
            accepted=accepted,
            sleep=self.sleep,
        )

    def _path(
        self,
        model: str,
        *,
        fields: Sequence[str],
        domain: Domain = (),
        order: Sequence[Sequence[str]] = (("id", "ASC"),),
        size: int | None = None,
    ) -> str:
        query = [("f", field) for field in fields]
        query += [("d", _encoded(list(domain))), ("o", _encoded(order))]
        if size is not None:
            query.append(("s", str(size)))
        return f"{quote(self.database, safe='')}/rest/model/{model}?{urlencode(query)}"


def day(date: dt.date) -> dict[str, Any]:
    """Return a date as Tryton writes it."""
    return {"__class__": "date", "year": date.year, "month": date.month, "day": date.day}


def moment(at: dt.datetime) -> dict[str, Any]:
    """Return a moment as Tryton writes it: in UTC, without saying so."""
    at = at.astimezone(dt.UTC)
    return {
        "__class__": "datetime",
        "year": at.year,
        "month": at.month,
        "day": at.day,
        "hour": at.hour,
        "minute": at.minute,
        "second": at.second,
        "microsecond": at.microsecond,
    }


def unexpected(detail: str) -> Unexpected:
    return Unexpected(
        gettext_noop("%(platform)s gave an answer we do not understand."),
        {"platform": PLATFORM},
        detail=detail,
    )


class _Complaint(msgspec.Struct):
    message: str


_COMPLAINT = msgspec.json.Decoder(_Complaint)


def _refusal(answer: Answer) -> PlatformError | None:
    """Return what an answer means where its status does not tell."""
    if answer.status == httpx.codes.UNAUTHORIZED:
        return AuthorizationRevoked(
            gettext_noop(
                "%(platform)s does not accept the key: it is mistyped, not validated or cancelled."
            ),
            {"platform": PLATFORM},
            detail=f"HTTP {answer.status}",
        )
    if answer.status == httpx.codes.BAD_REQUEST:
        # What a user may not read is answered with 400 and the words of Tryton's own dialog.
        # https://docs.tryton.org/latest/server/topics/access_rights.html
        try:
            complaint = _COMPLAINT.decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return PermissionMissing(
            gettext_noop("The key's user at %(platform)s may not read this data."),
            {"platform": PLATFORM},
            detail=complaint.message,
        )
    return None


def _clock(answer: Answer) -> dt.datetime:
    try:
        told = email.utils.parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError as error:
        raise unexpected("the answer has no date") from error
    return told.replace(tzinfo=told.tzinfo or dt.UTC)


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _check_fields(model: str, row: bytes, fields: Sequence[str]) -> None:
    """Demand the fields that were asked for: what a user may not read is silently left out.

    :raises PermissionMissing: when one is missing.
    """
    try:
        (first,) = _OBJECTS.decode(b"[" + row + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    for field in fields:
        if not _has(first, field.split(".")):
            raise PermissionMissing(
                gettext_noop("The key's user at %(platform)s may not read this data."),
                {"platform": PLATFORM},
                detail=f"{model} came without {field}",
            )


def _has(value: Any, names: Sequence[str]) -> bool:
    if not names:
        return True
    if isinstance(value, list):
        return not value or _has(value[0], names)
    if isinstance(value, dict):
        return names[0] in value and _has(value[names[0]], names[1:])
    # Nothing is linked here, so nothing can be missing of it.
    return True
