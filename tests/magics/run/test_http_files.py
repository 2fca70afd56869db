"""What REST Client, JetBrains' client and httpYac document of `.http` files, case by case: what is sent.

Each case is written anew from what the tool documents. What is left out, and why, is in docs/reference/cell-grammar.md.
"""

from __future__ import annotations

import re

import pytest
from cell_desk import Desk, answer, sent

from httpkit_magics.grammar.plan import LineError

JSON = [("Content-Type", "application/json")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]

REQUEST_LINES = {
    "a URL alone is GET": ("https://h.org/x", "GET https://h.org/x"),
    "a method and a URL": ("POST https://h.org/x", "POST https://h.org/x"),
    "the version of HTTP is ignored": ("GET https://h.org/x HTTP/1.1", "GET https://h.org/x"),
    "HTTP/2 is ignored": ("GET https://h.org/x HTTP/2", "GET https://h.org/x"),
    "a method in lower case": ("put https://h.org/x", "PUT https://h.org/x"),
    "a method of WebDAV": ("PROPFIND https://h.org/x", "PROPFIND https://h.org/x"),
    "blank lines before": ("\n\nGET https://h.org/x\n\n", "GET https://h.org/x"),
    "a comment with #": ("# why\nGET https://h.org/x", "GET https://h.org/x"),
    "a comment with //": ("// why\nGET https://h.org/x", "GET https://h.org/x"),
    "a title": ("### why\nGET https://h.org/x", "GET https://h.org/x"),
    "a separator before and after": ("###\nGET https://h.org/x\n###", "GET https://h.org/x"),
    "query lines with ? and &": (
        "GET https://h.org/c\n    ?page=2\n    &size=10",
        "GET https://h.org/c?page=2&size=10",
    ),
    "query lines indented by tabs": (
        "GET https://h.org/c\n\t?page=2\n\t&size=10",
        "GET https://h.org/c?page=2&size=10",
    ),
    "path lines (JetBrains)": (
        "GET https://h.org:8080\n    /api\n    /get\n    ?id=1\n    &v=c",
        "GET https://h.org:8080/api/get?id=1&v=c",
    ),
    "the version after the last query line": ("GET https://h.org/c\n  ?a=1 HTTP/1.1", "GET https://h.org/c?a=1"),
    "a blank in the URL is escaped": ("GET https://h.org/a b?c=d e", "GET https://h.org/a%20b?c=d%20e"),
    "a path and Host (RFC 9112)": ("GET /x HTTP/1.1\nHost: h.org", "GET h.org/x"),
    "a host without scheme": ("GET h.org/x", "GET h.org/x"),
    "a port alone": ("GET :8000/x", "GET :8000/x"),
    "a variable as host": ("@host = https://h.org\nGET {{host}}/x", "GET https://h.org/x"),
    "a variable with blanks inside its braces": ("@host = h.org\nGET https://{{ host }}/x", "GET https://h.org/x"),
    "a variable made of another": (
        "@host = h.org\n@base = https://{{host}}/v1\nGET {{base}}/x",
        "GET https://h.org/v1/x",
    ),
    "a variable after its use": ("GET {{host}}/x\n\n###\n@host = h.org", "GET h.org/x"),
    "a variable in the path is escaped": ("@id = a/b c\nGET h.org/{{id}}", "GET h.org/a%2Fb%20c"),
    "a variable in the query is escaped": ("@q = a&b=c\nGET h.org/?q={{q}}", "GET h.org/?q=a%26b%3Dc"),
    "a variable that is taken raw": ("@q = a&b=c\nGET h.org/?{{q|raw}}", "GET h.org/?a&b=c"),
    "a percent-encoded variable ({{%x}})": ("@q = a b\nGET h.org/?q={{%q}}", "GET h.org/?q=a%20b"),
    "a name with a dash": ("@api-host = h.org\nGET {{api-host}}/x", "GET h.org/x"),
    "a line that is a comment between query lines and headers": (
        "GET h.org/x\n  ?a=1\n# why\nAccept: x",
        "GET h.org/x?a=1",
    ),
    "a scheme in capitals": ("GET HTTPS://h.org/x", "GET HTTPS://h.org/x"),
    "an IPv6 host": ("GET http://[::1]:80/x", "GET http://[::1]:80/x"),
}


@pytest.mark.parametrize("name", REQUEST_LINES)
def test_a_request_line_is_read(name):
    """Method and URL, in the forms that the tools document."""
    text, expected = REQUEST_LINES[name]
    assert expected == sent(text)[0]


