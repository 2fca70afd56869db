"""`httpkit.wire.multipart`: bytes of a multipart body and the events they make."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit.errors import BadHttpMessage, InvalidHeader, LineTooLong
from httpkit.wire.multipart import (
    BadMultipart,
    Mark,
    MultipartDecoder,
    PartHead,
    check_boundary,
    encode_head,
    make_boundary,
    parse_length,
)

NO_FIELDS: list[tuple[str, str]] = []


def events_of(decoder: MultipartDecoder, pieces: list[bytes], limit: int = 65536) -> list:
    """Return the decoder's events with heads as lists of fields, adjacent bytes joined, and an error's type last."""
    events: list = []
    try:
        for piece in [*pieces, None]:
            if piece is None:
                decoder.feed_eof()
            else:
                decoder.feed(piece)
            while (event := decoder.take(limit)) is not None:
                if isinstance(event, PartHead):
                    events.append(list(event.fields.items()))
                elif isinstance(event, bytes) and events and isinstance(events[-1], bytes):
                    events[-1] += event
                else:
                    events.append(event)
                if event is Mark.END:
                    return events
    except BadHttpMessage as error:
        events.append(type(error))
    return events


def decode(body: bytes, **options) -> list:
    """Return the events of a whole body with boundary `b`."""
    return events_of(MultipartDecoder("b", **options), [body])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return `data` cut at `places` (modulo its length)."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


field_names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,10}", fullmatch=True).map(lambda name: "X-" + name)
field_values = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20).map(lambda text: text.strip(" "))
# Much of what a part may hold looks like a boundary.
part_bodies = st.lists(st.sampled_from([b"\r\n", b"--", b"b", b"\n", b"\r", b" ", b"x", b"\0"])).map(b"".join)
part_lists = st.lists(st.tuples(st.lists(st.tuples(field_names, field_values), max_size=3), part_bodies), max_size=4)
BOUNDARY = "simple boundary"


def write(parts: list[tuple[list[tuple[str, str]], bytes]], boundary: str = BOUNDARY) -> bytes:
    """Return `parts` as a body, with a preamble and an epilogue."""
    pieces = [b"preamble\r\n"]
    for fields, body in parts:
        pieces += [b"--", boundary.encode(), b"\r\n", encode_head(fields), body, b"\r\n"]
    return b"".join([*pieces, b"--", boundary.encode(), b"--\r\nepilogue"])


class TestParts:
    """RFC 2046 section 5.1.1."""

    def test_a_part_is_a_head_bytes_and_an_end(self):
        """The events of one part, then the end of the body."""
        expected = [[("A", "1")], b"hello", Mark.PART_END, Mark.END]
        assert decode(b"--b\r\nA: 1\r\n\r\nhello\r\n--b--\r\n") == expected

    def test_preamble_and_epilogue_are_dropped(self):
        """What stands before the first and after the last boundary is ignored."""
        body = b"pre\r\namble --b\r\n--b\r\n\r\nx\r\n--b--\r\nepi\r\n--b\r\n\r\ny\r\n--b--"
        assert decode(body) == [NO_FIELDS, b"x", Mark.PART_END, Mark.END]

    def test_a_body_without_parts_is_empty(self):
        """A closing delimiter alone ends the body."""
        assert decode(b"--b--") == [Mark.END]

    @pytest.mark.parametrize("body", [b"--b\r\n\r\n\r\n--b--", b"--b\r\n\r\n--b--"])
    def test_an_empty_part_has_no_bytes(self, body):
        """The line break before a boundary may be that of the empty line."""
        assert decode(body) == [NO_FIELDS, Mark.PART_END, Mark.END]

    def test_padding_after_a_boundary_is_skipped(self):
        """Receivers handle transport padding (RFC 2046 section 5.1.1)."""
        assert decode(b"--b \t\r\n\r\nx\r\n--b \r\n\r\ny\r\n--b-- \t") == [
            NO_FIELDS, b"x", Mark.PART_END, NO_FIELDS, b"y", Mark.PART_END, Mark.END
        ]  # fmt: skip

    @pytest.mark.parametrize("line", [b"--bb", b"--b x", b"--b-", b"-- b", b" --b", b"--b--x", b"--b" + b" " * 257])
    def test_text_that_only_looks_like_a_delimiter_is_data(self, line):
        """Only a whole line of boundary and padding is a delimiter."""
        body = b"x\r\n" + line + b"\r\ny"
        assert decode(b"--b\r\n\r\n" + body + b"\r\n--b--") == [NO_FIELDS, body, Mark.PART_END, Mark.END]

    def test_field_lines_may_end_in_bare_lf(self):
        """Cameras write them so, and aiohttp reads them."""
        assert decode(b"\n--b\nA: 1\n\nx\r\n--b--\n") == [[("A", "1")], b"x", Mark.PART_END, Mark.END]

    def test_a_part_ends_at_a_boundary_right_after_a_bare_lf_head(self):
        """An empty part is empty whatever line break its head has."""
        assert decode(b"--b\nA: 1\n\n--b--\n") == [[("A", "1")], Mark.PART_END, Mark.END]

    def test_a_folded_field_is_joined(self):
        """MIME fields may continue on a line that begins with a space (RFC 5322 section 2.2.3)."""
        assert decode(b"--b\r\nA: 1;\r\n\t2\r\n\r\n\r\n--b--")[0] == [("A", "1; 2")]

    def test_take_gives_at_most_limit_bytes(self):
        """A consumer chooses how much it holds at once."""
        decoder = MultipartDecoder("b")
        decoder.feed(b"--b\r\n\r\nabcde\r\n--b--\r\n")
        assert [decoder.take(2) for _ in range(5)][1:] == [b"ab", b"cd", b"e", Mark.PART_END]

    def test_bytes_come_out_as_soon_as_they_cannot_be_a_boundary(self):
        """A live stream of images shows each one without waiting for the next."""
        decoder = MultipartDecoder("b")
        decoder.feed(b"--b\r\n\r\nimage\r")
        assert [decoder.take(9), decoder.take(9), decoder.take(9)][1:] == [b"image", None]
        decoder.feed(b"!")
        assert decoder.take(9) == b"\r!"


class TestContentLength:
    """A part's Content-Length, which RFC 2046 doesn't know and aiohttp obeys."""

    def test_content_length_counts_the_body(self):
        """A body with a boundary in it is read whole where its length is given."""
        body = b"--b\r\nContent-Length: 9\r\n\r\nx\r\n--b\r\ny\r\n--b--"
        assert decode(body)[1:] == [b"x\r\n--b\r\ny", Mark.PART_END, Mark.END]

    @pytest.mark.parametrize("length", [3, 5, 100])
    def test_a_wrong_content_length_is_an_error(self, length):
        """Neither reading is taken when length and boundary disagree."""
        assert decode(b"--b\r\nContent-Length: %d\r\n\r\nbody\r\n--b--" % length)[-1] is BadMultipart

    def test_forms_ignore_content_length(self):
        """RFC 7578 section 4.8 forbids it in form-data."""
        body = b"--b\r\nContent-Length: 100\r\n\r\nbody\r\n--b--"
        assert decode(body, trust_length=False)[1:] == [b"body", Mark.PART_END, Mark.END]

    def test_nested_multipart_ignores_content_length(self):
        """A nested body ends by its boundaries."""
        head = b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\nContent-Length: 1\r\n\r\n"
        assert decode(head + b"--c--\r\n--b--")[1:] == [b"--c--", Mark.PART_END, Mark.END]

    @pytest.mark.parametrize("value", ["+1", "-1", "1_0", "0x1", "\N{ARABIC-INDIC DIGIT ONE}", "1" * 19, "", "1, 1"])
    def test_content_length_is_digits_only(self, value):
        """int() takes more than RFC 9110 section 8.6 does."""
        with pytest.raises(BadMultipart, match="Content-Length"):
            parse_length(value)


class TestErrors:
    """Each malformed body has its documented error."""

    @pytest.mark.parametrize(
        "body", [b"", b"preamble", b"--b", b"--b\r\n", b"--b\r\nA: 1", b"--b\r\n\r\n", b"--b\r\n\r\nx\r\n--b", b"--b-"]
    )
    def test_a_truncated_body_ends_in_an_error(self, body):
        """CVE-2024-30251: the end of input in any state ends the decoding."""
        assert decode(body)[-1] is BadMultipart

    def test_an_error_comes_again(self):
        """A decoder that failed stays failed."""
        decoder = MultipartDecoder("b")
        decoder.feed(b"--b\r\nA B: 1\r\n\r\n")
        for _ in range(2):
            with pytest.raises(InvalidHeader):
                decoder.take(9)

    @pytest.mark.parametrize(
        "line",
        [b"A", b": 1", b"A : 1", b" A: 1", b"A\0: 1", b"A: \0", b"A: x\ry", b"A: \x7f", b"\xe4: 1", b"A: 1\r\n \0"],
    )
    def test_a_malformed_field_line_is_refused(self, line):
        """RFC 9110 section 5."""
        assert decode(b"--b\r\n" + line + b"\r\n\r\n\r\n--b--") == [InvalidHeader]

    def test_a_field_that_decides_may_not_occur_twice(self):
        """Two readers would take a different one of the two."""
        assert decode(b"--b\r\nContent-Type: a/b\r\ncontent-type: c/d\r\n\r\n\r\n--b--") == [BadHttpMessage]

    def test_cve_2026_34516_field_size_is_bounded(self):
        """CVE-2026-34516/34517: a field line has a limit, complete or not, and the error names it."""
        decoder = MultipartDecoder("b", max_field_size=10)
        decoder.feed(b"--b\r\nA: 4567890\r\n" + b"B: 45678901")
        with pytest.raises(LineTooLong, match=r"10 bytes \(max_field_size\)"):
            decoder.take(9)

    def test_cve_2026_34516_folded_lines_are_bounded_together(self):
        """CVE-2026-34516/34517: folding doesn't get around the limit."""
        assert decode(b"--b\r\nA: 1\r\n" + b" 234\r\n" * 3 + b"\r\n\r\n--b--", max_field_size=10) == [LineTooLong]

    def test_cve_2026_34517_number_of_fields_is_bounded(self):
        """CVE-2026-34516/34517: a head has at most max_headers fields."""
        good, bad = b"A: 1\r\n" * 2, b"A: 1\r\n" * 3
        assert len(decode(b"--b\r\n" + good + b"\r\n\r\n--b--", max_headers=2)[0]) == 2
        assert decode(b"--b\r\n" + bad + b"\r\n\r\n--b--", max_headers=2) == [LineTooLong]

    def test_cve_2025_69227_truncated_bodies_end_under_optimization(self):
        """CVE-2025-69227: no assertion guards a loop; `python -O` ends as well."""
        code = (
            "from httpkit.wire.multipart import *\n"
            "body = b'--b\\r\\nA: 1\\r\\nContent-Length: 3\\r\\n\\r\\nabc\\r\\n--b\\r\\n\\r\\ny\\r\\n--b--'\n"
            "ended = 0\n"
            "for size in range(len(body)):\n"
            "    decoder = MultipartDecoder('b'); decoder.feed(body[:size]); decoder.feed_eof()\n"
            "    try:\n"
            "        for _ in range(20):\n"
            "            if decoder.take(1) is Mark.END: break\n"
            "        else: raise SystemExit('no end at %d' % size)\n"
            "    except BadMultipart: ended += 1\n"
            "print(ended, len(body), __debug__)\n"
        )
        done = subprocess.run(
            [sys.executable, "-O", "-c", code], capture_output=True, text=True, timeout=60, check=True
        )
        ended, size, debug = done.stdout.split()
        assert (int(ended), debug) == (int(size), "False")


