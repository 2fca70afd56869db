"""/etag, /cache, /limited and /problem."""

from __future__ import annotations

import time

from httpkit_magics.demo import conditions


def test_a_known_etag_is_not_modified(api):
    """304 with the ETag and no content; weak and strong compare the same here (RFC 9110 section 13.1.2)."""
    assert api.get("/etag/v1").headers["etag"] == '"v1"'
    for seen in ('"v1"', 'W/"v1"', '"v0", "v1"', "*"):
        response = api.get("/etag/v1?weak=1", headers={"If-None-Match": seen})
        assert (response.status_code, response.headers["etag"], response.content) == (304, 'W/"v1"', b"")
    assert api.get("/etag/v1", headers={"If-None-Match": '"v0"'}).status_code == 200


def test_another_etag_fails_the_precondition(api):
    """412 with If-Match."""
    assert api.get("/etag/v1", headers={"If-Match": '"v2"'}).status_code == 412
    assert api.get("/etag/v1", headers={"If-Match": '"v1"'}).status_code == 200


def test_cache_counts_what_it_made(api):
    """A cache that works sees the same number twice."""
    responses = [api.get("/cache/60") for _ in range(2)]
    assert [response.json()["served"] for response in responses] == [1, 2]
    assert responses[0].headers["cache-control"] == "max-age=60"


def test_after_a_few_calls_there_are_too_many(api):
    """429 with Retry-After, and RateLimit fields on each answer; another key has its own window."""
    responses = [api.get("/limited?limit=2&window=5") for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[0].headers["ratelimit-policy"] == '"demo";q=2;w=5'
    assert responses[0].headers["ratelimit"] == '"demo";r=1;t=5'
    assert 1 <= int(responses[2].headers["retry-after"]) <= 5
    assert "retry-after" not in responses[1].headers
    assert api.get("/limited?limit=2&window=5&key=other").status_code == 200


def test_after_the_wait_that_it_names_the_window_is_open(api):
    """Who obeys Retry-After comes in."""
    for _ in range(2):
        response = api.get("/limited?limit=1&window=1")
    assert response.status_code == 429
    time.sleep(int(response.headers["retry-after"]))
    assert api.get("/limited?limit=1&window=1").status_code == 200


async def test_the_oldest_window_makes_room(inside, monkeypatch):
    """The number of windows is bounded: who was forgotten begins anew."""
    monkeypatch.setattr(conditions, "MAX_CLIENTS", 2)
    calls = ["a", "b", "c", "a"]
    answers = [(await inside.get(f"/limited?limit=1&window=60&key={key}")).status_code for key in calls]
    assert answers == [200, 200, 200, 200]
    assert (await inside.get("/limited?limit=1&window=60&key=a")).status_code == 429


def test_the_problem_has_members_of_its_own(api):
    """RFC 9457 section 3.2."""
    response = api.get("/problem")
    assert (response.status_code, response.headers["content-type"]) == (403, "application/problem+json")
    assert response.json() == {
        "type": "https://shop.example/problems/out-of-credit",
        "title": "You do not have enough credit.",
        "status": 403,
        "detail": "Your balance is 30 €, but that costs 50 €.",
        "instance": "/problem",
        "balance": 30,
        "accounts": ["/account/12345", "/account/67890"],
    }
