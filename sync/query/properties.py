"""What a query may ask of a data type: the members of its canonical record, with their types."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import msgspec.inspect as shapes
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from connections.schemas import RECORD_TYPES, AnyType, CustomType, DataType
from portal.wording import either
from sync.columns import COLUMNS
from sync.query.tree import QueryError

#: What the store knows and the body does not, or not any more: `modifiedDate` is the store's own,
#: and a record deleted at the source keeps its last body.
_KEPT_BY_THE_STORE = {
    "id": "source_id",
    "sourceModifiedDate": "source_modified_at",
    "modifiedDate": "modified_at",
    "metadata.isDeleted": "is_deleted",
}
#: The public API gives these no modified dates.
_WITHOUT_MODIFIED_DATES = frozenset(
    {DataType.COMPANY, DataType.BALANCE_SHEET, DataType.PROFIT_AND_LOSS}
)


class Kind(StrEnum):
    """The types of a property, under the names that messages give them."""

    TEXT = "a text"
    CHOICE = "one of a few words"
    NUMBER = "a number"
    DATE = "a date"
    MOMENT = "a date or a moment"
    TRUTH = "true or false"
    IDENTIFIER = "an ID"

    def __str__(self) -> str:
        """Name it in the reader's language."""
        return str(_KIND_WORDS[self])


_KIND_WORDS = {
    Kind.TEXT: pgettext_lazy("what a property is", "a text"),
    Kind.CHOICE: pgettext_lazy("what a property is", "one of a few words"),
    Kind.NUMBER: pgettext_lazy("what a property is", "a number"),
    Kind.DATE: pgettext_lazy("what a property is", "a date"),
    Kind.MOMENT: pgettext_lazy("what a property is", "a date or a moment"),
    Kind.TRUTH: pgettext_lazy("what a property is", "true or false"),
    Kind.IDENTIFIER: pgettext_lazy("what a property is", "an ID"),
}


@dataclass(frozen=True, slots=True)
class Property:
    #: None where it is a table's column, and not a member of canonical records.
    data_type: DataType | None
    path: str
    kind: Kind
    choices: tuple[str, ...] = ()
    #: The column of the store that holds it.
    column: str = ""
    #: Whether the column holds neither more nor less: texts are cut there, numbers rounded.
    is_exact: bool = False


def resolve(data_type: DataType, path: str, position: int = 0) -> Property:
    """Find what a clause or an order is about.

    :raises QueryError: when the data type has no such property, or none that can be compared.
    """
    if found := properties(data_type).get(path):
        return found
    name = RECORD_TYPES[data_type].__name__
    raise QueryError(
        _("Could not resolve property %(path)s on %(record)s") % {"path": path, "record": name},
        position,
        _hint(data_type, path),
    )


@cache
def properties(data_type: AnyType) -> Mapping[str, Property]:
    """Return by their paths all properties that can be compared; of custom data types none."""
    found: dict[str, Property] = {}
    if isinstance(data_type, CustomType):
        return found
    _gather(data_type, _shape(data_type), "", found)
    if data_type in _WITHOUT_MODIFIED_DATES:
        del found["sourceModifiedDate"]
    else:
        found["modifiedDate"] = _property(data_type, "modifiedDate", Kind.MOMENT)
    if not data_type.is_single:
        # Of every record the store knows whether it is gone, also where the contract has no member.
        found["metadata.isDeleted"] = _property(data_type, "metadata.isDeleted", Kind.TRUTH)
    return found


def _shape(data_type: DataType) -> shapes.StructType:
    shape = shapes.type_info(RECORD_TYPES[data_type])
    assert isinstance(shape, shapes.StructType)
    return shape


def _gather(
    data_type: DataType, shape: shapes.StructType, within: str, found: dict[str, Property]
) -> None:
    for member in shape.fields:
        path = f"{within}{member.encode_name}"
        inner = _bare(member.type)
        if isinstance(inner, shapes.StructType):
            _gather(data_type, inner, f"{path}.", found)
        elif isinstance(inner, shapes.LiteralType):
            choices = tuple(str(value) for value in inner.values)
            found[path] = _property(data_type, path, Kind.CHOICE, choices)
        elif kind := _KINDS.get(type(inner)):
            found[path] = _property(data_type, path, kind)


_KINDS: dict[type[shapes.Type], Kind] = {
    shapes.StrType: Kind.TEXT,
    shapes.DecimalType: Kind.NUMBER,
    shapes.IntType: Kind.NUMBER,
    shapes.DateType: Kind.DATE,
    shapes.DateTimeType: Kind.MOMENT,
    shapes.BoolType: Kind.TRUTH,
}


def _bare(shape: shapes.Type) -> shapes.Type:
    """Leave out that it may be null."""
    if not isinstance(shape, shapes.UnionType):
        return shape
    return next(each for each in shape.types if not isinstance(each, shapes.NoneType))


def _property(
    data_type: DataType, path: str, kind: Kind, choices: tuple[str, ...] = ()
) -> Property:
    if own := _KEPT_BY_THE_STORE.get(path):
        return Property(data_type, path, kind, choices, column=own, is_exact=True)
    listed = next(
        (column.listed for column in COLUMNS[data_type] if column.path == path and column.listed),
        "",
    )
    return Property(
        data_type, path, kind, choices, column=listed, is_exact=kind in {Kind.DATE, Kind.CHOICE}
    )


def _hint(data_type: DataType, asked: str) -> str:
    """Say what is there instead: an object's members, or what is written much like it."""
    shape: shapes.Type = _shape(data_type)
    for name in asked.split("."):
        members = (
            {member.encode_name: member.type for member in shape.fields}
            if isinstance(shape, shapes.StructType)
            else {}
        )
        shape = _bare(members[name]) if name in members else shapes.NoneType()
        if isinstance(shape, shapes.VarTupleType):
            return _("%(name)s is a list, and queries do not look into lists.") % {"name": name}
    known = list(properties(data_type))
    if inside := [path for path in known if path.startswith(f"{asked}.")]:
        return _("%(name)s is an object. Ask for %(members)s.") % {
            "name": asked,
            "members": either(inside),
        }
    if alike := difflib.get_close_matches(asked, known, n=3):
        return _("Did you mean %(alike)s?") % {"alike": either(alike)}
    return _("The names are those of the record’s JSON, such as id or sourceModifiedDate.")
