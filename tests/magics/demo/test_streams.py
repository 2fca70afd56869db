"""/events, /ndjson and /json."""

from __future__ import annotations

import itertools
import json
import time

import httpx
import pytest


def _blocks(api, path, **options):
    """Return the blocks of an event stream as lists of (field, value)."""
    text = api.get(path, **options).text
    return [[tuple(line.split(": ", 1)) for line in block.splitlines()] for block in text.split("\n\n") if block]


def _take(api, path, **options):
    """Return what came of a stream, and whether it came to its end."""
    content = b""
    try:
        with api.stream("GET", path, **options) as response:
            for chunk in response.iter_raw():
                content += chunk
    except httpx.RemoteProtocolError:
        return content, False
    return content, True


def test_events_have_id_event_data_and_retry(api):
    """A comment and retry first; data of two lines joins to JSON."""
    first, *events = _blocks(api, "/events?count=10&rate=0")
    assert first[1] == ("retry", "500")
    assert [dict(event)["id"] for event in events] == [str(n) for n in range(1, 11)]
    assert [dict(event)["event"] for event in events] == (["trade"] * 4 + ["stock"]) * 2
    assert [name for name, _ in events[4]] == ["id", "event", "data", "data"]
    assert json.loads("\n".join(value for name, value in events[4] if name == "data")) == {"item": 36, "stock": 5}


def test_events_go_on_after_the_last_one_had(api):
    """Last-Event-ID; 204 tells an EventSource that there are no more (HTML section 9.2.3)."""
    path = "/events?count=10&rate=0"
    whole, rest = _blocks(api, path), _blocks(api, path, headers={"Last-Event-ID": "7"})
    assert rest[1:] == whole[8:]
    assert api.get(path, headers={"Last-Event-ID": "10"}).status_code == 204
    assert api.get(path, headers={"Last-Event-ID": "x"}).status_code == 400


@pytest.mark.parametrize("path", ["/events?count=9&rate=0&drop_after=2", "/ndjson?count=9&rate=0&drop_after=2"])
def test_a_stream_can_break_off_in_the_middle_of_a_message(api, path):
    """The connection ends before the content does, and after half a message."""
    content, is_whole = _take(api, path)
    assert not is_whole
    whole = api.get(path.replace("&drop_after=2", "")).content
    assert whole.startswith(content)
    assert content.count(b'"id":') == 2 + content.rpartition(b"\n")[2].count(b'"id":')
    assert not content.endswith(b"\n")


def test_reconnecting_gets_every_event_once(api):
    """With Last-Event-ID a stream that drops every three events is whole in the end."""
    seen: list[str] = []
    for _ in range(10):
        headers = {"Last-Event-ID": seen[-1]} if seen else {}
        content, is_whole = _take(api, "/events?count=8&rate=0&drop_after=3", headers=headers)
        if is_whole:
            break
        complete = content.decode().split("\n\n")[:-1]
        seen += [block.split("id: ")[1].split("\n")[0] for block in complete if "id: " in block]
    assert seen == [str(n) for n in range(1, 9)]


def test_the_rate_is_kept(api):
    """Ten a second: five take 0.4 s, for the first comes at once."""
    began = time.monotonic()
    assert len(api.get("/ndjson?count=5&rate=10").text.splitlines()) == 5
    assert time.monotonic() - began >= 0.39


def test_an_endless_stream_goes_on_until_the_client_goes(api):
    """count=0 has no end; the server is well after it."""
    with api.stream("GET", "/ndjson?count=0&rate=0") as response:
        lines = list(itertools.islice(response.iter_lines(), 5000))
    assert [json.loads(line)["id"] for line in lines] == list(range(1, 5001))
    assert api.get("/items/1").status_code == 200


def test_tokens_come_as_from_a_language_model(api):
    """Chunks with a delta, then finish_reason, then [DONE]; the whole text with stream false."""
    prompt = {"prompt": "Which bolt?"}
    response = api.post("/events?rate=0", json=prompt)
    data = [block.removeprefix("data: ") for block in response.text.split("\n\n") if block]
    assert data[-1] == "[DONE]"
    choices = [json.loads(chunk)["choices"][0] for chunk in data[:-1]]
    assert choices[-1]["finish_reason"] == "stop"
    text = "".join(choice["delta"].get("content", "") for choice in choices)
    assert text.startswith("You asked: Which bolt? In a hardware shop")
    whole = api.post("/events", json={**prompt, "stream": False}).json()
    assert whole["choices"][0]["message"]["content"] == text


@pytest.mark.parametrize("content", [{}, [], {"prompt": 1}, {"prompt": "x", "max_tokens": 0}])
def test_a_prompt_must_be_there(api, content):
    """422."""
    assert api.post("/events", json=content).status_code == 422


@pytest.mark.parametrize("megabytes", [0, 0.001, 0.5, 3])
def test_json_has_about_the_size_asked_for(api, megabytes):
    """One valid document, the same each time, within 2 % and a row of its size."""
    content = api.get(f"/json/{megabytes}").content
    assert abs(len(content) - megabytes * 1e6) < megabytes * 2e4 + 200
    orders = json.loads(content)
    assert [order["id"] for order in orders] == list(range(1, len(orders) + 1))
    assert content == api.get(f"/json/{megabytes}").content
