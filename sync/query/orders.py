"""How a list of records is sorted: by any property that a query may ask for."""

from django.db.models import F, OrderBy

from connections.schemas import DataType
from sync.query.conditions import value_of
from sync.query.properties import resolve


def order(order_by: str | None, data_type: DataType) -> tuple[OrderBy, ...]:
    """Return the order that `orderBy` asks for; `-` before the property descends.

    Equal ones stand by their IDs, so pages neither repeat nor lose a record. What lacks the
    property comes last, whichever way.

    :raises QueryError: when the data type has no such property, or none that can be compared.
    """
    word = (order_by or "").strip()
    by_id = OrderBy(F("source_id"))
    if not word:
        return (by_id,)
    asked = resolve(data_type, word.removeprefix("-"))
    return (OrderBy(value_of(asked), descending=word.startswith("-"), nulls_last=True), by_id)
