"""/anything, /form, /upload and /response-headers."""

from __future__ import annotations

import hashlib

import pytest


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_anything_answers_any_method(api, method):
    """The request as it came, whatever the path below /anything is."""
    response = api.request(method, "/anything/a%20b?x=1&x=2&y=", headers={"X-Demo": "yes"})
    seen = response.json()
    assert (seen["method"], seen["path"], seen["args"]) == (method, "/anything/a%20b", {"x": ["1", "2"], "y": ""})
    assert (seen["headers"]["x-demo"], seen["origin"]) == ("yes", "127.0.0.1")


def test_anything_reads_json_text_and_bytes(api):
    """`json` where it is JSON, `data` always, bytes that aren't UTF-8 as a data URL."""
    assert api.post("/anything", json={"a": [1]}).json()["json"] == {"a": [1]}
    text = api.post("/anything", content="grün".encode()).json()
    assert (text["data"], text["json"]) == ("grün", None)
    assert api.post("/anything", content=b"\xff").json()["data"] == "data:application/octet-stream;base64,/w=="


def test_a_form_comes_back_with_its_files(api):
    """Names, sizes and digests; a name that repeats has a list."""
    content = bytes(range(256)) * 1000
    files = [("drawing", ("grün.png", content, "image/png")), ("drawing", ("empty.txt", b""))]
    response = api.post("/form", data={"size": ["M4", "M6"]}, files=files).json()
    assert response["form"] == {"size": ["M4", "M6"]}
    assert response["fields"] == [["size", "M4"], ["size", "M6"]]
    assert response["files"][0] == {
        "name": "drawing",
        "filename": "grün.png",
        "content_type": "image/png",
        "size": 256_000,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    assert (response["files"][1]["filename"], response["files"][1]["size"]) == ("empty.txt", 0)


def test_an_urlencoded_form_comes_back(api):
    """In UTF-8."""
    assert api.post("/form", data={"a": "ü&=", "b": ""}).json()["form"] == {"a": "ü&=", "b": ""}


def test_only_forms_are_forms(api):
    """415 for other content, 400 for a multipart without boundary."""
    assert api.post("/form", json={}).status_code == 415
    broken = api.post("/form", content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert (broken.status_code, broken.headers["content-type"]) == (400, "application/problem+json")


def test_upload_digests_any_content(api):
    """Streamed: the size has no bearing on memory."""
    content = b"0123456789" * 300_000
    response = api.put("/upload", content=iter([content[:1000], content[1000:]]))
    assert response.json() == {
        "size": 3_000_000,
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_type": "",
        "framing": "chunked",
    }
    assert api.post("/upload", files={"f": ("a.bin", content)}).json()["files"][0]["size"] == 3_000_000


def test_an_echo_has_a_bound(api):
    """16 MiB, then 413."""
    assert api.post("/anything", content=bytes(17 << 20)).status_code == 413


def test_fields_can_be_asked_for(api):
    """Each pair of the query is a field; what frames the message can't be set."""
    response = api.get("/response-headers?Link=<%2Fa>%3B%20rel%3Dnext&X-A=1&X-A=2&Content-Type=text/x-demo")
    assert (response.links["next"]["url"], response.headers.get_list("x-a")) == ("/a", ["1", "2"])
    assert response.headers["content-type"] == "text/x-demo"
    for query in ("Content-Length=5", "A%0d%0aB=1", "A=%0d%0aB:1", "=1"):
        assert api.get(f"/response-headers?{query}").status_code == 400
