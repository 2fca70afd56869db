"""What `%http` sends beside what the real HTTPie sends, line by line, to one server.

The lines are HTTPie's: a shell's words for HTTPie, the text itself for `%http`. Both must give the same request: method,
target, field lines and body; a multipart body part by part. What may differ is listed in `OWN` and `normal`.
"""

from __future__ import annotations

import gc
import io
import shlex
import warnings
import zlib
from email import policy
from email.parser import BytesParser
from urllib.parse import unquote

import pytest
from httpie.context import Environment
from httpie.core import main as httpie
from servers.threaded import response, serving

from httpkit_magics.grammar.line import parse_line
from httpkit_magics.run.client import Client
from httpkit_magics.run.settings import Settings

OWN = {"user-agent", "accept-encoding", "connection"}
"""Fields that each client fills in its own way; they are compared where the line names them."""

ITEMS = r"""
{}/get
GET {}/get
get {}/get
HEAD {}/empty
DELETE {}/things/3
OPTIONS {}/get
PROPFIND {}/get
PURGE {}/get
{}
{}/
{}?a=1
{}/get?a=1&b=2
{}/get?a=1 b==2
{}/get?
{}/get#fragment
{}/a/../b/./c
{}/path%20with%20blanks
{}/a%2Fb
'{}/a b'
{}/é
'{}/[x]'
{}/a+b?c+d
{}/get q==v
{}/get q==a q==b
{}/get a==1 b==2 a==3
{}/get 'q==two words'
{}/get q==é
{}/get q==
{}/get ==v
{}/get q==a=b
{}/get q==a==b
{}/get q==a:b
{}/get q==a/b
{}/get q==a+b
{}/get q==a@b.c
{}/get 'q==a&b=c'
{}/get q==100%
{}/get 'q==~-._*'
{}/get 'a[]==1' 'a[]==2'
{}/get 'q\==v'
{}/get 'a\=b==c'
{}/get 'time==12:30'
{}/get X-Mine:yes
{}/get X-Mine:a X-Mine:b
{}/get x-mine:a X-MINE:b
{}/get X-Mine:a=b
{}/get X-Mine:a:b
{}/get X-Mine:http://example.org/x
{}/get 'X-Mine: two words '
{}/get X-Empty;
{}/get X-Mine:é
{}/get Accept:
{}/get User-Agent:
{}/get User-Agent:mine/1.0
{}/get Accept-Encoding:identity
{}/get Accept-Encoding:
{}/get Accept:text/csv
{}/get Host:example.org
{}/get Cookie:a=1
{}/get 'Cookie:a=1; b=2'
{}/get X-A:1 X-A:
{}/get X-A: X-A:1
{}/get Referer:http://example.org/
{}/get 'If-None-Match:"abc"'
{}/get Connection:close
{}/post a=1
POST {}/post a=1
put {}/post a=1 b=2
PATCH {}/post a=1
DELETE {}/post a=1
GET {}/post a=1
POST {}/post
PUT {}/post
PATCH {}/post
DELETE {}/post
{}/post a=
{}/post a=é
{}/post 'a=two words'
{}/post 'a="quoted"'
{}/post a=b=c
{}/post a=b:c
{}/post a=b@c.d
{}/post a=1 a=2
{}/post a:=1
{}/post a:=1.50
{}/post a:=1e3
{}/post a:=-0
{}/post a:=true b:=false c:=null
{}/post 'a:="text"'
{}/post 'a:=[1, 2, "x"]'
{}/post 'a:={{"b": {{"c": 1}}}}'
{}/post 'a:={{"b": 1, "b": 2}}'
{}/post 'a:= 1'
{}/post 'a:="\ud83d\ude00"'
{}/post a:=12345678901234567890
{}/post 'a\:b=c'
{}/post 'a\=b=c'
{}/post 'a\@b=c'
{}/post 'a\\b=c'
{}/post 'a=b\=c'
{}/post 'a=b\\c'
{}/post 'a=b\nc'
{}/post 'a\;b=c'
{}/post a=1 q==2 X-H:3
{}/post a=1 Accept:text/plain
{}/post a=1 Content-Type:application/vnd.api+json
{}/post a=1 Content-Type:
{}/post a=1 Accept: Content-Type:
{}/post 'a[b]=c'
{}/post 'a[b][c]=d' 'a[b][e]=f'
{}/post 'a[]=1' 'a[]=2'
{}/post 'a[0]=x' 'a[2]=z'
{}/post 'a[2]=z' 'a[0]=x'
{}/post 'a[][b]=1' 'a[][b]=2'
{}/post 'a[b][]=1' 'a[b][]:=2'
{}/post 'a[0][0]:=1' 'a[0][1]:=2' 'a[1][0]:=3'
{}/post '[]=1' '[]:=2'
{}/post '[0]=x' '[2]=y'
{}/post '[][a]=1' '[0][b]=2'
{}/post 'a\[b\]=c'
{}/post 'a\[b=c'
{}/post 'a[\0]=zero'
{}/post 'a[b\]c]=d'
{}/post 'a[b c]=d'
{}/post 'a[1]=x' a=y
{}/post 'a:=[1]' 'a[1]:=2'
{}/post 'a[]:=[1]' 'a[0][]:=2'
{}/post '1=one'
{}/post '1[2]=x'
{}/post =x
{}/post ':=[1, 2]'
{}/post 'a[é]=ü'
"""

