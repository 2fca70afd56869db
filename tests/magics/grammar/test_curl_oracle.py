"""What `%curl` sends beside what the real curl sends, command by command, to one server.

bash runs the command for curl; `%curl` gets its text. Both must give the same requests: method, target, field lines and
body; a multipart body part by part. What may differ is listed in `OWN` and `normal`.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from email import policy
from email.parser import BytesParser

import pytest
from servers.process import find_program
from servers.threaded import response, serving

from httpkit_magics.grammar.curl import parse_curl
from httpkit_magics.run.client import Client
from httpkit_magics.run.settings import Settings

OWN = {"user-agent", "accept-encoding", "expect", "connection"}
"""Fields that each client fills in its own way; they are compared where the command names them."""

COMMANDS = r"""
curl {}/get
curl {}
curl {}?x=1
curl '{}/get?a=1&b=2'
curl "{}/get?a=1&b=2"
curl {}/get?a=1\&b=2
curl {}/a/../b/./c
curl {}/a/b/..
curl --path-as-is {}/a/../b/./c
curl '{}/a?x=%2F%7e%41&y=a+b'
curl '{}/a%2Fb/%c3%a9;v=1,2'
curl {}/é
curl '{}/get?q=é'
curl '{}/a[]?x[]=1'
curl '{}/\[x\]\{y\}'
curl -g '{}/[x]{y}'
curl --globoff '{}/[1-3]'
curl '{}/a?"quoted"<>|^`'
curl {}/get#fragment
curl --url {}/get
curl {}/a {}/b
curl {}/a --next {}/b
curl -d x {}/a --next -X PUT -d y {}/b --next {}/c
curl -X DELETE {}/get
curl -XPATCH -d a=1 {}/post
curl --request OPTIONS {}/get
curl -X POST {}/post
curl -X GET -d a=1 {}/post
curl -I {}/get
curl --head {}/get
curl -I -X GET {}/get
curl -d a=1 {}/post
curl -d a=1 -d b=2 {}/post
curl -d a=1 -d '' -d b {}/post
curl -d '' {}/post
curl -da=1 {}/post
curl --data a=1 {}/post
curl --data-ascii 'a b' {}/post
curl -d @{file} {}/post
curl -d x -d @{file} -d y {}/post
curl --data-binary @{file} {}/post
curl --data-binary @{binary} {}/post
curl --data-binary 'a
b' {}/post
curl --data-raw @a {}/post
curl --data-raw $'a\'b\n\tc\u0021\x41\101\\' {}/post
curl --data-raw $'\xc3\xa9\xff' {}/post
curl --data-raw "a\"b\$c\\d\e'f" {}/post
curl --data-raw "a\
b" {}/post
curl --data-raw 'a'"b"c\ d$'e' {}/post
curl --data-raw "$NAME and ${NAME}" -H X-A:$NAME {}/post
curl --data-urlencode 'a=b c+d~é&' {}/post
curl --data-urlencode 'x y' --data-urlencode '=p=q' --data-urlencode 'a=' {}/post
curl --data-urlencode n@{file} --data-urlencode @{file} {}/post
curl --data-urlencode 'a=x@y' {}/post
curl --data-urlencode 'a=1' -d 'b=2 3' {}/post
curl --json '{"a": 1}' {}/post
curl --json '{"a":' --json ' 1}' {}/post
curl --json @{file} {}/post
curl --json 1 -H 'Accept: text/csv' -H 'Content-Type: application/x-y' {}/post
curl -d a --json b {}/post
curl -G -d a=b -d c=d {}/get
curl -G -d a=b '{}/get?z=1'
curl -G --data-urlencode 'q=two words é' {}/get
curl -G -d a=b {}/get#fragment
curl -G {}/get
curl -G -I -d a=b {}/get
curl -G -X DELETE -d a=b {}/get
curl --url-query 'a=b c' {}/get
curl --url-query '+a=b' -d z=1 {}/post
curl -F a=b {}/post
curl -F a=b -F c='d e' -F a=é {}/post
curl -F 'a=b;type=text/x' {}/post
curl -F 'a=b;type=text/plain; charset=utf-8' {}/post
curl -F 'a="x;y"' -F 'b="q\"r\\s";type=text/y' {}/post
curl -F 'a=b;filename=c.txt' {}/post
curl -F 'a=b;filename=c.json;type=application/json' {}/post
curl -F f=@{file} {}/post
curl -F f=@{binary} {}/post
curl -F f=@{plain} {}/post
curl -F 'f=@{file};filename=other.pdf' {}/post
curl -F 'f=@{file};type=text/csv;filename="q\"x.csv"' {}/post
curl -F 'f=@"{file}"' {}/post
curl -F 'f=<{file}' {}/post
curl -F 'f=<{file};type=text/csv' {}/post
curl -F 'a=1;headers="X-A: b"' {}/post
curl -F 'a=b;encoder=binary' {}/post
curl --form-string 'a=@b;type=c' {}/post
curl -F 'a"b=c' {}/post
curl --form a= {}/post
curl -H Expect: -T {file} {}/put
curl -H Expect: -T {file} {}/folder/
curl -H Expect: -T {file} {}
curl -H Expect: -T {file} '{}/folder/?x=1'
curl -H Expect: -T {binary} -H 'Content-Type: image/png' -X POST {}/put
curl -H Expect: --upload-file {file} {}/put
curl -H 'X-A: b' {}/get
curl -H X-A:b {}/get
curl -H 'X-A: b:c' -H 'X-A: d' {}/get
curl -H 'X-A;' {}/get
curl -H 'X-A:' {}/get
curl -H 'Accept:' {}/get
curl -H 'User-Agent:' {}/get
curl -H 'Accept: text/csv' {}/get
curl -H 'Content-Type: text/plain' -d x {}/post
curl -H 'Content-Type:' -d x {}/post
curl -H 'Host: example.org' {}/get
curl -H 'X-A: é' {}/get
curl -H 'Connection: close' {}/get
curl --header 'X-A: b' {}/get
curl -A mine/1.0 {}/get
curl --user-agent '' {}/get
curl -A a -H 'User-Agent: b' {}/get
curl -e http://example.org/ {}/get
curl --referer 'http://example.org/;auto' {}/get
curl -b a=1 {}/get
curl --cookie 'a=1; b=2' {}/get
curl -b a=1 -b b=2 {}/get
curl -b a=1 -H 'Cookie: z=2' {}/get
curl -r 0-5 {}/get
curl --range -5 {}/get
curl -C 10 {}/get
curl -u ada:pw {}/get
curl -u ada: {}/get
curl -u 'ada:p:w é' {}/get
curl --user ada:pw --basic {}/get
curl -u ada:pw -H 'Authorization: other' {}/get
curl --oauth2-bearer tok.en {}/get
curl -u ada:pw --oauth2-bearer tok {}/get
curl {userinfo}/get
curl -u other:pw {userinfo}/get
curl -H 'Accept-Encoding: gzip' {}/get
curl --compressed -H 'Accept-Encoding: gzip' {}/get
curl -L {}/redirect
curl -L -d a=1 {}/redirect
curl -L -d a=1 {}/redirect307
curl -L -d a=1 -X PUT {}/redirect307
curl -L --max-redirs 2 {}/redirect
curl --location -u ada:pw {}/redirect
curl -L -b a=1 {}/redirect
curl {}/redirect
curl -L -e http://example.org/ {}/redirect
curl -c {jar} {}/set --next -c {jar} {}/get
curl -b '' -L {}/set-and-go
curl -L {}/set-and-go
curl --digest -u ada:pw {}/digest
curl -m 5 --connect-timeout 2.5 --retry 0 {}/get
curl -k --insecure {}/get
curl -s -S -v -i -f -# -N {}/get
curl -sSLkv {}/get
curl -sSfo {out} {}/get
curl -O --output-dir {folder} {}/get
curl -J -O {}/get
curl -w '%{http_code}' -o /dev/null {}/get
curl --http1.1 {}/get
curl --http1.0 --http1.1 {}/get
curl -4 {}/get
curl -q {}/get
curl --no-keepalive --tcp-nodelay {}/get
curl --no-location --no-compressed {}/get
curl --refere http://example.org/ {}/get
curl --proto =http --tlsv1.2 --ciphers ALL {}/get
curl -x {} http://example.org/proxied
curl --proxy {} -U ada:pw http://example.org/proxied
curl -x {} --noproxy '*' {}/get
curl -x {} --noproxy 127.0.0.1 {}/get
curl -x '' {}/get
curl --fail-with-body {}/get
curl -- {}/get
curl {}/get \
  -H 'X-A: b' \
  -d c
