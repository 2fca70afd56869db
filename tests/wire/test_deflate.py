"""permessage-deflate (RFC 7692): the offer, the agreement, inflating and deflating."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.headers import parse_extension

from httpkit.errors import WebSocketError, WSHandshakeError
from httpkit.wire.deflate import (
    DeflateParameters,
    Deflater,
    Inflater,
    encode_offer,
    parse_agreement,
    parse_extensions,
)

TAIL = b"\x00\x00\xff\xff"
parameters = st.builds(DeflateParameters, st.booleans(), st.booleans(), st.integers(9, 15), st.integers(9, 15))
messages = st.lists(st.binary(max_size=200) | st.text("ab", min_size=50, max_size=3000).map(str.encode), max_size=8)


def server_deflate(payloads, agreed):
    """Return the payloads of a server's messages, made with zlib alone."""
    stream, out = None, []
    for payload in payloads:
        if stream is None or agreed.server_no_context_takeover:
            stream = zlib.compressobj(9, zlib.DEFLATED, -agreed.server_max_window_bits)
        deflated = stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH)
        out.append(deflated.removesuffix(TAIL))
    return out


def server_inflate(payloads, agreed):
    """Return a client's messages as a server reads them, with zlib alone."""
    stream, out = None, []
    for payload in payloads:
        if stream is None or agreed.client_no_context_takeover:
            stream = zlib.decompressobj(-agreed.client_max_window_bits)
        out.append(stream.decompress(payload + TAIL))
    return out


@given(messages, parameters, st.integers(1, 50))
def test_a_servers_messages_inflate_in_any_pieces(payloads, agreed, size):
    """With and without context takeover, at every window."""
    inflater = Inflater(agreed)
    inflated = []
    for deflated in server_deflate(payloads, agreed):
        pieces = [inflater.inflate(deflated[start : start + size]) for start in range(0, len(deflated), size)]
        inflated.append(b"".join(pieces) + inflater.finish(b""))
    assert payloads == inflated


@given(messages, parameters)
def test_a_server_inflates_our_messages(payloads, agreed):
    """Our window is never larger than agreed, and without takeover nothing refers to an earlier message."""
    deflater = Deflater(agreed)
    deflated = [deflater.deflate(payload) for payload in payloads]
    assert payloads == server_inflate(deflated, agreed)
    assert all(deflated)


@given(messages, parameters)
def test_a_message_in_fragments_inflates_to_the_message(payloads, agreed):
    """RFC 7692 section 7.2.1: the tail is left out of the last fragment only."""
    deflater = Deflater(agreed)
    deflated = []
    for payload in payloads:
        half = len(payload) // 2
        first = deflater.deflate(payload[:half], final=False)
        deflated.append(first + deflater.deflate(payload[half:], final=True))
    assert payloads == server_inflate(deflated, agreed)


@given(messages.filter(bool), parameters, st.data())
@settings(max_examples=50)
def test_settings_of_one_message_leave_the_next_readable(payloads, agreed, draw):
    """A level, or window bits, for one message: the server's window and ours stay in step."""
    deflater = Deflater(agreed)
    deflated = []
    for payload in payloads:
        compress = draw.draw(st.sampled_from([None, 1, 9, 10, 15]))
        one = deflater.deflate(payload) if compress is None else deflater.deflate_alone(payload, compress)
        deflated.append(one)
    assert payloads == server_inflate(deflated, agreed)


def test_context_takeover_makes_the_second_message_smaller():
    """RFC 7692 section 7.1.1: that is what keeping the context is for, and what giving it up costs."""
    payload = bytes(range(200))
    kept, lost = Deflater(DeflateParameters()), Deflater(DeflateParameters(client_no_context_takeover=True))
    assert len(kept.deflate(payload)) > 10 * len(kept.deflate(payload))
    assert lost.deflate(payload) == lost.deflate(payload)


def test_inflating_stops_at_its_limit():
    """CVE-2018-1000518 (websockets): a bomb is never inflated as a whole."""
    bomb = Deflater(DeflateParameters(), level=9).deflate(bytes(10_000_000))
    assert len(Inflater(DeflateParameters()).inflate(bomb, 1000)) == 1000
    assert len(Inflater(DeflateParameters()).finish(bomb, 1000)) == 1000
    assert len(Inflater(DeflateParameters()).finish(bomb)) == 10_000_000


@given(st.binary(min_size=1, max_size=100))
def test_any_bytes_inflate_or_are_refused(data):
    """What is no deflate stream is 1002, and nothing else is raised."""
    inflater = Inflater(DeflateParameters())
    try:
        outcome = len(inflater.finish(data, 5000))
    except WebSocketError as error:
        outcome = -error.code
    assert outcome in {-1002, -1009, *range(5001)}


def test_what_is_no_deflate_stream_is_refused():
    """The message names the reason."""
    with pytest.raises(WebSocketError, match="can't be inflated") as caught:
        Inflater(DeflateParameters()).inflate(b"\xff\xff\xff")
    assert caught.value.code == 1002


