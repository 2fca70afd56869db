"""Where values come from, in which order, and what is said where there is none."""

from __future__ import annotations

import json
import os

import pytest
from cell_desk import Desk, sent

from httpkit_magics.grammar.place import CellError
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.secrets import MASK, Secret
from httpkit_magics.run.environment import Entry, Environment, Environments


def environment(**values):
    """Return environments of which "dev" has these values; a name that starts with private_ is secret."""
    entries = {
        name: Entry(value, "http-client.env.json", name.startswith("private_")) for name, value in values.items()
    }
    return {"environments": Environments({"dev": Environment("dev", entries)}), "active": "dev"}


def body(expression, variables="", **options):
    """Return what an expression becomes in a text."""
    text = f"{variables}\nPOST h\nContent-Type: text/plain\n\n{{{{{expression}}}}}"
    return sent(text, **options)[2].decode()


def refused(text, **options):
    """Return the error of a cell, and what was sent before it."""
    desk = Desk(**options)
    with pytest.raises(CellError) as caught:
        desk.run(text)
    assert desk.plans == []
    return caught.value


def test_the_cell_comes_before_the_environment_and_that_before_python():
    """One name in three places."""
    names = {"x": "python"}
    assert body("x", "@x = cell", names=names, **environment(x="env")) == "cell"
    assert body("x", names=names, **environment(x="env")) == "env"
    assert body("x", names=names) == "python"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("n + 1", "8"),
        ("f'{base}/x'", "h/x"),
        ("[i for i in range(n) if i > 4]", "[5, 6]"),
        ('{"a": {"b": n}}["a"]', '{"b": 7}'),
        ("(lambda y: y * 2)(n)", "14"),
        ("d['k']", "v"),
        ("obj.real", "3"),
        ("len(base)", "1"),
        ("str(n).zfill(3)", "007"),
    ],
)
def test_any_expression_of_python_is_a_value(expression, expected):
    """It sees the names of the notebook, of the cell and of the environment."""
    assert expected == body(expression, "@base = h", names={"d": {"k": "v"}, "obj": 3}, **environment(n=7))


def test_a_variable_of_the_cell_that_is_one_placeholder_keeps_its_type():
    """A number stays a number on its way into JSON."""
    assert json.loads(sent('@a = {{n}}\nPOST h\n\n{"a": {{a}}, "b": "{{a}}"}', names={"n": "5"})[2]) == {
        "a": "5",
        "b": "5",
    }
    assert json.loads(sent('@a = {{n}}\nPOST h\n\n{"a": {{a}}}', names={"n": 5})[2]) == {"a": 5}


def test_the_last_variable_before_a_request_counts():
    """A block sees what stands above it and in it; else what comes below."""
    desk = Desk()
    desk.run("@a = 1\nGET h/{{a}}/{{b}}\n###\n@a = 2\n@b = 3\nGET h/{{a}}/{{b}}")
    assert desk.targets == ["GET h/1/3", "GET h/2/3"]


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("GET h/{{itms}}", 7, "'itms' has no value; did you mean items?"),
        ("GET h/{{hots}}", 7, "did you mean host?"),
        ("GET h/{{cel}}\n\n###\n@cell = 1", 7, "did you mean cell?"),
        ("GET h/{{zzz}}", 7, "'zzz' has no value; the cell and its environment have host"),
        ("GET h/{{nothing + 1}}", 7, "'nothing' has no value"),
        ("GET h/{{a b}}", 7, "'a b' has no value, and is no expression of Python"),
        ("GET h/{{$gui}}", 7, "did you mean $guid?"),
        ("GET h/{{lgin.response.body.$.a}}", 7, "no request is named 'lgin'"),
    ],
)
def test_a_name_without_a_value_is_an_error_before_anything_is_sent(text, column, words):
    """At its place, with the nearest names; the request before it is not sent either."""
    error = refused(f"GET h/first\n###\n{text}", names={"items": 1}, **environment(host="h"))
    assert (3, column) == (error.row, error.column)
    assert words in error.message


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("1 / 0", "raises ZeroDivisionError: division by zero"),
        ("missing.x", "'missing' has no value"),
        ("d['x']", "raises KeyError"),
        ("None", "is None"),
        ("object()", "is or holds a object"),
        ("f'{s}'", "gives the mask of a Secret; expected .reveal() on it"),
    ],
)
def test_an_expression_that_fails_says_why(expression, words):
    """The user's own exception, in one line, at the placeholder."""
    error = refused(f"GET h/{{{{{expression}}}}}", names={"d": {}, "s": Secret("hush-hush")})
    assert words in error.message
    assert (error.row, error.column) == (1, 7)


