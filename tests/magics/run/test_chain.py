"""Which requests run, in which order, and what they hand on."""

from __future__ import annotations

import pytest
from cell_desk import Desk, answer

from httpkit_magics.grammar.place import CellError
from httpkit_magics.record.record import Failure
from httpkit_magics.record.secrets import Secret

LOGIN = "# @name login\nPOST h/login\n\n###\n"


def refused(desk, text):
    """Return the error of a cell."""
    with pytest.raises(CellError) as caught:
        desk.run(text)
    return caught.value


def test_the_requests_of_a_cell_run_in_order_and_the_last_record_comes_back():
    """-o is for the last one, the other options for all."""
    desk = Desk(answer({"n": 1}), answer({"n": 2}))
    record = desk.run("GET h/1\n###\nGET h/2", "-F --timeout 3 -o r")
    assert record.json() == {"n": 2}
    assert [(plan.name, plan.follow, plan.timeout) for plan in desk.plans] == [(None, True, 3.0), ("r", True, 3.0)]


def test_a_directive_goes_over_the_line():
    """What is said of one request counts more than what is said of all."""
    desk = Desk()
    desk.run(
        "# @no-redirect\n# @timeout 9\n# @no-cookie-jar\n# @no-reject-unauthorized\n# @retry 2\nGET h", "-F --timeout 3"
    )
    (plan,) = desk.plans
    assert (plan.follow, plan.timeout, plan.cookie_jar, plan.verify, plan.retries) == (False, 9.0, False, False, 2)


def test_checks_are_handed_on_with_their_values():
    """Values in them are escaped as in JSON."""
    desk = Desk(names={"n": 'a"b', "m": 5})
    desk.run('GET h\n\n?? jsonpath "$.a" == {{n}}\n?? jsonpath "$.b" == {{m}}\n?? body contains "{{n}}"')
    assert [check.expected for check in desk.plans[0].checks] == ['a"b', 5, 'a"b']


def test_a_request_that_is_referred_to_goes_first_and_once():
    """Though it stands below, and though two refer to it."""
    desk = Desk(answer({"t": "abc"}))
    desk.run("GET h/1?t={{login.response.body.$.t}}\n###\n# @ref login\nGET h/2\n###\n# @name login\nPOST h/login")
    assert desk.targets == ["POST h/login", "GET h/1?t=abc", "GET h/2"]
    assert [step.why for step in desk.steps] == ["GET h/1?t={{login.response.body.$.t}} refers to it", "", ""]


def test_a_variable_may_hold_the_reference():
    """What a request needs is found through the variables of its cell."""
    desk = Desk(answer({"t": "abc"}))
    desk.run(
        "@auth = Bearer {{tok}}\n@tok = {{login.response.body.$.t}}\nGET h\nX: {{auth}}\n###\n# @name login\nPOST h/login"
    )
    assert desk.targets == ["POST h/login", "GET h"]
    assert desk.plans[1].headers == (("X", "Bearer abc"),)


def test_a_request_of_an_earlier_cell_runs_only_where_it_has_not():
    """@ref once, @forceRef always."""
    desk = Desk(answer({"t": "abc"}))
    desk.run(LOGIN)
    desk.run("# @ref login\nGET h/1")
    desk.run("GET h/2?{{login.response.body.$.t}}")
    desk.run("# @forceRef login\nGET h/3")
    assert desk.targets == ["POST h/login", "GET h/1", "GET h/2?abc", "POST h/login", "GET h/3"]


def test_a_request_without_response_has_not_run():
    """The next cell that refers to it tries again."""
    failed = answer().replaced(status=None, failure=Failure("refused", "Connection refused", "Nothing there."))
    desk = Desk(failed, answer({"t": "abc"}))
    desk.run(LOGIN)
    desk.run("GET h/{{login.response.body.$.t}}")
    assert desk.targets == ["POST h/login", "POST h/login", "GET h/abc"]


def test_the_cell_of_a_request_goes_with_it():
    """A request that runs for another cell has the variables of its own."""
    desk = Desk(answer({"t": 1}))
    with pytest.raises(CellError):
        desk.run("# @name a\n@v = own\nGET h/{{v}}\n###\nGET h/{{missing}}")
    desk.run("# @name a\n@v = own\nGET h/{{v}}\n###\n# @ref a\nGET h/x")
    desk.memory.named["a"].record = None
    desk.run("@v = other\n# @ref a\nGET h/{{v}}")
    assert desk.targets == ["GET h/own", "GET h/x", "GET h/own", "GET h/other"]


def test_a_cell_that_is_refused_leaves_what_was_known():
    """Nothing was sent, so nothing changed."""
    desk = Desk(answer({"t": 1}))
    desk.run("# @name a\nGET h/1")
    refused(desk, "# @name a\nGET h/{{missing}}")
    desk.run("GET h/{{a.response.body.$.t}}")
    assert desk.targets == ["GET h/1", "GET h/1"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("# @name a\n# @ref b\nGET h/1\n###\n# @name b\n# @ref a\nGET h/2", "a -> b -> a"),
        ("# @name a\n# @ref a\nGET h/1", "a -> a"),
        ("# @name a\nGET h/{{a.response.status}}", "a -> a"),
        (("# @name a\nGET h/{{b.response.status}}\n###\n# @name b\nGET h/{{c.response.status}}\n###\n"
         "# @name c\nGET h/{{a.response.status}}"), "a -> b -> c -> a"),
    ],
)  # fmt: skip
def test_requests_that_need_each_other_are_refused(text, names):
    """Before anything is sent, with the way round."""
    desk = Desk()
    assert names in refused(desk, text).message
    assert desk.plans == []