MESSAGES = {
    "header fields": ("GET h\nAccept: text/html\nX: y", [("Accept", "text/html"), ("X", "y")], None),
    "a field without value": ("GET h\nX:", [("X", "")], None),
    "a field twice": ("GET h\nX: a\nX: b", [("X", "a"), ("X", "b")], None),
    "a comment among fields": ("GET h\nX: a\n# Y: b\n// Z: c", [("X", "a")], None),
    "a value with a colon": ("GET h\nReferer: https://h/x:1", [("Referer", "https://h/x:1")], None),
    "a variable in a field": ("@t = abc\nGET h\nX: Bearer {{t}}", [("X", "Bearer abc")], None),
    "Basic with user and password apart": (
        "GET h\nAuthorization: Basic ada pw",
        [("Authorization", "Basic YWRhOnB3")],
        None,
    ),
    "Basic with a colon": ("GET h\nAuthorization: Basic ada:pw", [("Authorization", "Basic YWRhOnB3")], None),
    "Basic encoded already": ("GET h\nAuthorization: Basic YWRhOnB3", [("Authorization", "Basic YWRhOnB3")], None),
    "a JSON body": ('POST h\nContent-Type: application/json\n\n{"a": 1}\n', JSON, b'{"a": 1}'),
    "a body of several lines": ("POST h\n\na\n\nb\n\n", [], b"a\n\nb"),
    "a body with indentation": ("POST h\n\n{\n  1\n}", [], b"{\n  1\n}"),
    "a body that has # in it": ("POST h\n\n# title\ntext", [], b"# title\ntext"),
    "a body of XML": ("POST h\n\n<a>\n<b/></a>", [], b"<a>\n<b/></a>"),
    "a body with CRLF line ends": ("POST h\r\nX: a\r\n\r\nb\r\nc", [("X", "a")], b"b\nc"),
    "no body but comments": ("GET h\n\n# nothing\n// more", [], None),
    "a body in the request's charset": (
        "POST h\nContent-Type: text/plain; charset=latin-1\n\né",
        [("Content-Type", "text/plain; charset=latin-1")],
        b"\xe9",
    ),
    "a form": ("POST h\nContent-Type: application/x-www-form-urlencoded\n\na=1&b=2", FORM, b"a=1&b=2"),
    "a form over several lines": (
        "POST h\nContent-Type: application/x-www-form-urlencoded\n\na=1\n&b=2\n&c=3",
        FORM,
        b"a=1&b=2&c=3",
    ),
    "a form with blanks (JetBrains)": (
        "POST h\nContent-Type: application/x-www-form-urlencoded\n\na = 1 &\nb = x y",
        FORM,
        b"a=1&b=x+y",
    ),
    "a variable in a form is escaped": (
        "@v = a&b é\nPOST h\nContent-Type: application/x-www-form-urlencoded\n\nx={{v}}",
        FORM,
        b"x=a%26b%20%C3%A9",
    ),
    "lines of JSON end with a newline": (
        'POST h\nContent-Type: application/x-ndjson\n\n{"a":1}\n{"b":2}',
        [("Content-Type", "application/x-ndjson")],
        b'{"a":1}\n{"b":2}\n',
    ),
    "a variable in a JSON string": ('@n = say "hi"\\n\nPOST h\n\n{"a": "{{n}}"}', [], b'{"a": "say \\"hi\\"\\n"}'),
    "a number from a variable in JSON": ('@n = 5\nPOST h\n\n{"a": {{n}}}', [], b'{"a": 5}'),
    "a text from a variable bare in JSON": ('@n = five\nPOST h\n\n{"a": {{n}}}', [], b'{"a": "five"}'),
    "JSON that closes right after a variable": ('@n = 5\nPOST h\n\n{"a":{"b":{{n}}}}', [], b'{"a":{"b":5}}'),
    "braces that are none of ours": ('POST h\n\n{"a": "\\{{x}}", "b": "$x {y}"}', [], b'{"a": "{{x}}", "b": "$x {y}"}'),
    "a variable in XML is escaped": (
        "@n = a<b\nPOST h\nContent-Type: text/xml\n\n<a>{{n}}</a>",
        [("Content-Type", "text/xml")],
        b"<a>a&lt;b</a>",
    ),
    "a multipart body with its boundary": (
        (
            "POST h\nContent-Type: multipart/form-data; boundary=B\n\n--B\n"
            'Content-Disposition: form-data; name="a"\n\n1\n--B--'
        ),
        [("Content-Type", "multipart/form-data; boundary=B")],
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n',
    ),
    "a multipart body that shows its boundary": (
        'POST h\nContent-Type: multipart/form-data\n\n--B\nContent-Disposition: form-data; name="a"\n\n1\n--B--',
        [("Content-Type", "multipart/form-data; boundary=B")],
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n',
    ),
    "GraphQL by X-REQUEST-TYPE": (
        'POST h\nX-REQUEST-TYPE: GraphQL\n\nquery { a(n: "x") }\n\n{"n": 1}',
        JSON,
        b'{"query": "query { a(n: \\"x\\") }", "variables": {"n": 1}}',
    ),
    "GraphQL without variables": ("POST h\nX-Request-Type: GraphQL\n\n{ a }", JSON, b'{"query": "{ a }"}'),
    "GRAPHQL as method (JetBrains)": ("GRAPHQL h\n\n{ a }", JSON, b'{"query": "{ a }"}'),
    "the line before <> is the body (JetBrains)": ("POST h\n\na\n\n<> 2026-11-20.200.json", [], b"a"),
    "checks are no body (httpYac)": ("POST h\n\na\n?? status == 200", [], b"a"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_fields_and_bodies_are_read(name):
    """Header fields and body, in the forms that the tools document."""
    text, headers, body = MESSAGES[name]
    assert (headers, body) == sent(text)[1:]


FILES = {
    "a file as body": ("POST h\n\n< data.txt", b"{{x}} caf\xc3\xa9"),
    "a file in a folder": ("POST h\n\n< ./data.txt", b"{{x}} caf\xc3\xa9"),
    "a file with placeholders": ("@x = 1\nPOST h\n\n<@ data.txt", b"1 caf\xc3\xa9"),
    "a file with placeholders in latin-1": ("@x = 1\nPOST h\n\n<@latin1 latin.txt", b"1 caf\xc3\xa9"),
    "a file between lines": ("POST h\n\na\n< data.txt\nb", b"a\n{{x}} caf\xc3\xa9\nb"),
    "a file named by a variable": ("@f = data\nPOST h\n\n< {{f}}.txt", b"{{x}} caf\xc3\xa9"),
    "a file in a multipart body": (
        (
            'POST h\nContent-Type: multipart/form-data; boundary=B\n\n--B\nContent-Disposition: form-data; name="f"\n\n'
            "< data.txt\n--B--"
        ),
        b'--B\r\nContent-Disposition: form-data; name="f"\r\n\r\n{{x}} caf\xc3\xa9\r\n--B--\r\n',
    ),
    "a query of GraphQL in a file": ("@x = q\nGRAPHQL h\n\n<@ data.txt", '{"query": "q café"}'.encode()),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_put_in(name, tmp_path, monkeypatch):
    """`< file` as it is, `<@ file` with its placeholders filled."""
    (tmp_path / "data.txt").write_bytes(b"{{x}} caf\xc3\xa9")
    (tmp_path / "latin.txt").write_bytes(b"{{x}} caf\xe9")
    monkeypatch.chdir(tmp_path)
    text, body = FILES[name]
    assert body == sent(text)[2]


DYNAMIC = {
    "$guid": ("{{$guid}}", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    "$uuid (JetBrains)": ("{{$uuid}}", r"[0-9a-f-]{36}"),
    "$timestamp": ("{{$timestamp}}", r"\d{10}"),
    "$timestamp with an offset": ("{{$timestamp -1 d}}", r"\d{10}"),
    "$isoTimestamp (JetBrains)": ("{{$isoTimestamp}}", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "$datetime iso8601": ("{{$datetime iso8601}}", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "$datetime rfc1123": ("{{$datetime rfc1123}}", r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"),
    "$datetime with a format": ('{{$datetime "YYYY-MM-DD"}}', r"\d{4}-\d\d-\d\d"),
    "$datetime with a format and an offset": ("{{$datetime 'DD.MM.YYYY' 1 y}}", r"\d\d\.\d\d\.\d{4}"),
    "$localDatetime": ("{{$localDatetime 'YYYY'}}", r"\d{4}"),
    "$randomInt": ("{{$randomInt 5 8}}", r"[567]"),
    "$randomInt (JetBrains)": ("{{$randomInt}}", r"\d{1,3}"),
    "$random.integer (JetBrains)": ("{{$random.integer(5, 8)}}", r"[567]"),
    "$random.alphabetic (JetBrains)": ("{{$random.alphabetic(6)}}", r"[A-Za-z]{6}"),
    "$random.hexadecimal (JetBrains)": ("{{$random.hexadecimal(6)}}", r"[0-9a-f]{6}"),
    "$random.email (JetBrains)": ("{{$random.email}}", r"[a-z]{10}@example\.org"),
    "$random.uuid (JetBrains)": ("{{$random.uuid}}", r"[0-9a-f-]{36}"),
    "$processEnv": ("{{$processEnv CELL_TEST}}", "from the process"),
    "$processEnv by a name of the environment": ("{{$processEnv %key}}", "from the process"),
    "$env.NAME (JetBrains)": ("{{$env.CELL_TEST}}", "from the process"),
    "$dotenv": ("{{$dotenv CELL_TEST}}", "from the file"),
    "$shared (REST Client)": ("{{$shared version}}", "v1"),
    "a name of the environment": ("{{host}}", r"h\.example"),
    "a nested name of the environment": ("{{user.name}}", "ada"),
    "an environment's value made of another": ("{{base}}", r"https://h\.example/v1"),
}


@pytest.mark.parametrize("name", DYNAMIC)
def test_dynamic_and_environment_values_are_filled_in(name, tmp_path, monkeypatch):
    """REST Client's `$` names with their arguments, JetBrains' where they differ, and environments."""
    from httpkit_magics.run.environment import read_environments

    monkeypatch.setenv("CELL_TEST", "from the process")
    (tmp_path / ".env").write_text("CELL_TEST=from the file\n")
    (tmp_path / "http-client.env.json").write_text(
        '{"$shared": {"version": "v1"}, "dev": {"host": "h.example", "user": {"name": "ada"}, '
        '"base": "https://{{host}}/{{version}}", "key": "CELL_TEST"}}'
    )
    expression, pattern = DYNAMIC[name]
    environments = read_environments(tmp_path)
    body = sent(f"POST h\nContent-Type: text/plain\n\n{expression}", environments=environments, active="dev")[
        2
    ].decode()
    assert re.fullmatch(pattern, body), body


REFERENCES = {
    "a JSONPath in the body": ("{{login.response.body.$.token}}", "abc"),
    "a JSONPath into a list": ("{{login.response.body.$.items[1].id}}", "2"),
    "the first of several": ("{{login.response.body.$.items[*].id}}", "1"),
    "a list as JSON": ("{{login.response.body.$.items}}", '[{"id": 1}, {"id": 2}]'),
    "the whole body": ("{{login.response.body.*}}", '{"token": "abc", "items": [{"id": 1}, {"id": 2}]}'),
    "a header of the response": ("{{login.response.headers.X-Id}}", "77"),
    "a header whatever its case": ("{{login.response.headers.x-id}}", "77"),
    "a header of the request": ("{{login.request.headers.X-Sent}}", "yes"),
    "the body of the request": ("{{login.request.body.$.user}}", "ada"),
    "the status": ("{{login.response.status}}", "200"),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_values_of_named_requests_are_filled_in(name):
    """`{{name.response...}}` and `{{name.request...}}` of REST Client."""
    expression, expected = REFERENCES[name]
    given = answer({"token": "abc", "items": [{"id": 1}, {"id": 2}]}, X_Id="77")
    desk = Desk(given)
    login = '# @name login\nPOST h/login\nX-Sent: yes\n\n{"user": "ada"}\n'
    desk.run(f"{login}###\nPOST h\nContent-Type: text/plain\n\n{expression}")
    assert expected == desk.plans[1].body.decode()


def test_xpath_finds_a_value_in_xml():
    """REST Client's XPath in the body of a named request."""
    desk = Desk(answer(b'<a><b id="7">text</b></a>', Content_Type="text/xml"))
    desk.run("# @name x\nGET h\n###\nGET h/{{x.response.body.//b/@id}}/{{x.response.body./a/b}}")
    assert desk.targets[1] == "GET h/7/text"


LEFT_OUT = {
    "a response handler": ("GET h\n\n> {%\n client.log(1)\n%}", 3, "# @capture"),
    "a handler in a file": ("GET h\n\n> handler.js", 3, "# @capture"),
    "a script before the request": ("< {%\n%}\nGET h", 1, "# @capture"),
    "a response to a file": ("GET h\n\n>> out.json", 3, "r.save"),
    "an import": ("import other.http\nGET h", 1, "@ref"),
    "a run": ("run #login", 1, "@ref"),
    "a script of httpYac": ("{{\n x = 1\n}}\nGET h", 1, "Python"),
    "a loop of httpYac": ("# @loop for 3\nGET h", 1, "not known"),
    "pages": ("# @paginate link\nGET h", 1, "not known"),
    "one for each": ("# @each id in ids\nGET h", 1, "not known"),
    "a WebSocket": ("WEBSOCKET ws://h", 1, "HTTP method"),
    "gRPC": ("GRPC h/Service/Method", 1, "HTTP method"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_said(name):
    """What other tools do and this one does not is refused at its place, with what to do instead."""
    text, row, words = LEFT_OUT[name]
    desk = Desk()
    with pytest.raises(LineError) as caught:
        desk.run(text)
    assert caught.value.row == row
    assert words in caught.value.message
    assert desk.plans == []
