"""Requests to export: sent by the magics' client to a server that keeps what it got."""

from __future__ import annotations

from hypothesis import strategies as st
from request_text import seen

from httpkit_magics.grammar.plan import Plan
from httpkit_magics.run.client import Client
from httpkit_magics.run.settings import Settings

NASTY = "'\"`$!\\@{}[]()<>&|;#%^~*? \t\r\n\0é☺\x1b\u202e=:,a1"
"""What means something to a shell, to Python or to a .http file."""

_BODIES = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.text(st.sampled_from(NASTY), max_size=40).map(str.encode),
    st.sampled_from(
        [b"", b"@file", b"{{x}}", b"\\{{x}}", b"### \n", b"?? status == 200", b"< file", b"\n\nx\n\n", b"# @name x", b"x\r\n",
         b"a=1&b=2 3", b'{"a": [1, "it\'s", null]}', b"<a>\xc3\xa9</a>", b"@x = 1", b"EOF\nBODY\n", b"-d", b"\xff\0\xfe"]
    ),
)  # fmt: skip
_VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x17F, exclude_characters="\x7f"), max_size=20
).filter(lambda text: not (set(text) & set(map(chr, range(0x7F, 0xA0)))) and "//" not in text)
_TYPES = st.sampled_from(
    [
        "text/plain",
        "application/json",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/octet-stream",
    ]
)
_QUERIES = st.text(st.sampled_from("abz019%-._~!$'()*+,;:@/?[]{}|\"`^\\<>"), max_size=12)


@st.composite
def plans(draw, url="{}"):
    """Draw a plan without credentials; `{}` in its target stands for the server."""
    body = draw(_BODIES)
    method = draw(
        st.sampled_from(["GET", "POST", "PUT", "DELETE"] if body is None else ["POST", "PUT", "PATCH", "DELETE"])
    )
    headers = [(f"X-{number}", value.strip()) for number, value in enumerate(draw(st.lists(_VALUES, max_size=3)))]
    headers += draw(
        st.sampled_from([[], [("X-0", "again")], [("Accept", "text/csv")], [("Accept", None), ("User-Agent", None)]])
    )
    headers += [("Accept-Encoding", draw(st.sampled_from([None, "gzip", "identity"])))]
    if body is not None:
        headers += [("Content-Type", draw(_TYPES))]
    query = draw(_QUERIES)
    return Plan(method, f"{url}/p?{query}" if query else f"{url}/p", headers=tuple(headers), body=body, is_encoded=True)


def sent(plan, server):
    """Send a plan and return its record, and the request that the server saw."""
    server.requests.clear()
    client = Client()
    try:
        record = client.send(plan, Settings()).job.result(10)
    finally:
        client.close()
    assert record.failure is None, record.failure
    (request,) = server.requests
    return record, seen(request)