curl {}/get # a comment
curl '{}/get' -H 'accept: */*' -H 'accept-language: en-GB,en;q=0.9' -H 'cache-control: no-cache' -b 'sid=abc; theme=dark' -H 'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"' -H 'sec-ch-ua-mobile: ?0' -H 'user-agent: Mozilla/5.0 (X11; Linux x86_64)' --compressed
curl '{}/post' -X POST -H 'User-Agent: Mozilla/5.0' -H 'Accept-Encoding: gzip, deflate' -H 'Content-Type: application/json' -H 'Origin: http://example.org' -H 'Connection: keep-alive' --data-raw '{"query":"{ a(b: \"c\") }","n":[1,2]}'
curl '{}/post' -H 'content-type: multipart/form-data; boundary=----WebKitFormBoundaryAbC' --data-raw $'------WebKitFormBoundaryAbC\r\nContent-Disposition: form-data; name="a"\r\n\r\nit\'s\r\n------WebKitFormBoundaryAbC--\r\n'
"""

FIRST = re.compile(r"^(?=curl )", re.MULTILINE)
LINES = [command.strip("\n") for command in FIRST.split(COMMANDS) if command.strip()]
MOVED = {
    "/redirect": response(status="302 Found", Location="/get"),
    "/redirect307": response(status="307 Temporary Redirect", Location="/get"),
    "/set": response(b"ok", Set_Cookie="a=1; Path=/"),
    "/set-and-go": response(status="302 Found", Location="/get", Set_Cookie="a=1; Path=/"),
    "/digest": response(
        status="401 Unauthorized", WWW_Authenticate='Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
    ),
}


class Answers(dict):
    """An answer for every path."""

    def get(self, path, _default=None):
        """Return what MOVED says, else 200; a proxy is asked for a whole URL."""
        return MOVED.get(path) or response(
            b"ok", Content_Type="text/plain", Content_Disposition="attachment; filename=x.txt"
        )


@pytest.fixture(scope="module")
def server():
    """Return the one server that both ask."""
    with serving(Answers()) as running:
        yield running


@pytest.fixture(scope="module")
def places(server, tmp_path_factory):
    """Return what stands for the names in a command: files, and the server's URL with a user in it."""
    folder = tmp_path_factory.mktemp("curl")
    contents = {
        "file": ("notes.txt", "one\r\ntwo é & more\n".encode()),
        "binary": ("picture.png", bytes(range(256))),
        "plain": ("without-type", b"plain"),
    }
    paths = {"folder": folder, "jar": folder / "jar", "out": folder / "out"}
    for name, (filename, content) in contents.items():
        paths[name] = folder / filename
        paths[name].write_bytes(content)
    return {**paths, "userinfo": f"http://ada:p%20w@127.0.0.1:{server.port}"}


