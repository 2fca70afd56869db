"""`%ws`, `%%ws` and `%sse` in a real kernel: one panel, the stop button, streams that outlive their cell."""

from __future__ import annotations

import time

import pytest
from servers.kernel import kernel


@pytest.fixture(scope="module")
def running(tmp_path_factory, demo_server):
    """Return a kernel with the magics loaded and the demo API as its base URL."""
    with kernel(tmp_path_factory.mktemp("kernel")) as started:
        loaded = started.run(f"%load_ext httpkit\n%config HttpKit.base_url = {demo_server!r}")
        assert loaded.reply["status"] == "ok", loaded.messages
        yield started


def test_a_stream_is_one_panel_that_is_updated(running):
    """At most ten times a second, its last state is what the notebook keeps, and the cell ends with the feed."""
    cell = running.run("%ws /ws/ticker rate==100 --count 100")
    assert len(cell.outputs) == len(cell.panels) == 1
    assert cell.panels[0].startswith(" closed 1000  WS ws://")
    assert "0 sent, 100 received" in cell.panels[0]
    assert 2 <= len(cell.of("update_display_data")) <= cell.seconds * 10 + 1
    assert running.value("(_.received, _)[0]") == "100"


@pytest.mark.parametrize("line", ["feed = %ws /ws/ticker --count 2", "%ws /ws/ticker --count 2 -o feed\nfeed"])
def test_a_panel_stands_once_wherever_the_magic_is(running, line):
    """As with a record; the feed shows again in a later cell."""
    assert len(running.run(line).outputs) == 1
    assert "2 received" in running.run("feed").panels[0]


@pytest.mark.parametrize(
    "line", ["%ws /ws/ticker --count 2;", "feed = %ws /ws/ticker --count 2 ;", "%sse /events --count 2 ;"]
)
def test_a_semicolon_silences(running, line):
    """Nothing is shown, while it runs or after."""
    cell = running.run(line)
    assert (cell.reply["status"], cell.outputs) == ("ok", [])


def test_a_background_stream_goes_on_while_cells_compute_and_its_panel_follows(running):
    """Its own cell ends at once; nothing is lost in 3 seconds of Python; the panel is updated meanwhile."""
    opened = running.run("feed = %ws /ws/ticker rate==1000 --bg")
    assert opened.seconds < 1
    assert len(opened.outputs) == 1
    busy = running.run("import time\nuntil = time.time() + 3\nwhile time.time() < until: sum(range(1000))")
    assert busy.reply["status"] == "ok"
    running.run("feed.close()")
    whole = "[m.json()['id'] for m in feed] == [*range(1, 1 + feed.received)]"
    assert running.value(f"(feed.received > 2500, {whole})") == "(True, True)"
    display = opened.of("display_data")[0]["transient"]["display_id"]
    shown = [content for content in busy.of("update_display_data") if content["transient"]["display_id"] == display]
    assert all("live" in content["data"]["text/plain"][:8] for content in shown)
    assert "closed 1000" in running.run("feed").panels[0]


@pytest.mark.parametrize(
    "code", ["feed.wait('nothing', timeout=20)", "for m in feed: pass", "async for m in feed: pass"]
)
def test_the_stop_button_ends_the_wait_and_not_the_stream(running, code):
    """Within half a second, whatever waits; the stream takes messages after it."""
    running.run("feed = %ws /ws/echo --bg ;")
    started = running.start(code)
    time.sleep(0.5)
    pressed = time.perf_counter()
    running.manager.interrupt_kernel()
    cell = running.finish(started)
    assert time.perf_counter() - pressed < 0.5 + 0.5
    assert cell.reply["status"] == "error"
    again = running.run("feed.send('still here')\nprint(feed.wait('still here', timeout=5).data)\nfeed.close()")
    assert again.printed == "still here\n"


def test_the_stop_button_closes_a_stream_in_the_foreground(running):
    """The panel says closed, the feed is bound, and the kernel goes on."""
    started = running.start("%ws /ws/echo -o stopped")
    time.sleep(0.5)
    running.manager.interrupt_kernel()
    cell = running.finish(started)
    (error,) = cell.of("error")
    assert error["traceback"] == ["Interrupted: the stream was closed."]
    assert cell.panels[-1].startswith(" closed 1000  WS")
    assert running.value("stopped.is_open") == "False"


