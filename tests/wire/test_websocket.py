"""Frames <-> messages (RFC 6455 sections 5 and 7): properties, the rules as tables, the limits."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from websockets.frames import Close
from websockets.protocol import Side
from wire.websocket_oracle import deflate_extension, oracle_messages, plain, server_bytes, server_frame

from httpkit.errors import WebSocketError
from httpkit.values.websocket import WSFragment, WSMessage, WSMessageTextBytes, WSMsgType
from httpkit.wire.deflate import DeflateParameters, Deflater, Inflater
from httpkit.wire.masking import mask_payload
from httpkit.wire.websocket import (
    CLOSE_CODES,
    MAX_FRAGMENTS,
    MAX_MSG_SIZE,
    FrameDecoder,
    FrameEncoder,
    encode_close,
    encode_frame,
    parse_close,
)

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def decode_all(pieces, *, streaming=False, **options):
    """Return every message of `pieces`, fed one after the other."""
    decoder = FrameDecoder(**options)
    decoder.streaming = streaming
    messages = []
    for piece in pieces:
        messages += decoder.feed(piece)
        while decoder.has_more:
            messages += decoder.feed(b"")
    return messages


def failure(messages):
    """Return the close code of the ERROR message at the end."""
    assert messages[-1].type is WSMsgType.ERROR
    assert isinstance(messages[-1].data, WebSocketError)
    return int(messages[-1].data.code)


def cut(data, points):
    """Return `data` cut at `points`."""
    edges = [0, *sorted(point % (len(data) + 1) for point in points), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def fragments_of(payloads):
    """Strategy: a payload cut into 1 to 5 fragments, anywhere (within a character too)."""
    return st.tuples(payloads, st.lists(st.integers(0, 10_000), max_size=4)).map(lambda pair: cut(*pair))


payloads = st.binary(max_size=300) | st.integers(120, 132).map(bytes) | st.integers(65530, 65540).map(bytes)
texts = st.text(max_size=200).map(str.encode) | st.text("ab€😀", min_size=100, max_size=300).map(str.encode)
messages_without_close = st.lists(
    st.one_of(
        st.tuples(st.just(TEXT), fragments_of(texts)),
        st.tuples(st.just(BINARY), fragments_of(payloads)),
        st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125).map(lambda payload: [payload])),
    ),
    max_size=12,
)
closes = st.tuples(
    st.just(CLOSE),
    st.tuples(st.sampled_from([1000, 1001, 1011, 3000, 4999]), st.text(max_size=20)).map(
        lambda pair: [Close(*pair).serialize()]
    ),
)
conversations = st.tuples(messages_without_close, st.lists(closes, max_size=1)).map(lambda pair: pair[0] + pair[1])
splits = st.lists(st.integers(0, 200_000), max_size=8)
deflates = st.builds(DeflateParameters, st.booleans(), st.booleans(), st.integers(9, 15), st.integers(9, 15))


def whole(messages):
    """Return what `messages` must be decoded to."""
    out = []
    for opcode, fragments in messages:
        payload = b"".join(fragments)
        out.append(parse_close(payload) if opcode == CLOSE else (opcode, payload, ""))
    return out


@given(conversations, splits)
def test_segmentation_does_not_change_the_messages(messages, points):
    """Messages written by `websockets` are read as they were meant, however TCP cuts the bytes."""
    data = server_bytes(messages)
    assert (whole(messages), None) == plain(decode_all(cut(data, points)))


@given(conversations)
@settings(max_examples=30)
def test_single_bytes_give_the_same_messages(messages):
    """The slowest way that bytes can arrive."""
    data = server_bytes(messages)
    assume(len(data) < 5000)
    assert decode_all([data]) == decode_all([data[i : i + 1] for i in range(len(data))])


@given(conversations, splits, deflates)
@settings(max_examples=60)
def test_compressed_messages_are_read_as_websockets_wrote_them(messages, points, parameters):
    """With every combination of window bits and context takeover (RFC 7692)."""
    data = server_bytes(messages, deflate_extension(parameters, side="server"))
    assert (whole(messages), None) == plain(decode_all(cut(data, points), inflater=Inflater(parameters)))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 15) | st.sampled_from([0, 1, 2, 8, 9, 10]),
            st.booleans(),
            st.sampled_from([0, 0, 0, 0, 0, 0x40, 0x20, 0x10]),
            st.binary(max_size=20) | st.integers(124, 130).map(bytes) | st.text(max_size=9).map(str.encode),
            st.sampled_from([None, None, None, None, None, None, None, b"mask"]),
        ),
        max_size=6,
    ),
    splits,
    st.booleans(),
)
@settings(max_examples=300)
def test_any_frames_mean_to_us_what_they_mean_to_websockets(frames, points, deflate):
    """Differential: the same messages, and where a rule is broken the same close code."""
    data = b"".join(server_frame(op, payload, fin=fin, rsv=rsv, mask=mask) for op, fin, rsv, payload, mask in frames)
    parameters = DeflateParameters()
    extension = deflate_extension(parameters, side="client") if deflate else None
    theirs, their_code = oracle_messages(data, extension=extension)
    ours, our_code = plain(decode_all(cut(data, points), inflater=Inflater(parameters) if deflate else None))
    if our_code == 1007:
        # They leave text to their caller, and so go on behind it; and ours fails at the first fragment that is wrong.
        assert theirs[: len(ours)] == ours
    else:
        assert (theirs, their_code) == (ours, our_code)


@given(conversations, st.data(), st.booleans())
@settings(max_examples=200)
def test_any_mutation_gives_messages_or_a_documented_close_code(messages, draw, deflate):
    """CVE-2025-5399 (curl, an endless loop): whatever a server sends, decoding ends, and nothing but the three close codes come out."""
    parameters = DeflateParameters()
    data = bytearray(server_bytes(messages, deflate_extension(parameters, side="server") if deflate else None))
    assume(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, min(len(data), 400) - 1))] = draw.draw(st.integers(0, 255))
    received = decode_all([bytes(data)], inflater=Inflater(parameters) if deflate else None)
    assert all(message.type is not WSMsgType.ERROR for message in received[:-1])
    if received and received[-1].type is WSMsgType.ERROR:
        assert failure(received) in {1002, 1007, 1009}


@given(st.binary(max_size=200), splits)
@settings(max_examples=200)
def test_any_bytes_give_the_same_in_any_cut(data, points):
    """Segmentation does not matter for garbage either; an error may only come earlier in a longer read."""
    assert plain(decode_all([data])) == plain(decode_all(cut(data, points)))


@given(messages_without_close, splits, deflates, st.booleans())
@settings(max_examples=60)
def test_pieces_of_a_stream_add_up_to_the_messages(messages, points, parameters, deflate):
    """In streaming mode a message comes in pieces, the last of them marked; control frames come between."""
    extension = deflate_extension(parameters, side="server") if deflate else None
    data = server_bytes(messages, extension)
    received = decode_all(cut(data, points), streaming=True, inflater=Inflater(parameters), max_msg_size=10)
    out, parts = [], []
    for message in received:
        if type(message) is WSFragment:
            parts.append(message.data.encode() if message.type is WSMsgType.TEXT else message.data)
            if message.final:
                out.append((message.type, b"".join(parts), ""))
                parts = []
        else:
            out.append(tuple(message))
    assert whole(messages) == out


@given(messages_without_close, deflates, st.booleans())
@settings(max_examples=60)
def test_what_we_encode_websockets_reads(messages, parameters, deflate):
    """Differential, the other way: masked frames, fragments, compression."""
    encoder = FrameEncoder(Deflater(parameters) if deflate else None)
    data = b""
    for opcode, fragments in messages:
        if len(fragments) == 1:
            data += encoder.encode(opcode, fragments[0])
        else:
            for number, fragment in enumerate(fragments):
                data += encoder.encode_fragment(opcode, fragment, final=number == len(fragments) - 1)
    extension = deflate_extension(parameters, side="server") if deflate else None
    assert (whole(messages), None) == oracle_messages(data, side=Side.SERVER, extension=extension)


@given(
    st.lists(st.tuples(st.text(max_size=80).map(str.encode), st.sampled_from([None, 0, 1, 6, 9, 10, 15])), max_size=9),
    deflates,
)
@settings(max_examples=60)
def test_a_message_with_compression_of_its_own_does_not_spoil_the_next(messages, parameters):
    """`send_str(compress=)`: the context that the server keeps stays the one that later messages refer to."""
    encoder = FrameEncoder(Deflater(parameters))
    data = b"".join(encoder.encode(TEXT, payload, compress) for payload, compress in messages)
    extension = deflate_extension(parameters, side="server")
    expected = [(TEXT, payload, "") for payload, _compress in messages]
    assert (expected, None) == oracle_messages(data, side=Side.SERVER, extension=extension)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 70000])
def test_every_length_has_its_shortest_header(length):
    """RFC 6455 section 5.2: 7, 7+16 or 7+64 bits."""
    payload = b"p" * length
    frame = encode_frame(BINARY, payload, mask=b"\0\0\0\0")
    assert frame == server_frame(BINARY, payload, mask=b"\0\0\0\0")
    assert encode_frame(BINARY, payload, mask=b"mask") == frame[: -4 - length or None][: len(frame) - 4 - length] + (
        b"mask" + mask_payload(payload, b"mask")
    )


def test_two_frames_with_the_same_payload_look_different():
    """CVE-2025-10148 (curl): a fixed mask lets a page choose the bytes on the wire."""
    assert len({encode_frame(TEXT, b"the same payload") for _ in range(1000)}) == 1000


@pytest.mark.parametrize("payload", [bytearray(b"abc"), memoryview(b"abc"), memoryview(b"a-b-c-")[::2]])
def test_all_kinds_of_bytes_can_be_sent(payload):
    """`send_bytes` takes bytes, bytearray and memoryview."""
    data = FrameEncoder().encode(BINARY, payload)
    assert ([(BINARY, bytes(payload), "")], None) == oracle_messages(data, side=Side.SERVER)


def test_control_frames_that_the_peer_would_refuse_are_not_sent():
    """RFC 6455 section 5.5: at most 125 bytes, never fragmented."""
    with pytest.raises(ValueError, match="at most 125 bytes, got 126"):
        FrameEncoder().encode(PING, bytes(126))
    with pytest.raises(ValueError, match="must be one frame"):
        encode_frame(PONG, b"", fin=False)


def test_no_message_begins_inside_a_fragmented_one_but_a_ping_may():
    """RFC 6455 section 5.4."""
    encoder = FrameEncoder()
    data = encoder.encode_fragment(TEXT, b"a", final=False)
    with pytest.raises(RuntimeError, match="fragmented message"):
        encoder.encode(TEXT, b"b")
    data += encoder.encode(PING, b"p") + encoder.encode_fragment(TEXT, b"c", final=True) + encoder.encode(TEXT, b"d")
    expected = [(PING, b"p", ""), (TEXT, b"ac", ""), (TEXT, b"d", "")]
    assert (expected, None) == oracle_messages(data, side=Side.SERVER)


def test_per_message_compression_without_negotiation_is_not_compressed():
    """A server that did not agree would fail the connection; aiohttp 3.14.5 sends RSV1 all the same."""
    data = FrameEncoder().encode(TEXT, b"a" * 50, compress=15)
    assert oracle_messages(data, side=Side.SERVER) == ([(TEXT, b"a" * 50, "")], None)


@pytest.mark.parametrize("compress", [-1, 16])
def test_compression_out_of_range_is_refused(compress):
    """0 to 9 are levels, 10 to 15 window bits."""
    with pytest.raises(ValueError, match="compress must be a level"):
        FrameEncoder(Deflater(DeflateParameters())).encode(TEXT, b"a", compress=compress)


BROKEN_FRAMES = {
    "masked server frame": (server_frame(TEXT, b"hi", mask=b"mask"), 1002),
    "masked ping": (server_frame(PING, b"", mask=b"mask"), 1002),
    "RSV1 without deflate": (server_frame(TEXT, b"hi", rsv=0x40), 1002),
    "RSV2": (server_frame(TEXT, b"hi", rsv=0x20), 1002),
    "RSV3": (server_frame(BINARY, b"hi", rsv=0x10), 1002),
    "RSV1 on a ping": (server_frame(PING, b"hi", rsv=0x40), 1002),
    "opcode 3": (server_frame(0x3), 1002),
    "opcode 11": (server_frame(0xB), 1002),
    "fragmented ping": (server_frame(PING, b"", fin=False), 1002),
    "ping of 126 bytes": (server_frame(PING, bytes(126)), 1002),
    "continuation of nothing": (server_frame(0x0, b"x"), 1002),
    "message inside a message": (server_frame(TEXT, b"x", fin=False) + server_frame(TEXT, b"y"), 1002),
    "fragmented message inside a message": (
        server_frame(BINARY, b"", fin=False) + server_frame(BINARY, b"", fin=False),
        1002,
    ),
    "16 bits for a length of 125": (b"\x82\x7e\x00\x7d" + bytes(125), 1002),
    "64 bits for a length of 65535": (b"\x82\x7f" + (65535).to_bytes(8, "big"), 1002),
    "length of 2**63": (b"\x82\x7f" + (2**63).to_bytes(8, "big"), 1002),
    "length of 2**63 - 1": (b"\x82\x7f" + (2**63 - 1).to_bytes(8, "big"), 1009),
    "text that is not UTF-8": (server_frame(TEXT, b"a\xff"), 1007),
    "text that ends within a character": (server_frame(TEXT, "€".encode()[:2]), 1007),
    "text with a surrogate": (server_frame(TEXT, b"\xed\xa0\x80"), 1007),
    "fragment that is not UTF-8": (server_frame(TEXT, b"a", fin=False) + server_frame(0x0, b"\xff", fin=False), 1007),
    "close frame of one byte": (server_frame(CLOSE, b"\x03"), 1002),
    "close frame with code 1005": (server_frame(CLOSE, b"\x03\xed"), 1002),
    "close frame with code 1006": (server_frame(CLOSE, b"\x03\xee"), 1002),
    "close frame with a reason that is not UTF-8": (server_frame(CLOSE, b"\x03\xe8\xff"), 1007),
}


@pytest.mark.parametrize("rule", BROKEN_FRAMES)
def test_a_broken_rule_has_its_close_code(rule):
    """RFC 6455 sections 5, 7 and 8.1; what was complete before it is given, what comes behind it is not."""
    data, code = BROKEN_FRAMES[rule]
    ping = server_frame(PING, b"before")
    received = decode_all([server_frame(TEXT, b"first") + ping + data + server_frame(TEXT, b"behind")])
    assert received[:2] == [(TEXT, "first", ""), (PING, b"before", "")]
    assert (3, code) == (len(received), failure(received))


@pytest.mark.parametrize("code", [0, 1, 999, *range(1000, 1020), 1100, 2000, 2999, 3000, 4999, 5000, 65535])
def test_close_codes_follow_their_table(code):
    """RFC 6455 section 7.4: which codes a close frame may carry, read and written."""
    ((_first, _last, may, _why),) = [row for row in CLOSE_CODES if row[0] <= code <= row[1]]
    payload = code.to_bytes(2, "big") + b"why"
    received = decode_all([server_frame(CLOSE, payload)])
    if may:
        assert [WSMessage(WSMsgType.CLOSE, code, "why")] == received
        assert encode_close(code, b"why") == payload
    else:
        assert failure(received) == 1002
        with pytest.raises(ValueError, match="close code must be"):
            encode_close(code, b"why")
    # An oracle for the table: what the websockets library thinks of the code.
    try:
        Close.parse(payload)
    except Exception:  # noqa: BLE001 - their ProtocolError
        assert not may
    else:
        assert may


def test_the_close_table_has_every_code_once():
    """No gap and no overlap."""
    assert [code for first, last, _may, _why in CLOSE_CODES for code in range(first, last + 1)] == list(range(65536))


def test_an_empty_close_frame_has_no_code():
    """RFC 6455 section 5.5.1; aiohttp gives code 0 and an empty reason."""
    assert [WSMessage(WSMsgType.CLOSE, 0, "")] == decode_all([server_frame(CLOSE)])
    assert encode_close(0) == b""
    with pytest.raises(ValueError, match="at most 123 bytes, got 124"):
        encode_close(1000, bytes(124))


def test_bytes_behind_a_close_frame_are_ignored():
    """RFC 6455 section 1.4: they may be anything."""
    decoder = FrameDecoder()
    close = server_frame(CLOSE, b"\x03\xe8")
    assert [WSMessage(WSMsgType.CLOSE, 1000, "")] == decoder.feed(close + b"\xff\xff" + close)
    assert (decoder.feed(close), decoder.closed) == ([], True)


def test_text_fails_at_its_first_wrong_byte():
    """RFC 6455 section 8.1, Autobahn 6.4: not at the end of the message, nor of the frame."""
    payload = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited"
    frame = server_frame(TEXT, payload)
    decoder = FrameDecoder()
    received = []
    for count, byte in enumerate(frame[2:], 1):
        received = decoder.feed((frame[:2] if count == 1 else b"") + bytes([byte]))
        if received:
            break
    assert (count, failure(received)) == (13, 1007)


def test_text_keeps_its_line_ends():
    """Collecting text translates nothing."""
    text = "a\r\nb\rc\n\u2028\x85" * 20
    frames = cut(server_frame(TEXT, text.encode()), range(0, 200, 3))
    assert [(TEXT, text, "")] == decode_all(frames)


def test_text_is_left_as_bytes_without_decode_text():
    """`decode_text=False` gives WSMessageTextBytes, and does not look for UTF-8."""
    data = server_frame(TEXT, b"a\xff") + server_frame(TEXT, b"a", fin=False) + server_frame(0, b"\xff")
    data += server_frame(BINARY, b"b")
    received = decode_all([data], decode_text=False)
    assert received == [(TEXT, b"a\xff", ""), (TEXT, b"a\xff", ""), (BINARY, b"b", "")]
    assert [WSMessageTextBytes, WSMessageTextBytes, WSMessage] == [type(message) for message in received]


@pytest.mark.parametrize("limit", [1, 100, 125, 126, 1000, 70000])
def test_the_size_limit_is_as_aiohttps(limit):
    """A message must be smaller than max_msg_size, in one frame or in many; 0 is no limit."""
    good, bad = bytes(limit - 1), bytes(limit)
    assert [(BINARY, good, "")] == decode_all([server_frame(BINARY, good)], max_msg_size=limit)
    assert [(TEXT, good.decode(), "")] == decode_all([server_frame(TEXT, good)], max_msg_size=limit)
    for opcode in (TEXT, BINARY):
        received = decode_all([server_frame(opcode, bad)], max_msg_size=limit)
        assert failure(received) == 1009
        assert f"{limit} (max_msg_size)" in str(received[0].data)
        assert [(opcode, bad.decode() if opcode == TEXT else bad, "")] == decode_all(
            [server_frame(opcode, bad)], max_msg_size=0
        )
    two = server_frame(BINARY, b"", fin=False) + server_frame(0, bad)
    assert failure(decode_all([two], max_msg_size=limit)) == 1009


def test_ping_between_fragments_is_given_at_once():
    """RFC 6455 section 5.4: control frames may stand between the fragments of a message."""
    decoder = FrameDecoder()
    assert decoder.feed(server_frame(TEXT, b"a", fin=False)) == []
    assert decoder.feed(server_frame(PING, b"p")) == [(PING, b"p", "")]
    assert decoder.feed(server_frame(0, b"b")) == [(TEXT, "ab", "")]


def test_a_close_frame_may_stand_inside_a_message():
    """RFC 6455 section 5.4: a server that gives up a message half-way says so; the half is never given."""
    frames = server_frame(TEXT, b"half", fin=False) + server_frame(CLOSE, encode_close(1011, b"sorry"))
    assert decode_all([frames]) == [WSMessage(WSMsgType.CLOSE, 1011, "sorry")]


def test_a_message_becomes_a_stream_in_its_middle():
    """What was collected comes first; turned off, the message still ends in pieces and the next is whole."""
    decoder = FrameDecoder(max_msg_size=20)
    frame = server_frame(BINARY, b"0123456789")
    assert decoder.feed(frame[:6]) == []
    decoder.streaming = True
    assert decoder.feed(frame[6:8]) == [(BINARY, b"012345", False)]
    decoder.streaming = False
    assert decoder.feed(frame[8:]) == [(BINARY, b"6789", True)]
    assert decoder.feed(frame) == [(BINARY, b"0123456789", "")]


def test_one_feed_gives_a_batch_and_then_waits():
    """Not CVE'd, aiohttp 3.14.4: a read of tiny messages is not turned into objects all at once."""
    decoder = FrameDecoder(max_batch=1280)
    frames = server_frame(TEXT) * 25
    batches = [len(decoder.feed(frames))]
    while decoder.has_more:
        batches.append(len(decoder.feed(b"")))
    assert batches == [10, 10, 5]