def requests_of_curl(command, server):
    """Return the requests that the real curl sends."""
    server.requests.clear()
    bash = [find_program("bash"), "-c", command]
    environment = {"PATH": "/usr/bin:/bin", "NAME": "two"}
    # curl -O writes where it runs.
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(bash, env=environment, cwd=folder, capture_output=True, timeout=20, check=False)
    assert server.requests, done.stderr.decode()
    return list(server.requests)


def requests_of_ours(command, server):
    """Return the requests that `%curl` sends."""
    server.requests.clear()
    client = Client()
    for plan in parse_curl(command, {"NAME": "two"}).plans:
        record = client.send(plan, Settings()).job.result(10)
        assert record.failure is None, record.failure
    client.close()
    return list(server.requests)


def normal(request, command):
    """Return a request as values that compare: names of fields in small letters, boundaries and nonces left out."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *fields = head.decode("utf-8").split("\r\n")
    pairs = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    named = {name for name in OWN if re.search(rf"-H '?{name}:", command, re.IGNORECASE)}
    named |= {"user-agent"} if re.search(r"\s(-A|--user-agent)\s", command) else set()
    pairs = sorted(pair for pair in pairs if pair[0] not in OWN - named)
    pairs = [
        (name, value.replace(";", "; ").replace(";  ", "; ") if name == "cookie" else value) for name, value in pairs
    ]
    pairs = [(name, _digest(value) if value.startswith("Digest") else value) for name, value in pairs]
    # curl's own with a proxy; and a POST or DELETE without a body says so with us (RFC 9110 section 8.6).
    left_out = [("proxy-connection", "Keep-Alive"), *([] if body or "-d ''" in command else [("content-length", "0")])]
    pairs = [pair for pair in pairs if pair not in left_out]
    types = dict(pairs).get("content-type", "")
    if types.startswith("multipart/") and "WebKit" not in types:
        message = BytesParser(policy=policy.HTTP).parsebytes(f"Content-Type: {types}\r\n\r\n".encode() + body)
        boundary = message.get_boundary()
        assert str(len(body)) == dict(pairs)["content-length"]
        pairs = [(name, value.replace(boundary, "B")) for name, value in pairs if name != "content-length"]
        body = [(sorted(part.items()), part.get_payload(decode=True)) for part in message.iter_parts()]
    # curl leaves a letter of a query as it is, and encodes one of a path in small letters (RFC 3986 section 2.1).
    return first.replace("%c3%a9", "%C3%A9").replace("é", "%C3%A9"), pairs, body


def _digest(value):
    """Return the parameters of a Digest field in the order of their names, without what a client makes up."""
    made_up = re.compile(r"\b(cnonce|response)=.*")
    return sorted(made_up.sub(r"\1", part.strip().replace('"', "")) for part in value.removeprefix("Digest").split(","))


def filled(text, server, places):
    """Return a command with the server's URL and the files in place of their names."""
    for name, place in places.items():
        text = text.replace(f"{{{name}}}", str(place))
    return text.replace("{}", server.url)


@pytest.mark.parametrize("line", LINES)
def test_the_requests_are_those_that_curl_sends(line, server, places, tmp_path, monkeypatch):
    """Method, target, field lines and body are the same."""
    monkeypatch.chdir(tmp_path)
    command = filled(line, server, places)
    expected = [normal(request, command) for request in requests_of_curl(command, server)]
    ours = [normal(request, command) for request in requests_of_ours(command, server)]
    assert expected == ours


def test_there_are_enough_commands():
    """At least 60, none twice."""
    assert len(set(LINES)) == len(LINES) >= 60
