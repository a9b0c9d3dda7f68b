"""The query language of lists, in the portal and in the public API alike."""

from sync.query.conditions import combined, compared, condition, member
from sync.query.examples import Example, examples
from sync.query.orders import order
from sync.query.parser import MAX_LENGTH, parse
from sync.query.properties import Kind, Property, properties
from sync.query.tree import AnyOf, Clause, Expression, Operator, QueryError, write

__all__ = [
    "MAX_LENGTH",
    "AnyOf",
    "Clause",
    "Example",
    "Expression",
    "Kind",
    "Operator",
    "Property",
    "QueryError",
    "combined",
    "compared",
    "condition",
    "examples",
    "member",
    "order",
    "parse",
    "properties",
    "write",
]
