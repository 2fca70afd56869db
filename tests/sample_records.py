"""Records for the tests of what a cell shows: one builder, and strategies that fill every field with anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from httpkit_magics.record.record import (
    Certificate,
    Cookie,
    Failure,
    Fields,
    Hop,
    Link,
    Phase,
    Record,
    SentRequest,
)

MARKER = "<img src=x onerror=alert(1)><script>alert(2)</script>"
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def a_record(body: bytes = b"", content_type: str = "", **changes: Any) -> Record:
    """Return a 200 to a GET; `changes` are fields of the record."""
    fields = [("content-type", content_type)] if content_type else []
    fields += changes.pop("headers", [])
    request = changes.pop("request", None) or SentRequest("GET", "https://api.example.org/items")
    changes = {"url": request.url, "status": 200, "reason": "OK", "elapsed": 0.0406, "started": NOW} | changes
    return Record(request, headers=Fields(fields), content=body, **changes)


def a_json_record(value: Any, **changes: Any) -> Record:
    """Return a 200 whose body is `value` as JSON."""
    return a_record(json.dumps(value).encode(), "application/json", **changes)


anything = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.just(MARKER),
    st.sampled_from(["\x1b[31m\x9b2J\x00", "\u202eevil\u2066", "\ud800", "a" * 3000, "https://u:p@h/?token=x", ""]),
)
_MEDIA_TYPES = """
application/json application/problem+json application/x-ndjson text/csv text/tab-separated-values text/html
application/xml image/svg+xml image/png audio/wav video/mp4 text/plain text/event-stream
application/octet-stream application/x-www-form-urlencoded image/none
"""
media_types = st.one_of(st.sampled_from(_MEDIA_TYPES.split()), anything)
charsets = st.sampled_from(
    [None, "utf-8", "latin-1", "utf-16", "shift_jis", "no-such", "punycode", "hex", "\x00", "idna"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(anything, inner, max_size=5),
    max_leaves=30,
)
bodies = st.one_of(
    st.binary(max_size=300),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.lists(json_values, max_size=4).map(lambda values: b"\n".join(json.dumps(v).encode() for v in values)),
    st.lists(st.lists(anything, max_size=3), max_size=4).map(
        lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
    ),
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"<svg onload='x()'>", b"RIFF1234WAVE", b"GIF89a"]).flatmap(
        lambda start: st.binary(max_size=60).map(lambda rest: start + rest)
    ),
    st.just(MARKER.encode()),
)
field_lines = st.lists(
    st.tuples(st.one_of(anything, st.sampled_from(["content-encoding", "set-cookie", "location"])), anything),
    max_size=4,
)
requests = st.builds(
    SentRequest,
    st.one_of(st.just("GET"), anything),
    anything,
    field_lines.map(Fields),
    st.none() | st.binary(max_size=99),
)
seconds = st.floats(0, 10_000)
cookies = st.builds(
    Cookie, anything, anything, st.lists(st.tuples(anything, st.none() | anything), max_size=3).map(tuple)
)
certificates = st.builds(
    Certificate,
    anything,
    anything,
    anything,
    anything,
    st.lists(anything, max_size=3).map(tuple),
    st.none() | st.datetimes(),
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record with anything in any of its fields."""
    fields = draw(field_lines)
    if draw(st.booleans()):
        fields = [("Content-Type", draw(media_types)), *fields]
    return Record(
        draw(requests),
        url=draw(anything),
        status=draw(st.none() | st.integers(0, 999)),
        reason=draw(anything),
        http_version=draw(st.sampled_from(["", "1.1", "HTTP/1.1"])),
        headers=Fields(fields),
        content=draw(bodies),
        encoding=draw(charsets),
        received=draw(st.none() | st.integers(0, 1000)),
        started=draw(st.none() | st.just(NOW)),
        elapsed=draw(seconds),
        phases=tuple(draw(st.lists(st.builds(Phase, anything, seconds, seconds), max_size=3))),
        cookies=tuple(draw(st.lists(cookies, max_size=3))),
        links=tuple(draw(st.lists(st.builds(Link, anything, anything), max_size=2))),
        redirects=tuple(draw(st.lists(st.builds(Hop, st.integers(0, 999), *[anything] * 4), max_size=2))),
        tls=draw(st.none() | certificates),
        failure=draw(st.none() | st.builds(Failure, st.sampled_from(["dns", "other"]), anything, anything, anything)),
    )