OPTIONS = r"""
-j {}/get
--json {}/get
-j GET {}/get q==1
-j POST {}/post
--form {}/get
-f POST {}/post
-f {}/post a=1
-f {}/post a=1 b=2 a=3
-f {}/post 'a=two words&more'
-f {}/post a=é
-f {}/post a=
-f {}/post a:=1 b:=true c:=1.5
-f {}/post 'a:="text"'
-f {}/post 'a[b]=c' 'a[]=1'
-f {}/post 'a\[b\]=c'
-f {}/post a=1 Content-Type:text/plain
-f {}/post a=1 Content-Type:
-f {}/post 'a=~-._*+/'
-f -j {}/post a=1
-j -f {}/post a=1
--form --no-form {}/post a=1
-fv {}/post a=1
-vf {}/post a=1
{}/post a=1 -f
-f {}/post f@{file}
-f {}/post f@{file} a=1
-f {}/post a=1 f@{file} b=2
-f {}/post 'f@{file};type=text/x-mine'
-f {}/post f@{binary}
-f {}/post f@{file} f@{binary}
-f {}/post @{file}
-f {}/post a=@{file}
-f {}/post 'name é=1' 'f é@{file}'
-f {}/post 'a"b=1' f@{file}
--multipart {}/post a=1
--multipart {}/post a=1 b=2 a=3
--multipart {}/post 'a=two|LF|lines'
--multipart {}/post a=1 f@{file}
--multipart {}/post a=@{file}
--multipart --boundary=abc {}/post a=1
--multipart --boundary abc {}/post a=1 Content-Type:multipart/mixed
--multipart {}/post a=1 Content-Type:multipart/related
--multipart {}/post a=1 'Content-Type:multipart/related; boundary=xyz' --boundary xyz
{}/post @{file}
{}/post @{json}
{}/post @{binary}
{}/post @{plain}
PUT {}/post @{file}
{}/post @{file} Content-Type:text/x-mine
{}/post @{file} q==1 X-A:b
{}/post a=@{file}
{}/post a:=@{json}
{}/post a:=@{json} b=1
{}/post 'a[b]:=@{json}'
{}/get X-File:@{plain}
{}/get X-File:@{line}
{}/get q==@{file}
{}/post a=@{file} 'a\[x\]=1'
--raw text {}/post
--raw '{{"a": 1}}' {}/post
--raw= {}/post
--raw text PUT {}/post
--raw text GET {}/post
--raw text {}/post Content-Type:text/plain
--raw text -f {}/post
--raw é {}/post
-x {}/post a=1
-x {}/post a={long}
--compress {}/post a={long} b={long}
-xx {}/post a=1
-x -x {}/post a=1
-xx {}/get
-xx --raw hello {}/post
-xx -f {}/post a=1
-xx {}/post @{file}
-a ada:pw {}/get
--auth ada:pw {}/get
--auth=ada:pw {}/get
-aada:pw {}/get
-a ada: {}/get
-a :pw {}/get
-a ada:p:w {}/get
-a 'ada\:x:pw' {}/get
-a 'ada:p\:w' {}/get
-a é:ü {}/get
-A basic -a ada:pw {}/get
--auth-type=basic --auth ada:pw {}/get
-A bearer -a token.1-2_3~4+5/6= {}/get
--auth-type bearer -a to:ken {}/get
-a ada:pw {}/get Authorization:other
{userinfo}/get
-a ada:pw {userinfo}/get
{userinfo}/get X-A:b
-F {}/redirect
--follow {}/redirect q==1
-F POST {}/redirect a=1
-F POST {}/redirect307 a=1
-F PUT {}/redirect303 a=1
-F --max-redirects 5 {}/redirect
-F {}/redirect X-A:b
--timeout 5 {}/get
--timeout=5 {}/get
--check-status {}/get
--stream {}/get
--ignore-stdin {}/get
-I {}/get
--verify no {}/get
--verify=yes {}/get
-b {}/get
-h {}/get
-v {}/get
-fb {}/post a=1
--print=Hh {}/get
-p b {}/get
--no-verbose {}/get
--no-form {}/post a=1
-q {}/get
{}/post -- a=1
{}/get -- -x==1
{}/post -- --a=1
:{port}/get
:{port}
:{port}/get q==1
localhost:{port}/get
://127.0.0.1:{port}/get
HTTP://127.0.0.1:{port}/get
POST :{port}/post a=1
"""


