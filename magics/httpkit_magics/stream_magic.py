"""The magics `%ws`, `%%ws` and `%sse`: streams as feeds, shown while they run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final, Protocol

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from httpkit_magics.config import HttpKit
from httpkit_magics.grammar.place import CellError
from httpkit_magics.grammar.plan import LineError
from httpkit_magics.grammar.script import Await, End, Say, Step, Take, parse_script
from httpkit_magics.grammar.stream import Kind, StreamPlan
from httpkit_magics.output import STEP, Outputs
from httpkit_magics.password import with_password
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.run.client import Client
from httpkit_magics.run.script import Stage, play
from httpkit_magics.run.streams import Feed
from httpkit_magics.stream_output import StreamOutput

WAIT: Final = 30.0
"""Seconds for each wait of a script where no time is set at all."""


Fill = Callable[[Say], str]
"""Fills the placeholders of a message."""


class Reader(Protocol):
    """Understands lines and cells, with the values of the notebook in place of `{{ }}`."""

    def stream(self, line: str, kind: Kind) -> StreamPlan:
        """Return the stream of a line; raises LineError."""

    def filler(self, text: str, steps: tuple[Step, ...]) -> Fill:
        """Return what fills the messages of a cell; raises CellError where a name has no value."""


def _as_it_is(message: Say) -> str:
    return message.text


class StreamUsageError(UsageError):
    """A line or cell of a stream that can't be understood; it shows the place instead of a traceback."""

    def __init__(self, magic: str, error: LineError) -> None:
        self.magic = magic
        self.error = error
        super().__init__(error.message)

    def _render_traceback_(self) -> list[str]:
        error, redactor = self.error, VAULT.redactor
        is_cell = isinstance(error, CellError)
        prefix = "" if is_cell else f"%{self.magic} "
        # The line of the magic is the first of the cell.
        where = f"line {error.row + 1}, column {error.column}: " if isinstance(error, CellError) else ""
        line, _, mark = redactor.text(error.pointed()).partition("\n")
        sign = "%%" if is_cell else "%"
        return [
            f"{sign}{self.magic}: {where}{redactor.text(error.message)}",
            f"    {prefix}{line}",
            f"    {' ' * len(prefix)}{mark}",
        ]


class StreamInterrupted(KeyboardInterrupt):
    """The stop button, heard while a cell waited for its stream: it is closed and its panel says so."""

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


@magics_class
class StreamMagics(Magics):
    """The magics of streams of one shell."""

    def __init__(self, shell: Any, client: Client, settings: HttpKit, outputs: Outputs, reader: Reader) -> None:
        super().__init__(shell)
        self._shell = shell
        self._client = client
        self._settings = settings
        self._outputs = outputs
        self._reader = reader

    @no_var_expand
    @line_cell_magic
    def ws(self, line: str, cell: str | None = None) -> Feed:
        r"""Open a WebSocket and show what comes.

            %ws URL [Header:value] [name==value] [options]

        The URL, items and options are those of %http (%http?): ws:// or wss://, :8000/x is this machine, a path alone
        is added to HttpKit.base_url. The cell goes on until the server closes, or until one of these:

            --count NUMBER       so many messages came
            --until CONDITION    a message fits: 'jsonpath "$.type" == "done"', /pattern/ or a text that it contains
            --for SECONDS        the time is over
            --bg                 the cell goes on at once, and the stream after it; feed.close() ends it

        Besides:
            --protocol NAME      offer a subprotocol; may be repeated
            --reconnect          connect again when the connection is lost
            --timeout SECONDS    limit for the handshake, and for each wait of a cell
            -o NAME              bind the feed to a Python name; ; at the end of the line: no panel
            -a, -A, --session, --proxy, --verify, --cert    as with %http

        The result is a feed:
            feed = %ws /ws/ticker --bg
            for message in feed: ...      or: async for message in feed
            feed.messages   feed.df()   feed.send({"op": "ping"})   feed.wait('jsonpath "$.type" == "pong"')
            feed.close()

        %%ws sends the messages of its cell; lines of === stand between them, and may say what to wait for:

            %%ws /ws/chat --protocol chat.v2
            {"text": "hello"}
            === wait jsonpath "$.text" == "hello"
            === capture who = jsonpath "$.from"
            {"text": "bye"}
            === wait 2s
            === close 1000

        {{names}} in line and messages are filled as in %%http. A cell that ends with a wait or a capture closes the WebSocket after it; one that ends with a message goes on as
        %ws does.
        """
        plan = self._parsed(line, "ws")
        if cell is None:
            return self._run(plan)
        try:
            steps = parse_script(cell)
            fill = self._reader.filler(cell.replace("\r\n", "\n"), steps)
        except CellError as error:
            raise StreamUsageError("ws", error) from None
        return self._run(plan, steps, fill)

    @no_var_expand
    @line_magic
    def sse(self, line: str) -> Feed:
        """Open an event stream (text/event-stream) and show what comes.

            %sse [METHOD] URL [ITEM ...] [options]

        Items and options are those of %http (%http?); with fields it is a POST, as the APIs of language models want it.
        The cell goes on until there are no more events, or until one of these:

            --count NUMBER       so many events came
            --until CONDITION    an event fits: 'jsonpath "$.done" == true', /pattern/ or a text that it contains
            --for SECONDS        the time is over
            --bg                 the cell goes on at once, and the stream after it; feed.close() ends it
            --no-reconnect       stop when the connection ends; otherwise a GET goes on after its last event

        Examples:
            %sse /events --count 10
            feed = %sse /events --bg
            %sse /events prompt="Which bolt fits an M6 nut?" --until [DONE]

        The result is a feed, as that of %ws: messages, df(), wait(...), close(), for message in feed.
        """
        return self._run(self._parsed(line, "sse"))

    def _parsed(self, line: str, kind: Kind) -> StreamPlan:
        try:
            return self._reader.stream(line, kind)
        except LineError as error:
            raise StreamUsageError(kind, error) from None

    def _run(self, plan: StreamPlan, steps: tuple[Step, ...] = (), fill: Fill = _as_it_is) -> Feed:
        """Open the stream, do its steps, show it until the cell is over, and return its feed.

        Raises:
            StreamInterrupted: the kernel was interrupted meanwhile.
        """
        plan = dataclasses.replace(plan, request=with_password(plan.request))
        settings = self._settings.settings()
        silent = plan.request.silent or self._settings.panel == "off"
        feed = self._client.listen(plan, settings)
        output = StreamOutput(self._shell, self._outputs, feed, silent=silent)
        timeout = settings.over(plan.request).timeout or WAIT
        stage = Stage(feed, lambda name, value: self._shell.push({name: value}), fill, timeout, output.update)
        try:
            output.update()
            _play(stage, plan, steps)
        except KeyboardInterrupt:
            # Before the panel is drawn, so that a second press finds the stream closed.
            feed.close()
            raise StreamInterrupted("the stream was closed.") from None
        finally:
            if plan.request.name is not None:
                self._shell.push({plan.request.name: feed})
            output.finish()
            if feed.is_open:
                self._client.run(output.follow())
        return feed


def _play(stage: Stage, plan: StreamPlan, steps: tuple[Step, ...]) -> None:
    """Do the steps, and stay until the stream is over where the plan does not put it into the background."""
    if steps:
        play(stage, steps)
        if isinstance(steps[-1], Await | Take | End) and not plan.has_end and not plan.is_background:
            stage.feed.close()
    if plan.is_background:
        return
    while not stage.feed.wait_until_over(STEP):
        stage.look()
