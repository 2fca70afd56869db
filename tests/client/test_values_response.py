"""Responses made from values: what a middleware answers by itself."""

import gzip

import pytest

import httpkit
from httpkit import ClientResponse, ClientSession


async def answered(**values):
    """Return the response that a middleware made of these values, and its body."""

    async def answer(request, _handler):
        return ClientResponse.from_values(request, **values)

    async with ClientSession(middlewares=(answer,)) as session, session.get("http://nowhere.example/x#y") as response:
        return response, await response.read()


async def test_no_network_is_needed():
    """Status, reason, fields, body and URL are what they were said to be."""
    fields = [("Content-Type", "text/plain; charset=latin-1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    response, body = await answered(status=201, reason="Created", headers=fields, body=b"caf\xe9")
    assert (response.status, response.reason, body) == (201, "Created", b"caf\xe9")
    assert (response.content_type, await response.text()) == ("text/plain", "café")
    assert response.headers.getall("Set-Cookie") == ["a=1", "b=2"]
    assert (str(response.url), str(response.real_url)) == ("http://nowhere.example/x", "http://nowhere.example/x#y")
    assert (response.closed, response.version, response.history) == (True, httpkit.HttpVersion11, ())


@pytest.mark.parametrize("is_coded", [True, False])
async def test_a_body_is_decoded_only_if_it_is_coded(is_coded):
    """A recorder may have kept the content as it came or as it was read."""
    body = gzip.compress(b"hello") if is_coded else b"hello"
    _, read = await answered(status=200, headers={"Content-Encoding": "gzip"}, body=body, is_coded=is_coded)
    assert read == b"hello"


async def test_a_redirect_from_values_is_followed():
    """The redirect loop sees no difference."""

    async def answer(request, _handler):
        if request.url.path == "/there":
            return ClientResponse.from_values(request, status=200, body=b"here")
        return ClientResponse.from_values(request, status=302, headers={"Location": "/there"})

    async with ClientSession(middlewares=(answer,)) as session, session.get("http://nowhere.example/") as response:
        assert (await response.read(), [hop.status for hop in response.history]) == (b"here", [302])


async def test_a_status_from_values_is_raised():
    """`raise_for_status` works on it."""
    response, _ = await answered(status=404, reason="Not Found")
    with pytest.raises(httpkit.ClientResponseError, match="404"):
        response.raise_for_status()


async def test_the_limit_of_a_body_counts():
    """`max_body_size` is held for it too."""

    async def answer(request, _handler):
        return ClientResponse.from_values(request, status=200, body=b"x" * 11)

    session = ClientSession(middlewares=(answer,), max_body_size=10)
    async with session, session.get("http://nowhere.example/") as response:
        with pytest.raises(httpkit.BodyTooLarge):
            await response.read()
