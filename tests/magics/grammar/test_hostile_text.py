"""Text that nobody types: 10 000 times the same piece, in every grammar: documented errors only, and linear time."""

from __future__ import annotations

import contextlib
import time
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.assertions import parse_check
from httpkit_magics.grammar.cell import parse_cell
from httpkit_magics.grammar.completion import Known, complete
from httpkit_magics.grammar.curl import parse_curl
from httpkit_magics.grammar.line import parse_line, parse_options
from httpkit_magics.grammar.nested import PathError, parse_path
from httpkit_magics.grammar.place import Piece, PlaceError
from httpkit_magics.grammar.plan import LineError
from httpkit_magics.grammar.template import Place, Value, fill
from httpkit_magics.record.redaction import Redactor
from httpkit_magics.record.secrets import Secret

REDACTOR = Redactor([Secret("abcdefghij")])
VALUE = Value("v", "test")


def completed(before, text):
    """Complete at the end of a text."""
    text = before + text
    return complete(text, text.count("\n"), len(text.rpartition("\n")[2]), Known(names=["name"]))


READERS = {
    "line": parse_line,
    "items": lambda text: parse_line(f"/x {text}", lambda _: VALUE),
    "options": parse_options,
    "cell": parse_cell,
    "url of a cell": lambda text: parse_cell(f"GET {text}"),
    "fields of a cell": lambda text: parse_cell(f"POST /x\n{text}"),
    "body of a cell": lambda text: parse_cell(f"POST /x\n\n{text}"),
    "directive": lambda text: parse_cell(f"# @capture {text}\nGET /x"),
    "variable": lambda text: parse_cell(f"@{text}\nGET /x"),
    "curl": lambda text: parse_curl(f"curl {text}"),
    "curl of cmd": lambda text: parse_curl(f'curl ^"http://h/^" ^\n {text}'),
    "data of curl": lambda text: parse_curl(f"curl http://h -d '{text}'"),
    "form of curl": lambda text: parse_curl(f"curl http://h -F '{text}'"),
    "check": parse_check,
    "path": parse_path,
    "completion of a line": partial(completed, "%http "),
    "completion of a cell": partial(completed, "%%http\nGET /\n"),
    **{f"template in {place.name}": partial(lambda place, text: fill(Piece(text, 0), place, lambda _: VALUE), place) for place in Place},
    "text to mask": REDACTOR.text,
    "JSON to mask": REDACTOR.json_text,
    "URL to mask": REDACTOR.url,
    "parts to mask": partial(REDACTOR.request_body, "multipart/form-data"),
    "cookie to mask": partial(REDACTOR.header, "Set-Cookie"),
}  # fmt: skip
PIECES = [
    "a; ", "{", "{{", "{{a", '{{\\"}}', "[", "a[", "(", "'", '"', "\\", '\\"', " ", "\n", "\r\n", ";", "=", ":", "@", "&",
    "?? ", "# @", "### ", "$", "${", "`", "^", "^\n", "%", "%3D", "?a=", "< a", "//", "@@", "-", "\ud800", '{"a":', "a: ",
]  # fmt: skip
DOCUMENTED = (LineError, PlaceError, PathError)


@pytest.mark.parametrize("name", READERS)
def test_what_stands_there_ten_thousand_times_is_read_in_linear_time(name):
    """20 000 characters: what takes quadratic time takes seconds by then."""
    for piece in PIECES:
        text = piece * (20_000 // len(piece))
        began = time.process_time()
        with contextlib.suppress(*DOCUMENTED):
            READERS[name](text)
        assert (piece, time.process_time() - began < 1) == (piece, True)


@pytest.mark.parametrize("name", READERS)
@given(
    st.lists(
        st.sampled_from([*PIECES, "a", "b=", "http://h/", "}}", "]", "GET /x\n", "?? status == 1", "-o r"]), max_size=12
    )
)
def test_any_text_is_read_or_refused_in_words(name, pieces):
    """No other exception than those that the docstrings name."""
    text = "".join(pieces)
    with contextlib.suppress(*DOCUMENTED):
        READERS[name](text)