def test_an_unknown_request_is_answered_with_the_near_one():
    """At its place."""
    error = refused(Desk(), f"{LOGIN}# @ref logn\nGET h")
    assert (error.row, error.column, error.message) == (5, 8, "no request is named 'logn'; did you mean login?")


def test_a_reference_that_finds_nothing_stops_the_cell():
    """What ran is shown, the rest is not sent."""
    desk = Desk(answer({"error": "no"}, status=401))
    error = refused(desk, f"{LOGIN}GET h/{{{{login.response.body.$.t}}}}\n###\nGET h/3")
    assert "'$.t' finds nothing in the response of login (401 OK)" in error.message
    assert desk.targets == ["POST h/login"]


def test_captures_get_names_in_the_notebook():
    """For later requests of the cell, later cells and Python."""
    desk = Desk(answer({"t": "abc-secret", "ids": [4, 5]}, X_N="7"))
    desk.run(
        '# @name login\n# @capture tok = jsonpath "$.t" secret\n# @capture n = header "X-N"\n'
        '# @capture ids = jsonpath "$.ids[*]"\nGET h/1\n###\nGET h/2/{{n}}/{{ids[1]}}\nX: {{tok}}'
    )
    assert desk.targets[1] == "GET h/2/7/5"
    assert desk.plans[1].headers == (("X", "abc-secret"),)
    assert {"tok": Secret("abc-secret"), "n": "7", "ids": [4, 5]} == desk.names
    assert [
        desk.values[1]["n"].source, desk.values[1]["ids[1]"].source, desk.values[1]["tok"].is_secret
    ] == ["captured from login", "Python", True]  # fmt: skip


def test_a_capture_that_finds_nothing_stops_the_cell():
    """With the query, and why."""
    desk = Desk(answer({}))
    error = refused(desk, '# @capture t = jsonpath "$.t"\nGET h/1\n###\nGET h/2')
    assert (error.row, error.column) == (1, 16)
    assert "nothing to capture as 't'" in error.message
    assert desk.targets == ["GET h/1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("GET h\n\n< nofile.txt", "there is no file 'nofile.txt'"),
        ("GET h\n\n?? sttus == 200", "unknown query"),
        ("# @capture x = jsnpath '$.x'\nGET h", "unknown query"),
        ("GET h\n\n?? status == {{nothing}}", "'nothing' has no value"),
        ("# @ref nobody\nGET h", "no request is named 'nobody'"),
    ],
)
def test_what_can_be_known_before_is_said_before_anything_is_sent(text, words):
    """A fault of the last request keeps the first one from being sent."""
    desk = Desk()
    assert words in refused(desk, f"GET h/1\n###\n{text}").message
    assert desk.plans == []


def test_a_prompt_asks_for_a_value():
    """Its own question; a telling name is typed unseen and is a secret."""
    desk = Desk(typed=["ada", "pw-12345"])
    desk.run("# @prompt user Who are you?\n# @prompt password\nGET h/{{user}}\nX: {{password}}")
    assert desk.asked == [("Who are you?: ", False), ("password: ", True)]
    assert desk.targets == ["GET h/ada"]
    assert (desk.values[0]["user"].source, desk.values[0]["password"].is_secret) == ("typed when asked", True)


def test_a_prompt_is_not_asked_where_there_is_a_value():
    """So a notebook runs without a person."""
    desk = Desk(names={"user": "ada"})
    desk.run("# @prompt user\nGET h/{{user}}")
    assert (desk.asked, desk.targets) == ([], ["GET h/ada"])


def test_a_prompt_that_nobody_answers_names_the_variable():
    """At once, and nothing is sent."""
    desk = Desk()
    error = refused(desk, "# @prompt user\nGET h/{{user}}")
    assert (error.row, error.column) == (1, 11)
    assert "'user' is asked for, and input isn't allowed here; set it before: user = ..." in error.message


def test_a_note_asks_before_it_sends():
    """Y sends, anything else does not."""
    desk = Desk(typed=["y", "n"])
    text = "# @note Delete everything\nDELETE h"
    desk.run(text)
    assert "not sent" in refused(desk, text).message
    assert desk.asked == [("Delete everything? [y/N] ", False)] * 2
    assert desk.targets == ["DELETE h"]
    assert "input isn't allowed" in refused(Desk(), text).message


def test_a_reference_to_another_cell_that_fails_shows_that_cell():
    """The error's text is the cell where the fault stands."""
    desk = Desk(answer({"t": 1}), names={"gone": 1})
    desk.run("# @name a\nGET h/{{gone}}")
    desk.memory.named["a"].record = None
    del desk.names["gone"]
    error = refused(desk, "# @ref a\nGET h")
    assert (error.text, error.row) == ("# @name a\nGET h/{{gone}}", 2)
