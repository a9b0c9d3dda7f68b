"""Tryton's model layer, for what runs inside Tryton's own environment.

Pool and transaction read the configuration on import, so they are imported when first used.
"""

from collections.abc import Mapping
from typing import Any, Literal


def model(name: str, kind: Literal["model", "wizard"] = "model") -> Any:
    # Not in the environment that types are checked in.
    from trytond.pool import Pool  # type: ignore[import-not-found] # noqa: PLC0415

    return Pool().get(name, type=kind)


def create(name: str, /, *rows: Mapping[str, Any]) -> list[Any]:
    created: list[Any] = model(name).create([dict(row) for row in rows])
    return created


def create_one(name: str, /, **values: Any) -> Any:
    (created,) = create(name, values)
    return created


def by_xml_id(name: str) -> int:
    """Return the id of a record that a module came with, named as ``module.id``."""
    found: int = model("ir.model.data").get_id(name)
    return found
