"""/items: create, read, update, delete, filter, sort and page."""

from __future__ import annotations

import time

import httpx
import pytest

from httpkit_magics.demo import items

NEW = {"name": "Cable tie 200 mm", "price": 0.04, "stock": 500, "tags": ["electrical"]}


def test_the_shop_opens_with_the_same_sixty_items(api):
    """The data is seeded: what a notebook shows today it shows tomorrow, on any machine."""
    response = api.get("/items", params={"per_page": 100})
    assert response.headers["x-total-count"] == "60"
    assert response.json()[20] == {
        "id": 21,
        "name": "Hex bolt M6x30",
        "price": 0.2,
        "stock": 320,
        "tags": ["fasteners", "metric"],
        "created": "2025-04-25T08:18:00Z",
    }


def test_links_lead_through_all_pages_and_keep_the_filters(api):
    """Link has first, prev, next and last (RFC 8288); following next gives each item once."""
    response = api.get("/items", params={"tag": "tools", "per_page": 8})
    assert set(response.links) == {"first", "next", "last"}
    found = response.json()
    while "next" in response.links:
        response = api.get(response.links["next"]["url"])
        found += response.json()
    assert set(response.links) == {"first", "prev", "last"}
    assert len(found) == len({item["id"] for item in found}) == 21
    assert all("tools" in item["tags"] for item in found)


def test_a_page_beyond_the_last_is_empty_and_leads_back(api):
    """A page that isn't there is an empty list, and prev is the last page."""
    response = api.get("/items", params={"page": 99})
    assert response.json() == []
    assert "page=6&" in response.links["prev"]["url"]


def test_filters_combine(api):
    """Text, tags, price and stock all hold at once."""
    query = {"q": "DRILL", "tag": ["tools", "power"], "min_price": 5, "max_price": 200, "in_stock": "true"}
    found = api.get("/items", params=query).json()
    everything = api.get("/items", params={"per_page": 100}).json()
    assert found == [
        item
        for item in everything
        if "drill" in item["name"].lower() and "power" in item["tags"] and 5 <= item["price"] <= 200 and item["stock"]
    ]
    assert 0 < len(found) < 6


def test_sorting_goes_by_several_members(api):
    """`-` sorts descending; the first member is the most important."""
    found = api.get("/items", params={"sort": "-stock,name", "per_page": 100}).json()
    assert found == sorted(sorted(found, key=lambda item: item["name"]), key=lambda item: -item["stock"])


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=x", "page=1.5", "per_page=101", "per_page=nan", "sort=colour", "in_stock=perhaps", "min_price=-1"],
)
def test_a_bad_query_is_a_problem(api, query):
    """400 says which parameter is wrong."""
    response = api.get(f"/items?{query}")
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert response.json()["detail"].startswith(query.partition("=")[0])


def test_an_item_lives_from_created_to_deleted(api):
    """Create gives 201 and Location; PUT replaces, PATCH changes, DELETE removes."""
    created = api.post("/items", json=NEW)
    assert (created.status_code, created.headers["location"]) == (201, "/items/61")
    assert created.json() == {"id": 61, **NEW, "created": "2026-01-05T10:01:00Z"}
    assert api.get("/items/61").json() == created.json()
    replaced = api.put("/items/61", json={"name": "Cable tie 300 mm", "price": 0.05})
    assert replaced.json() == {**created.json(), "name": "Cable tie 300 mm", "price": 0.05, "stock": 0, "tags": []}
    patched = api.patch("/items/61", json={"stock": 7}, headers={"Content-Type": "application/merge-patch+json"})
    assert patched.json() == {**replaced.json(), "stock": 7}
    assert api.delete("/items/61").status_code == 204
    assert api.get("/items/61").status_code == 404
    assert api.post("/items", json=NEW).json()["id"] == 62


def test_a_name_that_is_taken_is_a_conflict(api):
    """409 names the item that has it."""
    response = api.post("/items", json={"name": "Hex nut M4", "price": 1})
    assert (response.status_code, response.json()["other"]) == (409, "/items/2")
    assert api.patch("/items/2", json={"name": "Hex nut M4"}).status_code == 200


