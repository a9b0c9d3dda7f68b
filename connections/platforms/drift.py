"""Members of a platform's JSON that the adapter does not know: a new version sends more.

What an adapter reads is what its structs name. What the vendor documents beyond that it declares,
by struct, so that only what is new comes up. Looked at are the rows of lists and what lies directly
in them, lines and the like; of a member its path and JSON type are told, never its value. A known
member whose type changed is no matter of this module: its row cannot be read, and is kept aside.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import msgspec

from connections.platforms.base import JsonType, UnknownField
from connections.platforms.decoding import UNREADABLE

__all__ = ["MOST_FIELDS", "MOST_NAME", "Documented", "Shape", "shape_of", "unknown_fields"]

#: struct → the names that the vendor documents, read or not, separated by white space. They hold
#: for all structs that inherit from it, too.
type Documented = Mapping[type[msgspec.Struct], str]

#: A platform that makes up names makes up no more than so many at a time.
MOST_FIELDS = 200
MOST_NAME = 80
#: So many rows with something unknown are looked at in full, of one page: the others have the same.
_MOST_ROWS = 50
_DEPTH = 2
_TYPES: Mapping[bytes, JsonType] = {
    b"{": "object",
    b"[": "array",
    b'"': "text",
    b"t": "boolean",
    b"f": "boolean",
    b"n": "null",
}


@dataclass(frozen=True)
class Shape:
    """The names that are known in a piece of JSON, and the shapes of what lies in it."""

    names: frozenset[str]
    parts: Mapping[str, "Shape"]

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Refuses what has anything else, at a fraction of the cost of looking member by member."""
        return msgspec.json.Decoder(_twin(self))


def _twin(shape: Shape) -> type[msgspec.Struct]:
    """Make a struct that has all that is known, and reads none of it."""
    fields: list[tuple[str, Any, Any]] = []
    for number, name in enumerate(sorted(shape.names)):
        kind: Any = msgspec.Raw
        if name in shape.parts:
            inner = _twin(shape.parts[name])
            kind = list[inner] | inner | None  # type: ignore[valid-type]
        fields.append((f"_{number}", kind, msgspec.field(name=name, default=None)))
    return msgspec.defstruct("Known", fields, forbid_unknown_fields=True, gc=False)


def shape_of(struct: type[msgspec.Struct], documented: Documented, *, depth: int = _DEPTH) -> Shape:
    """Return what is known of a struct's JSON, and of as many levels in it."""
    names: set[str] = set()
    parts: dict[str, Shape] = {}
    for each in _fields(struct):
        names.add(each.encode_name)
        inner = _struct_in(each.type)
        if inner is not None and depth > 1:
            parts[each.encode_name] = shape_of(inner, documented, depth=depth - 1)
    for kind in struct.__mro__:
        names.update(documented.get(kind, "").split())
    return Shape(frozenset(names), parts)


def unknown_fields(
    raws: Iterable[msgspec.Raw | bytes], shape: Shape, *, besides: Collection[str] = ()
) -> tuple[UnknownField, ...]:
    """Return what rows have beside what is known and what the caller asked for, each once."""
    found: dict[str, UnknownField] = {}
    looked_at = 0
    for raw in raws:
        try:
            shape.decoder.decode(raw)
        except UNREADABLE:
            members = _members(raw)
            if members is not None:
                _look(members, shape, "", found)
            looked_at += 1
        if looked_at == _MOST_ROWS:
            break
    for name in besides:
        found.pop(name, None)
    return tuple(sorted(found.values()))


def _look(
    members: dict[str, msgspec.Raw], shape: Shape, prefix: str, found: dict[str, UnknownField]
) -> None:
    if not members.keys() <= shape.names:
        for name in members.keys() - shape.names:
            path = f"{prefix}{_shown(name)}"
            if path not in found and len(found) < MOST_FIELDS:
                found[path] = UnknownField(path, _TYPES.get(bytes(members[name])[:1], "number"))
    for name, part in shape.parts.items():
        raw = members.get(name)
        if raw is None:
            continue
        for piece in _pieces(raw):
            _look(piece, part, f"{prefix}{name}.", found)


def _pieces(raw: msgspec.Raw) -> list[dict[str, msgspec.Raw]]:
    """Return the objects that a member is or lists; anything else is for the decoder to refuse."""
    try:
        return _LIST.decode(raw)
    except UNREADABLE:
        members = _members(raw)
        return [members] if members is not None else []


def _members(raw: msgspec.Raw | bytes) -> dict[str, msgspec.Raw] | None:
    try:
        return _OBJECT.decode(raw)
    except UNREADABLE:
        return None


def _shown(name: str) -> str:
    """Return a name as one line of a log or a page can have it."""
    if not name.isprintable() or not name:
        name = ascii(name)[1:-1] or "''"
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…"


@cache
def _fields(struct: type[msgspec.Struct]) -> tuple[msgspec.inspect.Field, ...]:
    kind = msgspec.inspect.type_info(struct)
    assert isinstance(kind, msgspec.inspect.StructType)
    return kind.fields


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """Return the struct that a member holds, alone, or nothing, or any number of times."""
    match kind:
        case msgspec.inspect.StructType():
            return kind.cls
        case msgspec.inspect.UnionType():
            found = (_struct_in(each) for each in kind.types)
            return next((each for each in found if each is not None), None)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            return _struct_in(kind.item_type)
        case msgspec.inspect.Metadata():
            return _struct_in(kind.type)
    return None


_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
