"""The collection at /items: create, read, update, delete, filter, sort and page."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from httpkit_magics.demo import shop
from httpkit_magics.demo.operations import Answer, Operation, Parameter
from httpkit_magics.demo.problems import Problem, read_flag, read_json, read_number, read_whole
from httpkit_magics.demo.shop import Item

MAX_ITEMS = 10_000  # then 507; a demo must not fill the memory
MAX_PER_PAGE = 100

_SORTABLE = ("id", "name", "price", "stock", "created")
_NEW_ITEM = {"name": "Cable tie 200 mm", "price": 0.04, "stock": 500, "tags": ["electrical"]}
_ONE = {"$ref": "#/components/schemas/Item"}
_ID = Parameter("id", "integer", 7, "the item's number", "path")
_ANSWER_ONE = Answer(200, "the item", schema=_ONE, fields=("ETag",))


class Items:
    """The shop's items; ids are never used again, `created` advances a minute with each new item."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Put the items back that the shop opened with."""
        self.by_id: dict[int, Item] = {item["id"]: item for item in shop.make_items()}
        self._versions = dict.fromkeys(self.by_id, 1)
        self._last_id = len(self.by_id)

    def find(self, number: int) -> Item:
        """Return an item.

        Raises:
            Problem: 404.
        """
        try:
            return self.by_id[number]
        except KeyError:
            raise Problem(404, f"there is no item {number}") from None

    def select(self, *, tags: list[str], text: str = "", low: float = 0, high: float = 1e9) -> list[Item]:
        """Return the items with all `tags`, with `text` in their name and a price from `low` to `high`."""
        text = text.casefold()
        return [
            item
            for item in self.by_id.values()
            if low <= item["price"] <= high and text in item["name"].casefold() and set(tags) <= set(item["tags"])
        ]

    async def list_items(self, request: Request) -> Response:
        """Answer one page, with `Link` (RFC 8288) and the number of all as `X-Total-Count`."""
        query = request.query_params
        found = self.select(
            tags=query.getlist("tag"),
            text=query.get("q", ""),
            low=read_number(request, "min_price", 0, 0, 1e9),
            high=read_number(request, "max_price", 1e9, 0, 1e9),
        )
        if "in_stock" in query:
            wanted = read_flag(request, "in_stock")
            found = [item for item in found if bool(item["stock"]) == wanted]
        _sort(found, query.get("sort", ""))
        page = read_whole(request, "page", 1, 1, MAX_ITEMS)
        per_page = read_whole(request, "per_page", 10, 1, MAX_PER_PAGE)
        headers = {"Link": _links(request, page, per_page, len(found)), "X-Total-Count": str(len(found))}
        return JSONResponse(found[(page - 1) * per_page : page * per_page], headers=headers)

    async def create_item(self, request: Request) -> Response:
        """Add an item; 201 with its Location."""
        values = _check(await read_json(request))
        if len(self.by_id) >= MAX_ITEMS:
            raise Problem(507, f"the shop holds {MAX_ITEMS} items (POST /reset empties it)")
        self._check_name(values["name"], None)
        self._last_id += 1
        created = shop.stamp(shop.OPENED + timedelta(minutes=self._last_id))
        item = cast("Item", {"id": self._last_id, **values, "created": created})
        self._put(item)
        return self._one(item, 201, {"Location": f"/items/{item['id']}"})

    async def read_item(self, request: Request) -> Response:
        """Answer one item, or 304 if the client has it (RFC 9110 section 13.1.2)."""
        item = self.find(request.path_params["id"])
        if request.headers.get("if-none-match") in (self._tag(item), "*"):
            return Response(status_code=304, headers={"ETag": self._tag(item)})
        return self._one(item)

    async def replace_item(self, request: Request) -> Response:
        """Replace the whole of an item."""
        item = self._precondition(request)
        return self._update(item, _check(await read_json(request)))

    async def change_item(self, request: Request) -> Response:
        """Change some members of an item (JSON Merge Patch, RFC 7396)."""
        item = self._precondition(request)
        patch = await read_json(request, "application/merge-patch+json")
        if not isinstance(patch, dict):
            raise Problem(422, "content must be a JSON object")
        merged = {"name": item["name"], "price": item["price"], "stock": item["stock"], "tags": item["tags"], **patch}
        return self._update(item, _check({name: value for name, value in merged.items() if value is not None}))

    async def delete_item(self, request: Request) -> Response:
        """Remove an item."""
        item = self._precondition(request)
        del self.by_id[item["id"]], self._versions[item["id"]]
        return Response(status_code=204)

    def _precondition(self, request: Request) -> Item:
        item = self.find(request.path_params["id"])
        wanted = request.headers.get("if-match")
        if wanted not in (None, "*", self._tag(item)):
            raise Problem(412, f"the item has changed: its ETag is {self._tag(item)}")
        return item

    def _update(self, item: Item, values: dict[str, Any]) -> Response:
        self._check_name(values["name"], item["id"])
        changed = cast("Item", {"id": item["id"], **values, "created": item["created"]})
        self._put(changed)
        return self._one(changed)

    def _put(self, item: Item) -> None:
        self.by_id[item["id"]] = item
        self._versions[item["id"]] = self._versions.get(item["id"], 0) + 1

    def _check_name(self, name: str, number: int | None) -> None:
        for other in self.by_id.values():
            if other["name"] == name and other["id"] != number:
                raise Problem(409, f"item {other['id']} has the name {name!r} already", other=f"/items/{other['id']}")

    def _tag(self, item: Item) -> str:
        return f'"{item["id"]}-{self._versions[item["id"]]}"'

    def _one(self, item: Item, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        return JSONResponse(item, status, {"ETag": self._tag(item), **(headers or {})})

    def operations(self) -> list[Operation]:
        """Return the rows of the collection."""
        body = {"bodies": {"application/json": _NEW_ITEM}, "body_schema": {"$ref": "#/components/schemas/NewItem"}}
        patch = {"application/json": {"stock": 11}, "application/merge-patch+json": {"stock": 11}}
        one = "/items/{id:int}"
        rows: list[dict[str, Any]] = [
            {
                "path": "/items",
                "handler": self.list_items,
                "summary": "The items of the shop, filtered, sorted and paged; Link leads to the other pages.",
                "parameters": _LIST_PARAMETERS,
                "answers": (
                    Answer(200, "a page", schema={"type": "array", "items": _ONE}, fields=("Link", "X-Total-Count")),
                ),
                "problems": (400,),
            },
            {
                "path": "/items",
                "methods": ("POST",),
                "handler": self.create_item,
                "summary": "Create an item.",
                **body,
                "answers": (Answer(201, "created", schema=_ONE, fields=("Location", "ETag")),),
                "problems": (400, 409, 413, 415, 422),
            },
            {
                "path": one,
                "handler": self.read_item,
                "summary": "One item, with an ETag.",
                "answers": (_ANSWER_ONE, Answer(304, "not modified", "")),
                "problems": (404,),
            },
            {
                "path": one,
                "methods": ("PUT",),
                "handler": self.replace_item,
                "summary": "Replace an item; If-Match guards it.",
                **body,
                "answers": (_ANSWER_ONE,),
                "problems": (400, 404, 409, 412, 413, 415, 422),
            },
            {
                "path": one,
                "methods": ("PATCH",),
                "handler": self.change_item,
                "summary": "Change some members of an item (JSON Merge Patch); If-Match guards it.",
                "bodies": patch,
                "body_schema": {"type": "object"},
                "answers": (_ANSWER_ONE,),
                "problems": (400, 404, 409, 412, 413, 415, 422),
            },
            {
                "path": one,
                "methods": ("DELETE",),
                "handler": self.delete_item,
                "summary": "Delete an item.",
                "answers": (Answer(204, "deleted", ""),),
                "problems": (404, 412),
            },
        ]
        return [Operation(tag="items", **{"parameters": (_ID,) if r["path"] == one else (), **r}) for r in rows]


_LIST_PARAMETERS = (
    Parameter("q", "string", "bolt", "text in the name"),
    Parameter("tag", "string", "tools", "a tag that it must have; may repeat"),
    Parameter("min_price", "number", 0.1, "lowest price"),
    Parameter("max_price", "number", 100, "highest price"),
    Parameter("in_stock", "boolean", True, "whether there are any"),
    Parameter("sort", "string", "-price,name", f"members of {', '.join(_SORTABLE)}; '-' for descending"),
    Parameter("page", "integer", 1, "from 1"),
    Parameter("per_page", "integer", 10, f"at most {MAX_PER_PAGE}"),
)

_SORT_KEY = re.compile(rf"(-?)({'|'.join(_SORTABLE)})")


def _sort(items: list[Item], keys: str) -> None:
    # Sorting is stable, so the least important key goes first.
    for key in reversed([key for key in keys.split(",") if key]):
        match = _SORT_KEY.fullmatch(key)
        if match is None:
            raise Problem(400, f"sort must name {', '.join(_SORTABLE)}, got {key[:40]!r}")
        name = match[2]
        items.sort(key=lambda item: cast("dict[str, Any]", item)[name], reverse=bool(match[1]))


def _links(request: Request, page: int, per_page: int, total: int) -> str:
    last = max(1, -(-total // per_page))
    pages = {"first": 1, "prev": min(page - 1, last), "next": page + 1, "last": last}
    if page <= 1:
        del pages["prev"]
    if page >= last:
        del pages["next"]
    kept = [pair for pair in request.query_params.multi_items() if pair[0] not in ("page", "per_page")]
    return ", ".join(
        f'<{request.url.path}?{urlencode([*kept, ("page", number), ("per_page", per_page)])}>; rel="{rel}"'
        for rel, number in pages.items()
    )


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= longest


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e6


# member -> (what it must be, its test, the default, or None where it must be given)
_MEMBERS: dict[str, tuple[str, Any, object]] = {
    "name": ("a text of 1 to 100 characters", lambda value: _is_text(value, 100), None),
    "price": ("a number from 0 to 1000000", _is_number, None),
    "stock": ("a whole number from 0 to 1000000", lambda value: _is_number(value) and isinstance(value, int), 0),
    "tags": (
        "a list of at most 10 texts of 1 to 30 characters",
        lambda value: isinstance(value, list) and len(value) <= 10 and all(_is_text(tag, 30) for tag in value),
        [],
    ),
}


def _check(given: object) -> dict[str, Any]:
    """Return the members of an item, complete and in order; 422 lists everything that is wrong at once."""
    if not isinstance(given, dict):
        raise Problem(422, "content must be a JSON object")
    errors = [{"member": name, "detail": "unknown"} for name in given if name not in _MEMBERS]
    values: dict[str, Any] = {}
    for name, (rule, is_valid, default) in _MEMBERS.items():
        values[name] = given.get(name, copy.copy(default))
        if not is_valid(values[name]):
            errors.append({"member": name, "detail": f"must be {rule}"})
    if errors:
        said = "1 member is wrong" if len(errors) == 1 else f"{len(errors)} members are wrong"
        raise Problem(422, said, errors=errors)
    return values
