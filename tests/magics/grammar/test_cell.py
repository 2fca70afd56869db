"""Cells: blocks, directives, variables, and errors that point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httpkit_magics.grammar.body import FilePiece
from httpkit_magics.grammar.cell import MAX_CELL, parse_cell
from httpkit_magics.grammar.place import CellError, Piece
from httpkit_magics.grammar.plan import Capture

LINES = [
    "GET https://h.org/x", "POST {{base}}/y HTTP/1.1", "  ?a={{b}}", "  &c=d", "Accept: */*", "X-REQUEST-TYPE: GraphQL",
    "Content-Type: application/json", "Content-Type: multipart/form-data", "", "", '{"a": {{x}}}', "{{y|raw}}", "< file",
    "<@ {{f}}", "<@latin1 f", "<@nosuch f", "### title", "###", "# @name a", "# @name", "// @ref a", "# @forceRef b",
    "# @prompt p What?", "# @note", "# @no-redirect", '# @capture t = jsonpath "$.t" secret', "# @capture x", "# @retry 3",
    "# @retry x", "# @timeout 5 ms", "# @paginate", "# @nmae", "# text", "@base = h", "@v", "?? status == 200", "??",
    "> {% x %}", "{{", "}}", "--b", "import a.http", "key", "a b c",
]  # fmt: skip
cells = st.lists(st.sampled_from(LINES) | st.text(max_size=12), max_size=12).map("\n".join)


def cell_or_error(text):
    """Return the cell of `text`, or the error it is refused with."""
    try:
        return parse_cell(text)
    except CellError as error:
        return error


def refused(text):
    """Return the error that `text` is refused with."""
    with pytest.raises(CellError) as caught:
        parse_cell(text)
    return caught.value


@given(cells)
def test_any_text_parses_or_its_error_points_into_it(text):
    """A cell is understood, or a row and column of it are named."""
    read = cell_or_error(text)
    if isinstance(read, CellError):
        lines = text.replace("\r\n", "\n").split("\n")
        assert 1 <= read.row <= len(lines)
        assert lines[read.row - 1] == read.line
        assert 0 <= read.start <= read.end <= len(read.line)
        assert read.column == read.start + 1
        assert read.message


@given(cells)
def test_pieces_stand_where_they_say(text):
    """The text of every piece is that of the cell at its place, so errors in values point right."""
    cell = cell_or_error(text)
    for request in () if isinstance(cell, CellError) else cell.requests:
        texts = [request.target, *(field.value for field in request.headers), *request.checks]
        texts += [piece.path if isinstance(piece, FilePiece) else piece for piece in request.body]
        for piece in texts:
            assert piece.text == cell.text[piece.start : piece.end]


def test_a_comment_within_a_url_is_refused():
    """The lines of a URL stand one after the other, so that each placeholder in it has its place."""
    error = cell_or_error("GET https://h.org/x\n# @name a\n  ?a={{b}}")
    assert (error.row, error.column) == (3, 3)
    assert "a comment stands within the URL" in error.message


def test_requests_are_parted_by_three_hashes():
    """Each has its title, name and place."""
    cell = parse_cell("GET h/1\n### two\n# @name b\nGET h/2\n\nbody\n####\n\n### none\n")
    assert [f"{each.method} {each.target.text}" for each in cell.requests] == ["GET h/1", "GET h/2"]
    assert [("", None, 0), ("two", Piece("b", 24), 1)] == [
        (each.title, each.directives.name, each.block) for each in cell.requests
    ]


def test_directives_are_read_before_the_request_among_its_fields_and_after_its_body():
    """Wherever a comment may stand; # and // alike, names as in other tools."""
    cell = parse_cell(
        "# @name a\n// @prompt user Your name?\n# @note Sure?\n# @noRedirect\n# @no-cookie-jar\nPOST h\nX: y\n# @ref b\n"
        '# @forceRef c\n\nbody\n\n# @capture tok = jsonpath "$.t" secret\n# @capture n = header "X-N"\n# @retry 3\n'
        "# @timeout 500 ms\n"
    )
    said = cell.requests[0].directives
    assert (
        said.name.text, said.note, said.follow, said.cookie_jar, said.retries, said.timeout
    ) == ("a", "Sure?", False, False, 3, 0.5)  # fmt: skip
    assert [(ref.name, ref.always) for ref in said.refs] == [("b", False), ("c", True)]
    assert [(prompt.name, prompt.question) for prompt in said.prompts] == [("user", "Your name?")]
    assert [Capture("tok", 'jsonpath "$.t"', secret=True), Capture("n", 'header "X-N"')] == [
        c for c, _ in said.captures
    ]
    assert [Piece("body", 118)] == list(cell.requests[0].body)


def test_a_disabled_request_is_read_and_not_run():
    """@disabled of httpYac."""
    assert parse_cell("# @disabled\nGET h/1\n###\nGET h/2").requests[0].target.text == "h/2"
    assert parse_cell("# @disabled\nGET h/1").requests == ()


def test_a_near_miss_of_a_directive_is_a_hint_and_any_other_word_is_a_comment():
    """A comment may begin with @; one that looks like a directive is pointed out."""
    assert list(parse_cell("# @nmae x\n# @ada look at this\n# @title x\nGET h").hints) == [
        (0, "@nmae is not known and stays a comment; did you mean @name?")
    ]


@pytest.mark.parametrize(
    ("text", "row", "column", "words"),
    [
        ("", 1, 1, "no request"),
        ("# only\n@a = b\n", 3, 1, "no request"),
        ("GET", 1, 4, "missing URL after GET"),
        ("hello world", 1, 1, "is no request"),
        ('{"a": 1}', 1, 1, "is no request"),
        ("Accept: x\n\nGET h", 1, 1, "a header field stands where the request is"),
        ("GET h\nfoo bar\n", 2, 1, "has no colon"),
        ("GET h\nfoo bar: x\n", 2, 1, "is no header name"),
        ("GET h\n: x\n", 2, 1, "is no header name"),
        ("@x\nGET h", 1, 1, "expected @name = value"),
        ("@x = {{y\nGET h", 1, 6, "{{ has no end"),
        ("GET h/{{}}", 1, 7, "nothing stands between"),
        ("GET h\nX: a{{b", 2, 5, "{{ has no end"),
        ("POST h\n\nab\nc{{d", 4, 2, "{{ has no end"),
        ("# @name a b\nGET h", 1, 9, "is no name"),
        ("# @name if\nGET h", 1, 9, "is no name"),
        ("# @name\nGET h", 1, 8, "is no name"),
        ("# @name a\n# @name b\nGET h", 2, 1, "named 'a' already"),
        ("# @name a\nGET h\n###\n# @name a\nGET h", 4, 9, "names two requests"),
        ("# @capture x\nGET h", 1, 12, "is no capture"),
        ("# @retry 99\nGET h", 1, 10, "expected 1 to 20"),
        ("# @timeout soon\nGET h", 1, 12, "is no time"),
        ("# @name a\n", 1, 1, "no request line follows"),
        ("GET h\n??\n", 2, 1, "nothing stands after ??"),
        ("POST h\n\n<@klingon f\n", 3, 3, "is no charset"),
        ("GET h\n\n> {%\n%}", 3, 1, "JavaScript"),
    ],
)
def test_an_error_points_at_its_line_and_column(text, row, column, words):
    """And says what was expected."""
    error = refused(text)
    assert (row, column) == (error.row, error.column)
    assert words in error.message


def test_a_cell_has_a_limit():
    """Larger bodies come from files; the message names the limit."""
    assert "MAX_CELL" in refused("x" * (MAX_CELL + 1)).message
