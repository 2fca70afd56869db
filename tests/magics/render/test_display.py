"""What the notebook asks for, and that no secret is in it."""

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_records import a_json_record, a_record

from httpkit_magics.record.record import Cookie, Fields, Hop, Link, Progress, SentRequest
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.secrets import Secret
from httpkit_magics.render.display import mimebundle, terminal

secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=20).map(
    lambda text: f"s3kr:{text}"
)


def _forms(secret):
    yield from (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1])
    for before in (b"", b"u:", b"us:"):
        # The digits at the edges hold bits of the neighbours as well.
        yield base64.b64encode(before + secret.encode()).decode().rstrip("=")[4:-2]


def _sinks(record, redactor):
    bundle = mimebundle(record, redactor)
    return [html.unescape(bundle["text/html"]), bundle["text/plain"], terminal(record, redactor)]


def _found(secret, texts):
    return [form for form in _forms(secret) for text in texts if form in text]


def _requests(secret):
    """Yield requests that carry the secret, each in another place."""
    encoded = quote(secret, safe="")
    basic = base64.b64encode(f"user:{secret}".encode()).decode()
    url = "https://api.example.org/items"
    yield SentRequest("GET", url, Fields([("Authorization", f"Bearer {secret}")]))
    yield SentRequest("GET", url, Fields([("Authorization", f"Basic {basic}")]))
    yield SentRequest("GET", url, Fields([("Cookie", f"a=b; session={encoded}")]))
    yield SentRequest("GET", url, Fields([("X-Api-Key", secret)]))
    yield SentRequest("GET", f"{url}?api_key={encoded}&x=1")
    yield SentRequest("GET", f"https://user:{encoded}@api.example.org/items")


@settings(deadline=None)
@given(secrets)
def test_what_a_request_carries_is_in_no_sink(secret):
    """Also where the server sends it back: in the body, the reason, a header, a link, a redirect."""
    for request in _requests(secret):
        carried = quote(secret, safe="") if "Cookie" in request.headers else secret
        record = a_json_record(
            {"echo": carried, "all": {"url": request.url, "headers": dict(request.headers.items())}, carried: 1},
            request=request, reason=carried, headers=[("X-Echo", carried), ("Location", request.url)],
            links=(Link("self", request.url),), redirects=(Hop(302, carried, "GET", request.url, request.url),),
        )  # fmt: skip
        assert _found(carried, [*_sinks(record, Redactor()), *_sinks(Progress(request, "sent"), Redactor())]) == []


@settings(deadline=None)
@given(secrets)
def test_what_is_masked_by_its_name_is_in_no_sink(secret):
    """Request bodies, response cookies and telling members of a response; and the URL in a repr."""
    encoded = quote(secret, safe="")
    bodies = [
        ("application/json", json.dumps({"user": "u", "password": secret, "deep": {"keys": [secret]}}).encode()),
        ("application/x-www-form-urlencoded", f"a=b&client_secret={encoded}".encode()),
        ("multipart/form-data; boundary=B", f'--B\r\nContent-Disposition: form-data; name="token"\r\n\r\n{secret}\r\n--B--\r\n'.encode()),
    ]  # fmt: skip
    for media_type, content in bodies:
        request = SentRequest(
            "POST", f"https://u:{encoded}@h/?token={encoded}", Fields([("Content-Type", media_type)]), content
        )
        record = a_json_record(
            {"access_token": secret, "user": {"passwords": [secret]}}, request=request,
            headers=[("Set-Cookie", f"id={encoded}; HttpOnly"), ("X-Auth-Token", secret)],
            cookies=(Cookie("id", encoded, (("HttpOnly", None),)), Cookie("session", encoded)),
        )  # fmt: skip
        assert _found(secret, [*_sinks(record, Redactor()), repr(record)]) == []


@settings(deadline=None)
@given(
    secrets, st.sampled_from(["application/json", "text/plain", "text/html", "text/csv", "application/x-ndjson", ""])
)
def test_a_registered_secret_is_in_no_sink(secret, content_type):
    """Wherever it stands, in each of its forms."""
    forms = [
        secret,
        quote(secret, safe=""),
        base64.b64encode(b"u:" + secret.encode()).decode(),
        json.dumps(secret)[1:-1],
    ]
    body = "\n".join(json.dumps({"a": form, form: "x"}) for form in forms).encode()
    record = a_record(
        body, content_type, url=f"https://h/{quote(secret, safe='')}/x", headers=[("x-note", " ".join(forms))]
    )
    assert _found(secret, _sinks(record, Redactor([Secret(secret)]))) == []


@pytest.mark.parametrize("place", range(16_300, 16_420, 7))
def test_a_secret_on_the_edge_is_not_cut_in_half(place):
    """Masking comes before cutting: no half of a secret stands at the end of what is shown."""
    secret = "0123456789abcdefghijklmnopqrstuvwxyz" * 3
    record = a_record(b"-" * place + secret.encode() + b"-" * 1000, "text/plain")
    assert not any(secret[:12] in sink for sink in _sinks(record, Redactor([Secret(secret)])))


def test_the_bundle_is_html_and_text():
    """Not JSON, which JupyterLab would show instead, and no widget."""
    assert list(mimebundle(a_record())) == ["text/html", "text/plain"]


def test_a_small_response_is_drawn_in_no_time():
    """Below 5 ms of CPU, so that it is nothing beside a request; 0.5 ms were measured."""
    record = a_json_record({"id": 1, "items": [{"a": n, "b": "x"} for n in range(5)]}, headers=[("x", "y")] * 9)
    times = []
    for _ in range(20):
        start = time.process_time()
        mimebundle(record)
        times.append(time.process_time() - start)
    assert min(times) < 0.005