class TestProperties:
    """What holds for every body."""

    @given(part_lists)
    def test_parts_round_trip(self, parts):
        """What is written is what is read."""
        expected: list = []
        for fields, body in parts:
            expected += [fields, body, Mark.PART_END] if body else [fields, Mark.PART_END]
        assert events_of(MultipartDecoder(BOUNDARY), [write(parts)]) == [*expected, Mark.END]

    @given(part_lists, st.lists(st.integers(0, 10_000)))
    def test_segmentation_does_not_change_the_events(self, parts, places):
        """A body decodes to the same events however TCP cuts it."""
        body = write(parts)
        whole = events_of(MultipartDecoder(BOUNDARY), [body])
        assert events_of(MultipartDecoder(BOUNDARY), cut(body, places)) == whole

    @given(
        st.lists(
            st.sampled_from(
                [b"--b", b"--b--", b"\r\n", b"\n", b"\r", b" ", b"x", b"A: 1", b"-", b":", b"Content-Length: 2", b"\t"]
            ),
            max_size=30,
        ).map(b"".join),
        st.lists(st.integers(0, 200)),
        st.integers(1, 9),
    )
    def test_any_bytes_give_the_same_events_or_error_however_cut(self, body, places, limit):
        """Malformed bodies too: the same events, and the same documented error after them."""
        assert events_of(MultipartDecoder("b"), cut(body, places), limit) == decode(body)

    @given(part_lists, st.integers(0, 10_000), st.binary(max_size=3))
    def test_any_mutation_gives_events_or_a_documented_error(self, parts, place, junk):
        """Nothing but BadHttpMessage and its subclasses leaves the decoder, and it always ends."""
        body = write(parts)
        place %= len(body)
        events = events_of(MultipartDecoder(BOUNDARY), [body[:place] + junk + body[place + 1 :]])
        assert events[-1] is Mark.END or issubclass(events[-1], BadHttpMessage)

    @given(part_lists.filter(bool))
    def test_the_email_package_reads_the_same_parts(self, parts):
        """An independent reader agrees about the bodies."""
        boundary = make_boundary()
        message = BytesParser(policy=HTTP).parsebytes(
            f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode()
            + write([([("Content-Transfer-Encoding", "base64")], body.hex().encode()) for _, body in parts], boundary)
        )
        theirs = [part.get_payload().encode() for part in message.iter_parts()]
        assert theirs == [body.hex().encode() for _, body in parts]

    @pytest.mark.parametrize(
        "hostile",
        [
            b"\r\n--b" + b" " * 250,
            b"\r\n--",
            b"\r",
            b"\r\n--b-",
            b"\r\n--bb\r\n",
            b"\r\n--b\n",
            b"\r\n--b\r\nA: 1\r\n \r\n\r\n",
        ],
    )
    @pytest.mark.parametrize("size", [1, 7, 1 << 20])
    def test_time_is_linear_under_any_split(self, hostile, size):
        """200 kB of near-boundaries, byte by byte or at once, cost a bounded time for each byte."""
        body = b"--b\r\n\r\n" + hostile * (200_000 // len(hostile))
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        started = time.process_time()
        assert events_of(MultipartDecoder("b"), pieces)[-1] in {BadMultipart, InvalidHeader}
        assert time.process_time() - started < 5

    def test_small_takes_of_a_large_feed_are_linear(self):
        """A consumer of ten bytes at a time doesn't make the decoder search a megabyte each time."""
        started = time.process_time()
        events_of(MultipartDecoder("b"), [b"--b\r\n\r\n" + b"x" * 1_000_000 + b"\r\n--b--"], limit=10)
        assert time.process_time() - started < 5


class TestEncode:
    """What is written."""

    @pytest.mark.parametrize("boundary", ["", "x" * 71, "x ", "a\r\nb", "a\0b", "\N{SNOWMAN}", "tab\there"])
    def test_a_bad_boundary_is_refused(self, boundary):
        """RFC 2046 section 5.1.1: 1 to 70 characters, no line break, no space at the end."""
        with pytest.raises(ValueError, match="boundary"):
            check_boundary(boundary)

    def test_a_good_boundary_is_its_bytes(self):
        """All the characters of RFC 2046 are taken."""
        assert check_boundary("0Az'()+_,-./:=? x") == b"0Az'()+_,-./:=? x"

    def test_boundaries_differ(self):
        """A boundary is random."""
        assert make_boundary() != make_boundary()

    @pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b", "a\x7fb", "a\r\nX: y"])
    def test_cve_2026_50269_a_control_character_in_a_part_head_is_refused(self, text):
        """CVE-2026-34514, CVE-2026-50269: no field line is forged, by name or by value."""
        for fields in ([(text, "v")], [("Name", text)]):
            with pytest.raises(ValueError, match="forge a header"):
                encode_head(fields)
