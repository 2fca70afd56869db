"""Commands of curl -> plans: what is said of options that differ, and every error with its place."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from steps import growth

from httpkit_magics.grammar.curl import MAX_COMMAND, parse_curl
from httpkit_magics.grammar.place import CellError
from httpkit_magics.grammar.plan import Auth, Certificate, FromFile, Multipart, Part, Plan

CHROME_CMD = """\
curl ^"https://h/items?a=1^&b=100^%^25^" ^
  -X ^"PUT^" ^
  -H ^"content-type: application/json^" ^
  -b ^"sid=abc^" ^
  --data-raw ^"^{^\\^"a^\\^":^\\^"x^|y ^%^PATH^%^\\^"^}^"
"""
FIREFOX_BASH = """\
curl 'https://h/graphql' \\
  --compressed \\
  -X POST \\
  -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0' \\
  -H 'Accept: */*' \\
  -H 'Content-Type: application/json' \\
  -H 'Priority: u=4' \\
  -H 'TE: trailers' \\
  --data-raw $'{"query":"it\\'s \\u0021\\\\n"}'
"""


def plan(text, variables=None):
    """Return the one plan of a text."""
    (found,) = parse_curl(text, variables).plans
    return found


def error(text):
    """Return the error of a text: message, the marked piece and the row."""
    with pytest.raises(CellError) as caught:
        parse_curl(text)
    found = caught.value
    return found.message, found.line[found.start : found.end], found.row


def test_what_chrome_copies_for_cmd_is_understood():
    """Carets, doubled backslashes and broken-up percent signs give the browser's request."""
    found = plan(CHROME_CMD)
    assert (found.method, found.target) == ("PUT", "https://h/items?a=1&b=100%25")
    assert dict(found.headers)["Cookie"] == "sid=abc"
    assert found.body == b'{"a":"x|y %PATH%"}'


def test_what_firefox_copies_for_bash_is_understood():
    """Escapes of `$'...'` give the browser's body."""
    found = plan(FIREFOX_BASH)
    assert (found.method, found.target) == ("POST", "https://h/graphql")
    assert found.body == b'{"query":"it\'s !\\n"}'
    assert "Accept-Encoding" not in dict(found.headers)


@pytest.mark.parametrize(
    "text", ["curl h", "curl.exe h", "/usr/bin/curl h", "$ curl h", "h", "curl h ;", "\n\ncurl h\n"]
)
def test_the_word_curl_may_be_left_out(text):
    """The magic says it already; a prompt and a path before it do no harm."""
    assert plan(text).target == "http://h"


def test_a_bare_host_is_http_as_in_curl():
    """`%http` would take https; here the request is curl's. A path and `:8000` stay for the base URL and this machine."""
    targets = [plan(text).target for text in ("example.org/x", "localhost:80", "https://h", "/items", ":8000/x")]
    assert targets == ["http://example.org/x", "http://localhost:80", "https://h", "/items", ":8000/x"]


def test_what_curl_does_by_default_is_said_in_the_plan():
    """No redirects, no cookies kept, no Accept-Encoding, the URL as it is."""
    assert plan("curl http://h/%2F") == Plan(
        "GET", "http://h/%2F", headers=(("Accept-Encoding", None),), follow=False, cookie_jar=False, is_encoded=True
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("-L", {"follow": True, "max_redirects": 50}),
        ("-L --max-redirs -1", {"max_redirects": 1000}),
        ("-k", {"verify": False}),
        ("--cacert ca.pem", {"verify": "ca.pem"}),
        ("--cert c.pem:pw", {"certificate": Certificate("c.pem", None, "pw")}),
        ("--cert c.pem --key k.pem --pass pw", {"certificate": Certificate("c.pem", "k.pem", "pw")}),
        ("--cert 'C:\\c.pem:pw'", {"certificate": Certificate("C:\\c.pem", None, "pw")}),
        ("-u ada:p:w", {"auth": Auth("basic", "ada", "p:w")}),
        ("-u ada", {"auth": Auth("basic", "ada", None)}),
        ("--digest -u ada:pw", {"auth": Auth("digest", "ada", "pw")}),
        ("--oauth2-bearer t", {"auth": Auth("bearer", "", "t")}),
        ("-m 2.5 --connect-timeout 1", {"timeout": 2.5, "connect_timeout": 1.0}),
        ("-o f", {"download": True, "output": "f"}),
        ("-o f --output-dir d", {"output": "d/f"}),
        ("-o /dev/null", {"download": False, "output": None}),
        ("-OJ", {"download": True, "output": None}),
        ("-o f -C -", {"resume": True}),
        ("-f", {"check_status": True}),
        ("-c jar", {"cookie_jar": True}),
        ("-b jar.txt", {"cookie_jar": True}),
        ("-N", {"stream": True}),
        ("--retry 3", {"retries": 3}),
        ("-x p", {"proxies": (("all", "http://p:1080"),)}),
        ("-x https://p:8 -U a:b@c", {"proxies": (("all", "https://a:b%40c@p:8"),)}),
        ("-x u:p@p:8", {"proxies": (("all", "http://u:p@p:8"),)}),
        ("--socks5-hostname p:9", {"proxies": (("all", "socks5h://p:9"),)}),
        ("--socks4 p", {"proxies": (("all", "socks4://p:1080"),)}),
        ("-x p --noproxy x,.h", {"proxies": ()}),
        ("-x p --noproxy x", {"proxies": (("all", "http://p:1080"),)}),
    ],
)
def test_options_set_the_plan(options, expected):
    """Each option is where the plan has it."""
    found = plan(f"curl h/f {options}")
    assert {name: getattr(found, name) for name in expected} == expected