def peak_of(function):
    """Return the bytes that `function` held at its worst."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_drip_of_a_hundred_megabytes_is_refused_at_its_header():
    """CVE-2026-54274 (aiohttp): a 100 MB frame in single bytes ends with 1009 before any of it is kept."""
    header = b"\x82\x7f" + (100_000_000).to_bytes(8, "big")
    decoder = FrameDecoder()
    received = []
    for byte in header:
        assert received == []
        received = decoder.feed(bytes([byte]))
    assert (failure(received), decoder.feed(bytes(10))) == (1009, [])
    assert str(received[0].data) == "message of 100000000 bytes reaches the limit of 4194304 (max_msg_size)"


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_drip_costs_little_more_memory_than_its_bytes(opcode):
    """CVE-2026-54274 (aiohttp): single bytes of an allowed frame make no object each."""
    size = 200_000
    decoder = FrameDecoder()
    decoder.feed(server_frame(opcode, bytes(size))[:10])

    def drip():
        for _ in range(size - 1):
            assert decoder.feed(b"\0") == []

    # io.StringIO joins its pieces at 100 000: 0.8 MB of pointers.
    assert peak_of(drip) < 2 * size + 800_000


def test_a_huge_declared_length_allocates_nothing():
    """No memory is taken for bytes that only a header promises, without a limit either."""
    decoder = FrameDecoder(max_msg_size=0)
    assert peak_of(lambda: decoder.feed(b"\x82\x7f" + (2**40).to_bytes(8, "big") + b"x")) < 10_000


@pytest.mark.parametrize("limit", [1000, MAX_MSG_SIZE])
def test_an_inflate_bomb_is_refused_while_it_inflates(limit):
    """CVE-2018-1000518 (websockets): max_msg_size holds after inflating, and memory stays near it."""
    bomb = Deflater(DeflateParameters(), level=9).deflate(bytes(100 * 1024 * 1024))
    frame = server_frame(BINARY, bomb, rsv=0x40)
    received = []

    def inflate():
        received.extend(decode_all([frame], inflater=Inflater(DeflateParameters()), max_msg_size=max(limit, 120_000)))

    assert peak_of(inflate) < 3 * max(limit, 120_000) + 200_000
    assert failure(received) == 1009
    assert "max_msg_size" in str(received[0].data)


def test_a_bomb_that_is_streamed_comes_in_small_pieces():
    """Streaming has no limit to the message, so each feed has one."""
    bomb = server_frame(BINARY, Deflater(DeflateParameters(), level=9).deflate(bytes(30 * 1024 * 1024)), rsv=0x40)
    decoder = FrameDecoder(inflater=Inflater(DeflateParameters()))
    decoder.streaming = True
    pieces = decoder.feed(bomb)
    sizes = [sum(len(piece.data) for piece in pieces)]
    while decoder.has_more:
        pieces = decoder.feed(b"")
        sizes.append(sum(len(piece.data) for piece in pieces))
    assert sum(sizes) == 30 * 1024 * 1024
    assert max(sizes) < 6 * 1024 * 1024
    assert pieces[-1].final


def test_rsv1_without_negotiated_deflate_is_never_inflated():
    """CVE-2026-59881 (aiohttp): a compressed frame nobody agreed to is 1002."""
    compressed = server_frame(TEXT, Deflater(DeflateParameters()).deflate(b"hello"), rsv=0x40)
    assert failure(decode_all([compressed])) == 1002
    assert decode_all([compressed], inflater=Inflater(DeflateParameters())) == [(TEXT, "hello", "")]


@pytest.mark.parametrize("payload", [b"", b"x"])
def test_endless_fragments_end_with_1009(payload):
    """A message that never ends: the number of its fragments is limited, and empty ones count."""
    decoder = FrameDecoder(max_fragments=1000)
    received = decoder.feed(server_frame(BINARY, payload, fin=False))
    frames = 1
    while not received:
        received = decoder.feed(server_frame(0, payload, fin=False))
        frames += 1
    assert (frames, failure(received)) == (1001, 1009)
    assert str(received[0].data) == "message has more than 1000 fragments (max_fragments)"


def test_endless_fragments_hold_no_memory():
    """The default limit of fragments leaves room for 64-byte fragments of a full message, and none for objects."""
    decoder = FrameDecoder()
    frames = server_frame(BINARY, b"", fin=False) + server_frame(0, b"", fin=False) * (MAX_FRAGMENTS - 1)
    received = []

    def fragments():
        for start in range(0, len(frames), 65536):
            received.extend(decoder.feed(frames[start : start + 65536]))
            while decoder.has_more:
                received.extend(decoder.feed(b""))

    assert peak_of(fragments) < 500_000
    assert received == []
    assert failure(decoder.feed(server_frame(0, b"", fin=False))) == 1009
    assert MAX_MSG_SIZE // MAX_FRAGMENTS == 16


def test_a_ping_flood_comes_in_batches():
    """A megabyte of pings is not turned into half a million messages at once: the reader decides when to go on."""
    decoder = FrameDecoder()
    received = decoder.feed(server_frame(PING) * 524_288)
    assert (len(received), decoder.has_more) == (8192, True)


def test_masked_server_frames_are_refused():
    """Aiohttp's threat model lists it as open: RFC 6455 section 5.1 wants 1002."""
    received = decode_all([server_frame(TEXT, b"hi", mask=b"\0\0\0\0")])
    assert (failure(received), str(received[0].data)) == (1002, "server frame is masked")


def test_a_deflate_stream_may_end_within_a_message():
    """RFC 7692 section 7.2.3.4: a block with BFINAL, and the next message starts anew."""
    bfinal = bytes.fromhex("f348cdc9c9070000")
    frames = server_frame(TEXT, bfinal, rsv=0x40) * 2
    assert decode_all([frames], inflater=Inflater(DeflateParameters())) == [(TEXT, "Hello", "")] * 2
