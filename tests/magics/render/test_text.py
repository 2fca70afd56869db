"""Panel -> plain text: golden files. Delete one and run with GOLDEN=write to see what would be new."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from sample_records import NOW, a_json_record, a_record, records

from httpkit_magics.record.record import (
    Certificate,
    Cookie,
    Failure,
    Fields,
    Hop,
    Link,
    Phase,
    Progress,
    SentRequest,
)
from httpkit_magics.render.display import mimebundle

GOLDEN = Path(__file__).parent / "golden"
SENT = SentRequest(
    "GET",
    "https://api.example.org/items?page=1&api_key=0123456789",
    Fields([("accept", "*/*"), ("user-agent", "httpkit/0.1"), ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9")]),
)
CASES = {
    "json": a_json_record(
        {"total": 42, "items": [{"id": 1, "name": "Anvil, cast iron", "price": 129.5}, {"id": 2, "tags": []}], "error": None, "access_token": "abc"},
        request=SENT,
        headers=[("content-encoding", "br"), ("set-cookie", "session=abc; HttpOnly")],
        received=60,
        http_version="HTTP/1.1",
        cookies=(Cookie("session", "abc", (("HttpOnly", None), ("Max-Age", "2592000"))), Cookie("flavour", "oat", (("SameSite", "None"),))),
        links=(Link("next", "https://api.example.org/items?page=2"),),
        phases=(Phase("dns", 0, 0.0021), Phase("connect", 0.0021, 0.004), Phase("tls", 0.0061, 0.0093), Phase("wait", 0.0154, 0.0217)),
        redirects=(Hop(301, "Moved Permanently", "GET", "http://api.example.org/items", "https://api.example.org/items"),),
        tls=Certificate("TLSv1.3", "TLS_AES_256_GCM_SHA384", "CN=api.example.org", "O=Let's Encrypt", ("api.example.org",), NOW + timedelta(days=41)),
    ),
    "table": a_json_record([{"id": n, "name": f"item {n}", "owner": {"id": n}} for n in range(22)]),
    "failure": a_record(status=None, failure=Failure("refused", "Cannot connect", "127.0.0.1 port 9 refused the connection.", "Is the server running?"), elapsed=0.0004),
    "cancelled": a_record(status=None, failure=Failure("cancelled", "Cancelled", "Stopped while waiting for the response."), elapsed=1.02),
    "progress": Progress(SentRequest("GET", "https://example.org/big.iso"), "receiving", 1_200_000, 8_000_000, 2.1),
    "markup": a_record(b"<html>\n\t<p>x</p>\x1b[31m\n</html>\n", "text/html"),
    "binary": a_record(bytes(range(40)), "application/octet-stream"),
    "image": a_record(b"GIF89a\x0a\0\x05\0", "image/gif"),
    "problem": a_record(b'{"title": "No such item", "status": 404}', "application/problem+json", status=404, reason="Not Found"),
    "broken": a_record(b'{"a": 1, "token": "x', "application/json"),
    "empty": a_record(status=204, reason="No Content", request=SentRequest("DELETE", "https://api.example.org/items/1")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_as_it_was(name):
    """Complete and stable: the same record gives the same text on every machine and every day."""
    text = mimebundle(CASES[name])["text/plain"] + "\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write" and not path.exists():
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@settings(max_examples=200, deadline=None)
@given(records())
def test_text_prints_anywhere(record):
    """No control character but the newline, no trailing blanks, and it encodes."""
    text = mimebundle(record)["text/plain"]
    text.encode()
    assert {character for character in text if ord(character) < 32 or 126 < ord(character) < 160} <= {"\n"}
    assert [line for line in text.split("\n") if line != line.rstrip()] == []