def test_content_that_is_not_json_is_refused(api):
    """415 by its media type, with what would be taken; 400 where it only claims to be JSON."""
    response = api.post("/items", data={"name": "x"})
    assert (response.status_code, response.headers["accept-post"]) == (415, "application/json")
    broken = api.post("/items", content=b"{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 400
    deep = api.post("/items", content=b"[" * 100_000, headers={"Content-Type": "application/json"})
    assert deep.status_code == 400


@pytest.mark.parametrize(
    ("content", "members"),
    [
        ({}, ["name", "price"]),
        ({**NEW, "price": -1}, ["price"]),
        ({**NEW, "price": True, "stock": 1.5}, ["price", "stock"]),
        ({**NEW, "tags": "tools"}, ["tags"]),
        ({**NEW, "colour": "red"}, ["colour"]),
    ],
)
def test_wrong_members_are_all_listed(api, content, members):
    """422 lists each wrong member once, and says how many they are."""
    response = api.post("/items", json=content)
    problem = response.json()
    assert (response.status_code, [error["member"] for error in problem["errors"]]) == (422, members)
    assert problem["detail"] == ("1 member is wrong" if len(members) == 1 else f"{len(members)} members are wrong")


def test_an_etag_guards_an_item(api):
    """If-None-Match saves the content (304), If-Match the item (412)."""
    tag = api.get("/items/7").headers["etag"]
    assert api.get("/items/7", headers={"If-None-Match": tag}).status_code == 304
    assert api.patch("/items/7", json={"stock": 1}, headers={"If-Match": tag}).status_code == 200
    assert api.patch("/items/7", json={"stock": 2}, headers={"If-Match": tag}).status_code == 412
    assert api.get("/items/7", headers={"If-None-Match": tag}).json()["stock"] == 1


def test_content_has_a_bound(api):
    """More than 1 MiB of JSON is 413, and the connection stays usable."""
    content = b" " * (1 << 20) + b"{}"
    assert api.post("/items", content=content, headers={"Content-Type": "application/json"}).status_code == 413
    assert api.get("/items/1").status_code == 200


async def test_the_shop_has_a_bound(inside, monkeypatch):
    """507 names it: a demo must not fill the memory."""
    monkeypatch.setattr(items, "MAX_ITEMS", 61)
    assert (await inside.post("/items", json=NEW)).status_code == 201
    response = await inside.post("/items", json={**NEW, "name": "another"})
    assert (response.status_code, response.json()["detail"]) == (
        507,
        "the shop holds 61 items (POST /reset empties it)",
    )


def test_responses_come_without_delay(api):
    """Head and content are two writes; with Nagle's algorithm each response would take 40 ms."""
    times = []
    for _ in range(50):
        began = time.monotonic()
        api.get("/items/1")
        times.append(time.monotonic() - began)
    # The quicker half, as others may keep this machine busy.
    assert sorted(times)[20] < 0.04


def test_head_and_options_say_what_get_would(api):
    """HEAD has the fields of GET and no content; OPTIONS and 405 list the methods."""
    head, get = api.head("/items"), api.get("/items")
    assert (head.content, head.headers["link"], head.headers["content-length"]) == (
        b"",
        get.headers["link"],
        get.headers["content-length"],
    )
    assert api.options("/items").headers["allow"] == "GET, HEAD, OPTIONS, POST"
    refused = api.delete("/items")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


def test_reset_puts_everything_back(api):
    """POST /reset gives the state that the server started with."""
    before = api.get("/items?per_page=100").content
    api.delete("/items/1")
    api.post("/items", json=NEW)
    assert api.get("/items?per_page=100").content != before
    assert api.post("/reset").status_code == 204
    assert api.get("/items?per_page=100").content == before


def test_an_unknown_path_is_a_problem(api):
    """404 tells where the paths are listed."""
    response: httpx.Response = api.get("/nothing")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert response.json()["instance"] == "/nothing"