@pytest.mark.parametrize(
    "text",
    ["@a = {{b}}\n@b = {{a}}\nGET h/{{a}}", "@a = {{a}}\nGET h/{{a}}", "@a = {{b + 'x'}}\n@b = {{a}}\nGET h/{{a}}"],
)
def test_variables_that_need_each_other_are_refused(text):
    """With the names that go round."""
    assert "a variable that needs itself" in refused(text).message


def test_values_of_an_environment_that_need_each_other_are_refused():
    """As in a cell."""
    assert "a variable that needs itself" in refused("GET h/{{a}}", **environment(a="{{b}}", b="{{a}}")).message


def test_what_was_used_is_told_with_where_it_came_from():
    """For the panel: the expression, the text and the source."""
    desk = Desk(names={"n": 3}, **environment(host="h"))
    desk.run("@x = 1{{n}}\nGET {{host}}/{{x}}/{{n + 1}}/{{$randomInt 5 6}}")
    (used,) = desk.values
    assert [(value.name, value.text, value.source) for value in used.values()] == [
        ("host", "h", "dev in http-client.env.json"),
        ("n", "3", "Python"),
        ("x", "13", "line 2 of the cell"),
        ("n + 1", "4", "Python"),
        ("$randomInt 5 6", "5", "$randomInt"),
    ]


def test_a_secret_is_sent_and_told_nowhere():
    """Its text goes into the request; the panel gets a mask, and from then on every sink masks it."""
    desk = Desk(names={"tok": Secret("python-secret-1")}, **environment(private_key="private-secret-2"))
    desk.run("@auth = Bearer {{tok}}\nGET h/{{private_key}}\nAuthorization: {{auth}}")
    assert desk.targets == ["GET h/private-secret-2"]
    assert desk.plans[0].headers == (("Authorization", "Bearer python-secret-1"),)
    assert [value.is_secret for value in desk.values[0].values()] == [True, True, True]
    assert "secret" not in "".join(value.text for value in desk.values[0].values())
    assert VAULT.redactor.text("python-secret-1 and private-secret-2") == "\u2022" * 6 + " and " + "\u2022" * 6


def test_a_variable_with_a_telling_name_is_a_secret():
    """What stands in a cell is seen there, and not once more in its output."""
    desk = Desk()
    desk.run("@password = letmein-77\nGET h?p={{password}}")
    assert desk.values[0]["password"].is_secret
    assert "letmein" not in VAULT.redactor.text("echo: letmein-77")


@pytest.mark.parametrize("expression", ["os.environ['SCOPE_API_KEY']", "auth_token", "'Bearer ' + auth_token"])
def test_an_expression_with_a_telling_name_in_it_is_a_secret(expression, monkeypatch):
    """The usual way to a token is a variable of the process."""
    monkeypatch.setenv("SCOPE_API_KEY", "scope-planted-1")
    desk = Desk(names={"os": os, "auth_token": "scope-planted-2"})
    desk.run(f"GET h\nX: {{{{{expression}}}}}")
    assert [value.is_secret for value in desk.values[0].values()] == [True]
    assert "planted" not in VAULT.redactor.text(desk.plans[0].headers[0][1])


def test_a_common_word_is_no_secret_because_of_its_name():
    """`key = "category"` names a column; to mask that word everywhere would hide what people came for."""
    desk = Desk(names={"key": "category", "session": "e7f3-0193-88aa"})
    desk.run("@sort_key = price\nGET h/{{key}}/{{sort_key}}/{{session}}")
    assert [value.is_secret for value in desk.values[0].values()] == [False, False, True]
    assert VAULT.redactor.text("category price e7f3-0193-88aa") == f"category price {MASK}"


def test_a_python_object_with_the_form_of_a_reference_is_one_where_it_exists():
    """`r.response.body` of one's own is an expression, unless a request is named r."""

    class Answer:
        class response:  # noqa: N801
            body = "own"

    assert body("r.response.body", names={"r": Answer}) == "own"
