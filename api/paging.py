"""Pages of lists, in the contract's envelope: relative links, and none where there is no page."""

from typing import Annotated, Any
from urllib.parse import urlencode

from ninja import Field, Schema
from pydantic import model_serializer

from api.principals import ApiRequest

LARGEST = 5000
_USUAL = 100
#: Beyond it PostgreSQL cannot count.
_LAST_PAGE = 1_000_000_000

Page = Annotated[int, Field(ge=1, le=_LAST_PAGE)]
PageSize = Annotated[int, Field(ge=1, le=LARGEST)]


class Paging(Schema):
    """Which page of a list, and how much of it."""

    page: Page = 1
    pageSize: PageSize = _USUAL  # noqa: N815 - the contract's name

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.pageSize


class Query(Paging):
    """A page of what a query finds."""

    query: str | None = None
    orderBy: str | None = None  # noqa: N815 - idem


class Href(Schema):
    href: str


class Links(Schema):
    """Where this page lies; `next` and `previous` are left out at the ends."""

    self_: Annotated[Href, Field(alias="self")]
    current: Href
    next: Href | None = None
    previous: Href | None = None

    @model_serializer(mode="wrap")
    def _without_ends(self, serialize: Any):  # type: ignore[no-untyped-def]
        # A type here would stand in the document instead of the links.
        return {name: link for name, link in serialize(self).items() if link is not None}


class PagingInfo(Schema):
    pageNumber: int  # noqa: N815 - the contract's names
    pageSize: int  # noqa: N815
    totalResults: int  # noqa: N815
    links: Annotated[Links, Field(alias="_links")]


def described(request: ApiRequest, paging: Paging, total: int) -> dict[str, Any]:
    """Return the envelope of a page, without its results."""
    return {
        "pageNumber": paging.page,
        "pageSize": paging.pageSize,
        "totalResults": total,
        "_links": links(request, paging, total),
    }


def links(request: ApiRequest, paging: Paging, total: int) -> dict[str, Any]:
    path = request.path_info.removeprefix("/api")
    asked = {
        name: values[-1] for name, values in request.GET.lists() if name not in {"page", "pageSize"}
    }

    def at(page: int) -> dict[str, str]:
        query = urlencode({"page": page, "pageSize": paging.pageSize, **asked})
        return {"href": f"{path}?{query}"}

    found: dict[str, Any] = {"self": {"href": path}, "current": at(paging.page)}
    if paging.page * paging.pageSize < total:
        found["next"] = at(paging.page + 1)
    if paging.page > 1:
        found["previous"] = at(paging.page - 1)
    return found


def order_by(request: ApiRequest, asked: Query) -> str | None:
    """Return the order, however the parameter's name is written: the contract writes both."""
    if asked.orderBy is not None:
        return asked.orderBy
    for name, value in request.GET.items():
        if name.lower() == "orderby":
            return str(value)
    return None
