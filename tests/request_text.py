"""Requests as a server got them, as values that compare."""

from __future__ import annotations


def seen(request):
    """Return the request line, the field lines sorted by name, and the body of a request's bytes."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *fields = head.decode("utf-8", "surrogateescape").split("\r\n")
    pairs = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    return first, sorted(pairs), body