def test_a_file_is_read_later():
    """The grammar reads nothing: a file is in the plan by its name."""
    assert plan("curl h -d a -d @f").body == (b"a&", FromFile("f", "one line"))
    assert plan("curl h -F f=@d/x.png").body == Multipart((Part("f", FromFile("d/x.png"), "x.png", "image/png"),))


def test_remote_names_come_from_the_url():
    """-O names the file as the URL's path ends, and never another folder."""
    assert plan("curl -O 'h/a/b%2Fc.txt?x'").output == "b_c.txt"


def test_several_requests_give_several_plans():
    """URLs, --next and lines each make a request; outputs go with URLs in order."""
    found = parse_curl("curl -o x -o y a b --next c\ncurl d").plans
    assert [(one.target, one.output) for one in found] == [
        ("http://a", "x"), ("http://b", "y"), ("http://c", None), ("http://d", None)
    ]  # fmt: skip


def test_a_semicolon_silences_all():
    """As with `%http`, a `;` at the end means no panel."""
    assert [one.silent for one in parse_curl("curl a b ;").plans] == [True, True]


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ("--http2", "--http2 has no effect here: HTTP/1.1 is used"),
        (
            "-w '%{json}'",
            "-w, --write-out has no effect here: the panel shows it; r.timing, r.status and r.headers have it",
        ),
        ("-H 'Content-Length: 3'", "-H Content-Length has no effect here: the client writes it by itself"),
        ("-H ':authority: h'", "-H :authority has no effect here: the client writes it by itself"),
        ("-LX POST", "-X with -L: a redirect may change the method to GET, which curl does not do with -X"),
    ],
)
def test_what_has_no_effect_is_noted(options, note):
    """An option whose request is the same without it is accepted, and said."""
    assert parse_curl(f"curl h {options}").notes == (note,)