def final_block(payload):
    """Return `payload` as a deflate stream that ends (BFINAL)."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(payload) + stream.flush(zlib.Z_FINISH)


def test_streams_may_follow_one_another_in_a_message():
    """RFC 7692 section 7.2.3.4 and 7.2.3.5: blocks with BFINAL, then others."""
    inflater = Inflater(DeflateParameters())
    two = final_block(b"He") + final_block(b"llo")
    assert inflater.inflate(two) + inflater.finish(b"\0") == b"Hello"
    assert inflater.finish(two + b"\0", 3) == b"Hel"


def test_a_message_may_be_a_finished_stream():
    """A server that compresses each message with Z_FINISH, and leaves out the empty block behind it."""
    inflater = Inflater(DeflateParameters())
    for text in (b"Hello", b"Hello", b""):
        assert inflater.finish(final_block(text)) == text
        assert inflater.inflate(final_block(text)) + inflater.finish(b"") == text


def test_the_number_of_streams_in_a_message_is_limited():
    """Not CVE'd, aiohttp 3.14.4: each empty stream is two bytes on the wire and a window in memory."""
    inflater = Inflater(DeflateParameters(), max_streams=5)
    empty = final_block(b"")
    assert inflater.finish(empty * 4 + b"\0") == b""
    with pytest.raises(WebSocketError, match=r"more than 5 deflate streams \(max_streams\)") as caught:
        inflater.inflate(empty * 6)
    assert caught.value.code == 1009


@pytest.mark.parametrize("bits", range(9, 16))
def test_a_server_accepts_our_offer(bits):
    """Differential: the `websockets` server understands the offer, and we its answer."""
    ((name, offered),) = parse_extension(encode_offer(bits))
    assert name == "permessage-deflate"
    answer, extension = ServerPerMessageDeflateFactory().process_request_params(offered, [])
    value = "; ".join([name, *(f"{key}={argument}" if argument else key for key, argument in answer)])
    agreed = parse_agreement(value, offered_bits=bits)
    assert agreed == DeflateParameters(
        server_max_window_bits=extension.local_max_window_bits,
        client_max_window_bits=extension.remote_max_window_bits,
    )


def test_eight_window_bits_can_not_be_offered():
    """Zlib can't deflate with 8; aiohttp refuses it with ValueError too."""
    with pytest.raises(ValueError, match="9 to 15 window bits, got 8"):
        encode_offer(8)


flags = st.sampled_from(["server_no_context_takeover", "client_no_context_takeover"]).map(lambda name: (name, None))
windows = st.tuples(
    st.sampled_from(["server_max_window_bits", "client_max_window_bits"]),
    st.sampled_from([None, *map(str, range(6, 18)), "08", "+9", "1_0", "", "x"]),
)


@given(st.lists(flags | windows | st.just(("x", "1")), max_size=4))
@settings(max_examples=300)
def test_agreements_are_taken_and_refused_as_websockets_does(answer):
    """Differential: every combination of parameters, good, bad, repeated and unknown."""
    factory = ClientPerMessageDeflateFactory(client_max_window_bits=True)
    try:
        extension = factory.process_response_params(answer, [])
    except Exception:  # noqa: BLE001 - any of their errors is a refusal
        expected = None
    else:
        expected = DeflateParameters(
            extension.remote_no_context_takeover,
            extension.local_no_context_takeover,
            extension.remote_max_window_bits,
            extension.local_max_window_bits,
        )
    value = "; ".join(["permessage-deflate", *(key if arg is None else f"{key}={arg}" for key, arg in answer)])
    try:
        agreed = parse_agreement(value, offered_bits=15)
    except WSHandshakeError:
        agreed = None
    assert agreed == expected


@pytest.mark.parametrize(
    ("value", "offered_bits", "message"),
    [
        ("permessage-deflate", 0, "not offered"),
        ("x-webkit-deflate-frame", 15, "not offered"),
        ("permessage-deflate, permessage-deflate", 15, "not offered"),
        ("permessage-deflate; server_max_window_bits=15", 12, "server_max_window_bits=15 exceeds the 12 offered"),
        ("permessage-deflate; client_max_window_bits=8", 15, "can't deflate with"),
        ("permessage-deflate; server_no_context_takeover=1", 15, "takes no value"),
        ("permessage-deflate; client_max_window_bits", 15, "must be 8 to 15, got None"),
        ("permessage-deflate;", 15, "malformed"),
        ("permessage-deflate=1", 15, "malformed"),
        ('permessage-deflate; server_max_window_bits="1 0"', 15, "malformed"),
        ("perméssage", 15, "malformed"),
    ],
)
def test_an_agreement_that_was_not_offered_is_refused(value, offered_bits, message):
    """RFC 6455 section 4.1 and RFC 7692 section 7.1."""
    with pytest.raises(WSHandshakeError, match=message):
        parse_agreement(value, offered_bits=offered_bits)


def test_extensions_follow_their_grammar():
    """RFC 6455 section 9.1: a list, parameters, quoted tokens, empty elements."""
    value = ' permessage-deflate ;server_max_window_bits = "10"; client_no_context_takeover,, x-a;b=c'
    assert parse_extensions(value) == [
        ("permessage-deflate", [("server_max_window_bits", "10"), ("client_no_context_takeover", None)]),
        ("x-a", [("b", "c")]),
    ]
    assert parse_agreement("", offered_bits=15) is None


@pytest.mark.parametrize("value", ["a" * 100_000, "a;" * 50_000, "a=" * 50_000, 'a="' * 33_000, " " * 100_000 + "\t,"])
def test_a_long_value_is_refused_in_linear_time(value):
    """No regular expression runs away on a hostile field (the ReDoS rows of the peers)."""
    with pytest.raises(WSHandshakeError) as caught:
        parse_agreement(value + "x", offered_bits=15)
    assert len(str(caught.value)) < 300