def lines_of(text):
    """Return the lines of a block, in which `|LF|` stands for a line break."""
    return [line.replace("|LF|", "\n") for line in text.strip().split("\n")]


LINES = [*lines_of(ITEMS), *lines_of(OPTIONS)]

pytestmark = [  # HTTPie leaves files open
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MOVED = {"/redirect": "302 Found", "/redirect303": "303 See Other", "/redirect307": "307 Temporary Redirect"}


class Answers(dict):
    """An answer for every path."""

    def get(self, path):
        """Return a redirect to /get where the path is one, else 200."""
        if path in MOVED:
            return response(status=MOVED[path], Location="/get")
        return response(b"" if path == "/empty" else b"ok", Content_Type="text/plain")


@pytest.fixture(scope="module")
def server():
    """Return the one server that both ask."""
    with serving(Answers()) as running:
        yield running


@pytest.fixture(scope="module")
def client():
    """Return the client behind `%http`."""
    running = Client()
    yield running
    running.close()


@pytest.fixture(scope="module")
def places(server, tmp_path_factory):
    """Return what stands for the names in a line: the server's URL and some files."""
    folder = tmp_path_factory.mktemp("oracle")
    contents = {
        "file": ("notes.txt", "one\ntwo é\n".encode()),
        "json": ("data.json", b'{"x": [1, 2], "y": null}'),
        "binary": ("picture.png", bytes(range(256))),
        "line": ("line.txt", b" a line \n"),
        "plain": ("without-type", b"plain"),
    }
    paths = {}
    for name, (filename, content) in contents.items():
        paths[name] = folder / filename
        paths[name].write_bytes(content)
    return {
        **paths, "port": server.port, "long": "ab" * 100, "userinfo": f"http://ada:pw@127.0.0.1:{server.port}",
    }  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _quick_httpie():
    """Spare each run what no plain request needs: plugins and the system's certificates take 0.15 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpie.ssl_.ensure_default_certs_loaded", lambda _context: None)
        patch.setattr("httpie.plugins.registry.plugin_manager.load_installed_plugins", lambda _folder: None)
        yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()  # the files that HTTPie left open


def from_httpie(line, server, folder):
    """Return the requests that HTTPie sends."""
    (folder / "config.json").write_text('{"disable_update_warnings": true}')
    server.requests.clear()
    stdin = io.StringIO()
    stdin.isatty = lambda: True
    with open("/dev/null", "w") as out:  # noqa: PTH123 - HTTPie wants a text file of the usual kind
        environment = Environment(
            stdin=stdin, stdin_isatty=True, stdout=out, stderr=out, stdout_isatty=True, config_dir=folder
        )
        httpie(["http", *shlex.split(line)], environment)
    return list(server.requests)


def from_ours(line, server, client):
    """Return the requests that `%http` sends."""
    server.requests.clear()
    record = client.send(parse_line(line), Settings()).job.result(10)
    assert record.failure is None
    return list(server.requests)


def normal(request, line):
    """Return a request as values that compare: target decoded, names of fields in small letters, boundaries left out."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *fields = head.decode("utf-8").split("\r\n")
    method, target, version = first.split(" ")
    pairs = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    named = {name for name in OWN if f"{name}:" in line.lower()}
    pairs = sorted(pair for pair in pairs if pair[0] not in OWN - named)
    types = dict(pairs).get("content-type", "")
    if types.startswith("multipart/") and "boundary" in types:
        message = BytesParser(policy=policy.HTTP).parsebytes(f"Content-Type: {types}\r\n\r\n".encode() + body)
        boundary = message.get_boundary()
        assert str(len(body)) == dict(pairs)["content-length"]
        pairs = [(name, value.replace(boundary, "B")) for name, value in pairs if name != "content-length"]
        body = [(part.items(), part.get_payload(decode=True)) for part in message.iter_parts()]
    elif dict(pairs).get("content-encoding") == "deflate":
        body = zlib.decompress(body)
        pairs = [pair for pair in pairs if pair[0] != "content-length"]
    return method, unquote(target.replace("+", "%20")), version, pairs, body


@pytest.mark.parametrize("line", LINES)
def test_the_request_is_the_one_that_httpie_sends(line, server, client, places, tmp_path):
    """Method, target, field lines and body are the same."""
    line = line.replace("{{", "\0").replace("}}", "\1")
    for name, place in places.items():
        line = line.replace(f"{{{name}}}", str(place))
    line = line.replace("{}", server.url).replace("\0", "{").replace("\1", "}")
    expected = [normal(request, line) for request in from_httpie(line, server, tmp_path)]
    assert expected, "HTTPie sent nothing"
    assert expected == [normal(request, line) for request in from_ours(line, server, client)]


def test_there_are_enough_lines():
    """At least 150, none twice."""
    assert len(set(LINES)) == len(LINES)
    assert len(LINES) >= 150