def test_what_is_of_no_interest_is_not_noted():
    """Nobody wants to read that there is no progress meter."""
    assert parse_curl("curl -sSvi# --tcp-nodelay h").notes == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("missing URL; expected curl [OPTIONS] URL", "", 1)),
        ("curl -v", ("missing URL; expected curl [OPTIONS] URL", "", 1)),
        ("curl h -X", ("-X needs a value; expected METHOD", "-X", 1)),
        ("curl h --hea x", ("--hea is the beginning of 2 options; expected --head or --header", "--hea", 1)),
        ("curl h \\\n --compresed", ("unknown option --compresed; did you mean --compressed?", "--compresed", 2)),
        ("curl h -K f", ("-K, --config can't be done here: options of a file are not read", "-K", 1)),
        ("curl h --aws-sigv4 aws:amz", ("--aws-sigv4 can't be done here: AWS signatures can't be made yet", "--aws-sigv4", 1)),
        ("curl h --resolve a:1:b", ("--resolve can't be done here: the system's resolver is asked", "--resolve", 1)),
        ("curl h -d x -F a=b", ("-d and -F ask for different requests; expected one of them", "a=b", 1)),
        ("curl h -I -T f", ("-T and -I ask for different requests; expected one of them", "-I", 1)),
        ("curl h -X 'A B'", ("'A B' is no method; expected letters, such as PUT", "'A B'", 1)),
        ("curl h -H oops", ("'oops' is no header; expected 'Name: value', 'Name:' (not sent) or 'Name;' (empty)", "oops", 1)),
        ("curl h -H $'a: b\\nc: d'", ("a has a line break; expected one line", "$'a: b\\nc: d'", 1)),
        ("curl h -H @f", ("headers are not read from a file; expected -H for each", "@f", 1)),
        ("curl h -d @-", ("there is no standard input here; expected a file after @, or the data itself", "@-", 1)),
        ("curl h -T -", ("there is no standard input here; expected a file", "-", 1)),
        ("curl h -G -d @f", ("a file can't go into the query here; expected its text", "@f", 1)),
        ("curl h -F a", ("'a' has no =; expected NAME=CONTENT or NAME=@FILE", "a", 1)),
        ("curl h -F 'a=(;type=x'", ("a multipart inside a part can't be written; expected NAME=CONTENT", "'a=(;type=x'", 1)),
        ("curl h -F a=@b,c", ("one part holds one file; expected an -F for each, or quotes around a name", "a=@b,c", 1)),
        ("curl h -F 'a=b;c'", ("';c' is no attribute of a part; expected ;type=", "'a=b;c'", 1)),
        ("curl h -F 'a=b;encoder=base64'", ("parts are sent as they are; expected encoder=binary or none", "'a=b;encoder=base64'", 1)),
        ("curl h -F a=@-", ("there is no standard input here; expected a file", "a=@-", 1)),
        ("curl h -F 'a=b;headers=x'", ("'x' is no header; expected headers=\"Name: value\"", "'a=b;headers=x'", 1)),
        ("curl h -x 'a b:c'", ("'a b:c' is no proxy; expected [SCHEME://]HOST[:PORT]", "'a b:c'", 1)),
        ("curl h/x -OJ --output-dir d", ("the response names the file of -J, in this folder; expected -o FILE", "d", 1)),
        ("curl ''", ("the URL is empty; expected a URL", "''", 1)),
        ("curl h -8insecure", ("unknown option -8; did you mean --insecure?", "-8insecure", 1)),
        ("curl h -m soon", ("'soon' is no number of seconds; expected one such as 2.5, or 0 for no limit", "soon", 1)),
        ("curl h --max-redirs x", ("'x' is no number for --max-redirs; expected 0 or more", "x", 1)),
        ("curl h -C x", ("'x' is no offset; expected a number of bytes, or -", "x", 1)),
        ("curl h -x ftp://p", ("ftp is no kind of proxy; expected http, https", "ftp://p", 1)),
        ("curl h -E c --cert-type P12", ("'P12' can't be read; expected PEM", "P12", 1)),
        ("curl h/ -O", ("-O takes the file's name from the URL, and it has none; expected -o FILE", "h/", 1)),
        ("curl 'h/{a,b}'", ("{ in a URL makes curl send several requests; expected -g, which takes it as it is", "'h/{a,b}'", 1)),
        ("curl h/[1-3]", ("[ in a URL makes curl send several requests", "h/[1-3]", 1)),
        ("curl ftp://h", ("ftp is not spoken here; expected http or https", "ftp://h", 1)),
        ("curl h --next", ("missing URL; expected curl [OPTIONS] URL", "", 1)),
        ("curl --next h", ("no URL before --next; expected one", "--next", 1)),
        ("curl h | jq .", ("'|' is not for curl: another program would get the output", "|", 1)),
        ("curl h\nwget x", ("'wget' is no command of curl; expected curl, or \\ at the end of the line before", "wget", 2)),
        ("wget h", ("wget is another program; expected a command of curl", "wget", 1)),
        ('Invoke-WebRequest -Uri "h"', ("this is for PowerShell; expected what a browser's Copy as cURL (bash)", "Invoke-WebRequest", 1)),
        ("$session = New-Object X", ("this is for PowerShell; expected", "$session =", 1)),
        ("curl.exe h `\n -v", ("` continues a line in PowerShell; this is for PowerShell", "`", 1)),
        ('fetch("h")', ("this is JavaScript; expected what a browser's Copy as cURL (bash)", "fetch(", 1)),
        ("curl $TOKEN", ("$TOKEN is not set; expected it in the environment", "$TOKEN", 1)),
    ],
)  # fmt: skip
def test_errors_say_what_was_expected_and_where(text, expected):
    """Message, the piece that is marked, and the row."""
    message, marked, row = error(text)
    assert (message[: len(expected[0])], marked, row) == expected


def test_a_text_has_a_limit():
    """4 MiB of a command are enough; the error names the limit."""
    message, _, _ = error(f"curl h -d {'x' * MAX_COMMAND}")
    assert message == f"the text exceeds {MAX_COMMAND} characters (MAX_COMMAND); put the body into a file"


PIECES = st.sampled_from(
    ["curl", "-X", "-d", "-F", "a=@b", "-H", "X: y", "--next", "-o", "f", "'", '"', "$", "\\", "^", "\n", "h", "http://h/[", "-b",
     "--data-urlencode", "=", "@", "-x", "-u", ":", ";", "&", "-G", "--json", "-T", "é", "\udc80"]
)  # fmt: skip


@given(st.lists(PIECES).map(" ".join) | st.lists(PIECES).map("".join) | st.text())
def test_every_text_is_plans_or_an_error(text):
    """No text raises anything but a CellError, whose place is in its line."""
    try:
        assert parse_curl(text).plans
    except CellError as caught:
        length, place = len(caught.line), (caught.start, caught.end)
    else:
        return
    assert 0 <= place[0] <= place[1] <= length


@pytest.mark.parametrize(
    "filler", ["x", " ", "'", '"', "\\", "^", "`", "$", ";", "\n", "a='", '^"', "\\\n", "{", "-H x "]
)
def test_a_long_text_takes_linear_time(filler):
    """Whatever is pasted: 100 000 characters are read or refused; quadratic time would take minutes."""

    def parse(text):
        with contextlib.suppress(CellError):
            parse_curl(text)

    assert growth(parse, lambda size: f"curl h -d {filler * (size // len(filler))}", 25_000) < 9
