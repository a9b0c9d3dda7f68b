"""The query language of lists, in the portal and in the public API alike."""

from sync.query.conditions import condition, member
from sync.query.examples import Example, examples
from sync.query.parser import MAX_LENGTH, parse
from sync.query.properties import Kind, Property, properties
from sync.query.tree import QueryError, write

__all__ = [
    "MAX_LENGTH",
    "Example",
    "Kind",
    "Property",
    "QueryError",
    "condition",
    "examples",
    "member",
    "parse",
    "properties",
    "write",
]