def test_a_cell_of_messages_is_a_conversation(running):
    """Messages, waits with their verdicts, a capture; after a wait at the end the WebSocket is closed."""
    cell = running.run(
        '%%ws /ws/chat name==ada --protocol chat.v2\n{"text": "hello"}\n'
        '=== wait jsonpath "$.text" == "hello"\n=== capture who = jsonpath "$.from"\n'
    )
    assert (cell.reply["status"], len(cell.outputs)) == ("ok", 1)
    assert cell.panels[0].startswith(" closed 1000  WS")
    assert "Asserts  1 passed" in cell.panels[0]
    assert running.value("who") == "'ada'"


def test_names_in_messages_are_filled_as_in_a_cell_of_requests(running):
    """From the notebook, from what the script captured before, and from a named request; escaped for JSON."""
    running.run("who = 'say \"ada\"'")
    running.run("%%http\n# @name first\nGET /items/3\n")
    cell = running.run(
        '%%ws /ws/echo\n{"name": "{{who}}", "item": {{first.response.body.$.id}}}\n=== wait ada\n'
        '=== capture item = jsonpath "$.item"\nitem {{item + 1}}\n=== wait item\n'
    )
    assert cell.reply["status"] == "ok"
    assert running.value("[m.data for m in _ if m.is_data]") == repr(['{"name": "say \\"ada\\"", "item": 3}', "item 4"])


def test_names_in_a_line_are_filled(running):
    """As in a line of `%http`; one that has no value opens nothing."""
    running.run("amount = 3")
    assert "3 received" in running.run("%ws /ws/ticker count=={{amount}}").panels[0]
    assert "nobody_knows" in running.run("%sse /events count=={{nobody_knows}}").of("error")[0]["traceback"][0]


def test_a_name_without_a_value_opens_nothing(running):
    """It is said where it stands."""
    cell = running.run("%%ws /ws/echo\nhello {{nobody_knows}}\n")
    assert cell.of("error")[0]["traceback"][0].startswith("%%ws: line 2, column 7: ")
    assert cell.outputs == []


def test_events_are_shown_as_they_come(running):
    """With their types, until there are no more."""
    panel = running.run("%sse /events count==5 rate==50").panels[0]
    assert panel.startswith(" ended  SSE http://")
    assert "\u2193 stock" in panel


def test_a_failure_is_a_panel_and_no_error(running):
    """The cell is fine, the panel says what failed."""
    cell = running.run("%ws ws://127.0.0.1:9/x")
    assert (cell.reply["status"], cell.of("error")) == ("ok", [])
    assert cell.panels[0].startswith(" Connection refused  WS")


@pytest.mark.parametrize(
    ("code", "traceback"),
    [
        (
            "%ws /x --cuont 3",
            ["%ws: unknown option --cuont; did you mean --count?", "    %ws /x --cuont 3", "           ^^^^^^^"],
        ),
        (
            "%%ws /x\nhello\n=== close 1006",
            [
                "%%ws: line 3, column 11: '1006' can't be sent; expected 1000, or 3000 to 4999",
                "    === close 1006",
                "              ^^^^",
            ],
        ),
    ],
)
def test_an_error_of_the_text_shows_the_place_and_opens_nothing(running, code, traceback):
    """One message, the line and a mark under the word."""
    cell = running.run(code)
    assert cell.of("error")[0]["traceback"] == traceback
    assert cell.outputs == []


def test_a_token_is_in_no_output(running):
    """In the URL, in a field, in a message that goes and in the echo of it."""
    secret = "s3cr3t-0123456789"
    cell = running.run(
        f'%%ws /ws/echo?token={secret} Authorization:"Bearer {secret}x"\n'
        f'{{"op": "auth", "password": "{secret}y"}}\n=== wait {secret}y\n=== close\n'
    )
    assert cell.reply["status"] == "ok"
    shown = [str(data) for data in cell.outputs] + [running.run("print(feed := _, feed.messages)").printed]
    assert [text for text in shown if secret in text] == []


def test_unloading_ends_the_streams(running):
    """The feed stays as it was, the magics are gone; loading again brings them back."""
    running.run("feed = %ws /ws/ticker --bg ;")
    assert running.run("%unload_ext httpkit").reply["status"] == "ok"
    assert running.value("(feed.is_open, get_ipython().find_magic('ws'))") == "(False, None)"
    assert running.run("%load_ext httpkit\n%ws ws://127.0.0.1:9/ ;").reply["status"] == "ok"
