"""The magics `%http` and `%httpkit`: what IPython calls, and how it is added to a shell and taken out again."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import difflib
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand

from httpkit_magics.cell_magic import Cells
from httpkit_magics.completer import Completer
from httpkit_magics.config import HttpKit
from httpkit_magics.curl_magic import run_curl
from httpkit_magics.demo.launch import DemoError, DemoServer, start_demo
from httpkit_magics.export.languages import attach
from httpkit_magics.grammar.help_guard import MagicStatement
from httpkit_magics.grammar.line import parse_line
from httpkit_magics.grammar.plan import LineError, Plan
from httpkit_magics.history_magic import Past
from httpkit_magics.output import Output, Outputs
from httpkit_magics.password import with_password
from httpkit_magics.record.record import Record
from httpkit_magics.record.redaction import VAULT
from httpkit_magics.record.values import UsedValue
from httpkit_magics.run.checks import insist, judge
from httpkit_magics.run.client import Client
from httpkit_magics.stream_magic import StreamMagics

CANCEL_TIMEOUT = 2.0
"""Seconds that a cancelled request may take to end; it takes milliseconds, unless its loop is blocked."""

GUIDE = """\
%http [METHOD] URL [ITEM ...] [options]     make a request; %http? has the details

  %http https://example.org/items           the scheme may be left out: https, on this machine http
  %http :8000/items page==2 Accept:text/csv query with ==, header with :
  %http POST :8000/items name=kettle n:=3   JSON: text with =, anything else with :=
  r = %http GET /items                      a Record: r.status r.headers r.json() r.text r.timing
  %http GET /items -o r ;                   the same, and no panel
  %ws :8000/feed --count 100                listen to a WebSocket; %sse to an event stream; --bg goes on meanwhile
  %curl -H 'Accept: text/csv' :8000/items   a command line of curl; %%curl for one that was copied

%httpkit demo        start the demo API; a path alone is then a URL: %http GET /items
%httpkit demo stop   stop it
%httpkit env NAME    fill {{names}} of %%http from an environment of http-client.env.json
%httpkit history     what was asked; %httpkit history TEXT finds
%httpkit diff        what the last run answered differently; %httpkit diff a b compares two records
%httpkit help        this page
%config HttpKit      base_url, timeout, follow, max_redirects, verify, max_body, panel, display_limit, redact,
                     raise_for_status"""

SUBCOMMANDS = ("demo", "diff", "env", "help", "history")


class MagicUsageError(UsageError):
    """A magic's line that can't be understood; it shows the place instead of a traceback."""

    def __init__(self, magic: str, error: LineError) -> None:
        self.magic = magic
        self.error = error
        super().__init__(VAULT.redactor.text(error.message))

    def _render_traceback_(self) -> list[str]:
        prefix = f"%{self.magic} "
        line, _, mark = VAULT.redactor.text(self.error.pointed()).partition("\n")
        return [f"%{self.magic}: {self}", f"    {prefix}{line}", f"    {' ' * len(prefix)}{mark}"]


class Interrupted(KeyboardInterrupt):
    """The stop button, heard while a request ran: the request is cancelled and its panel says so.

    It stays an interrupt, so that it ends a loop and the rest of Run All, but it needs no traceback.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self}"]


@magics_class
class HttpKitMagics(Magics):
    """The magics of one shell, with their client and configuration."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell
        self.settings = HttpKit(parent=shell)
        self.outputs = Outputs(shell, self.settings.look)
        self.past = Past(shell, self.outputs)
        self._client = Client()
        self._cells = Cells(shell, self.settings, self._run)
        self.streams = StreamMagics(shell, self._client, self.settings, self.outputs, self._cells)
        self.completer = Completer(shell, SUBCOMMANDS, lambda: self.settings.base_url, self._cells.names)
        self._demo: DemoServer | None = None
        self._base_url_before = ""

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def http(self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Record | None:
        r"""Make an HTTP request and show the response.

            %http [METHOD] URL [ITEM ...] [options]

        The method may be left out: GET, or POST when there is data. A URL without a scheme is https; on this machine
        (localhost, 127.0.0.1, :8000) it is http. A path alone (/items) is added to HttpKit.base_url.

        Items, as in HTTPie:
            Header:value       a header; `Header:` doesn't send it, `Header;` sends it empty
            name==value        a query parameter
            field=value        a field of a JSON object, as text; with -f of a form
            field:=json        a field that is a number, true, null, '[1, 2]', '{"a": 1}'
            a[b][0]=value      a field in an object in it: a[b] a key, a[0] an index, a[] one more, []=v an array
            field@path         a file in a form (-f); @path alone is the whole body; 'field@path;type=text/csv'
            field=@path        the text of a file; also field:=@path, name==@path, Header:@path
            \                  before : = ; @ takes its meaning away; in quotes: 'a\:b=c'
            {{name}}           a name or expression of Python, the environment or a named request, in a URL, item or
                               option: Authorization:"Bearer {{token}}"; \{{ is two braces

        What is sent:
            -j, --json         JSON (the default)              -f, --form         a form, and files with it
            -m, --multipart    parts, also without a file      --boundary TEXT    what separates them
            --raw TEXT         the body as it is               -x, --compress     deflate it; -xx always
            -a USER:PASSWORD   credentials; a missing password is asked for, or taken from HTTPKIT_PASSWORD
            -A SCHEME          basic (the default), digest, or bearer: -A bearer -a TOKEN
            --session NAME     use and keep headers, credentials and cookies; --session-read-only NAME keeps nothing

        How:
            -F, --follow       follow redirects; --no-follow shows them; --max-redirects NUMBER
            --timeout SECONDS  limit for the whole request; 0 is no limit
            --proxy URL        through a proxy; http:URL or https:URL for one scheme only
            --verify NO|FILE   don't verify certificates, or trust those in a file
            --cert FILE        a client certificate; --cert-key FILE, --cert-key-pass TEXT
            --offline          show the request and send nothing
            --check-status     a status of 400 and more is an error; --check: a failed assertion is one

        What comes back:
            -o NAME            bind the Record to a Python name
            -d, --download     save the body to a file that the response names; -O FILE names it
            -c, --continue     with -d -O FILE: load only what is missing
            -v -h -b -p WHAT   show request and response, the headers, the body, or of HBhbm what you want
            -S, --stream       show the body while it arrives
            -q, or ; at the end of the line: no panel

        Short options go together (-fv), a value may be attached (--timeout=3), --no-OPTION takes one back, -- ends them.

        Examples:
            %http https://example.org
            %http :8000/search q=="two words" Accept:application/json
            %http PUT :8000/items/3 name=kettle price:=24.5 tags[]=new
            %http -f :8000/upload title=Notes file@notes.txt
            %http -d -O data.csv https://example.org/data.csv
            r = %http :8000/items
            r.json()

        The result is a Record: status, reason, headers, text, json(), content, cookies, links, redirects, timing, tls.
        A request that failed is a Record too: failure says why, error is the exception.

        %%http runs the requests of its cell, written as in a .http file; the line takes options only:

            %%http -F
            # @name login
            POST /login
            Content-Type: application/json

            {"username": "ada", "password": {{password}}}
            ###
            GET /me
            Authorization: Bearer {{login.response.body.$.token}}
        """
        try:
            if cell is not None:
                return self._cells.http(line, cell)
            if "{{" in line:
                return self._cells.line(line, local_ns or {})
            plan = parse_line(line)
        except LineError as error:
            raise MagicUsageError("http", error) from None
        return self._run(plan)

    @no_var_expand
    @line_cell_magic
    def curl(self, line: str, cell: str | None = None) -> Record:
        r"""Run a command line of curl, as a browser copies it or as you write it, and show the response.

            %curl [OPTIONS] URL
            r = %curl -X POST -d name=kettle :8000/items

        The line is a command of bash, with or without the word `curl`: quotes, \ and $NAME of the environment mean what
        they mean there, and no shell runs. -o FILE is curl's.

        %%curl runs the commands of its cell. Paste what "Copy as cURL (bash)" or "(cmd)" of a browser gives; the line
        of the magic takes -o NAME (bind the Record to a Python name), --timeout SECONDS, -q and ;

            %%curl -o r
            curl 'https://example.org/items' \
              -H 'accept: application/json' \
              --data-raw '{"name": "kettle"}' --compressed

        Redirects are followed with -L only, and cookies kept with -c or -b '' only, as in curl. An option that can't be
        honoured is refused, or noted where the request is the same without it.

        Back: r.curl() is the request as a command for bash, r.python() as Python, r.http() as .http text. Credentials
        in them are variables of the environment.
        """
        try:
            return run_curl(line, cell, self._run)
        except LineError as error:
            raise MagicUsageError("%curl", error) from None

    @no_var_expand
    @line_magic
    def httpkit(self, line: str) -> None:
        """Control the magics.

        %httpkit help        a short guide
        %httpkit demo        start the demo API in a process of its own and make it the base URL
        %httpkit demo stop   stop it
        %httpkit env         list the environments of http-client.env.json; env NAME makes one active, env off none
        %httpkit env show    show the values of the active one
        %httpkit history     list what was asked; history TEXT only where the text stands in URL, headers or body
        %httpkit diff        what differs between the last run of a cell and the one before; diff A B of two records,
                             by name or by number of the history
        """
        words = line.rstrip("; ").split()
        match words:
            case [] | ["help"]:
                print(GUIDE)  # noqa: T201 - a guide is text
            case ["demo"]:
                self._start_demo()
            case ["demo", "stop"]:
                self._stop_demo()
            case ["env", *rest]:
                self._cells.env(rest)
            case ["history", *rest]:
                self.past.history(" ".join(rest))
            case ["diff", *rest]:
                self.past.diff(rest)
            case ["demo", other, *_]:
                raise MagicUsageError("httpkit", _unexpected(line, other, ("stop",), "demo or demo stop"))
            case [other, *_]:
                expected = "demo, demo stop, env, history, diff or help"
                raise MagicUsageError("httpkit", _unexpected(line, other, SUBCOMMANDS, expected))

    def close(self) -> None:
        """Close the client's connections and its thread, and stop the demo API."""
        self._client.close()
        if self._demo is not None:
            self._stop_demo()

    def run(self, plan: Plan) -> Record:
        """Send `plan`, show its panel and return its record; as `%http` does.

        Raises:
            Interrupted: the kernel was interrupted meanwhile.
            RecordError: the configuration says that a status of 400 and more is an error.
        """
        return self._run(plan)

    async def arun(self, plan: Plan) -> Record:
        """Send `plan` as `run` does, on the loop thread, and let the loop that is running here go on meanwhile.

        Raises:
            CancelledError: the awaiting task was cancelled; the request then is too, and its panel says so.
            RecordError: as of `run`.
        """
        plan = with_password(plan)
        output = Output(self._shell, self.outputs, silent=plan.silent or self.settings.panel == "off")
        sending = self._client.send(plan, self.settings.settings())
        try:
            record = await output.follow(sending)
        except asyncio.CancelledError:
            sending.job.cancel()
            with contextlib.suppress(TimeoutError):
                self._finish(plan, output, sending.job.result(CANCEL_TIMEOUT))
            raise
        self._finish(plan, output, record)
        insist(record, check=plan.check, status=plan.check_status or self.settings.raise_for_status)
        return record

    def _run(self, plan: Plan, values: tuple[UsedValue, ...] = ()) -> Record:
        """Send `plan`, show its panel and return its record; `values` are what was filled into it.

        Raises:
            Interrupted: the kernel was interrupted meanwhile.
            RecordError: the plan says that a status of 400 and more is an error.
        """
        plan = with_password(plan)
        output = Output(self._shell, self.outputs, silent=plan.silent or self.settings.panel == "off")
        sending = self._client.send(plan, self.settings.settings())
        try:
            record = output.wait(sending)
        except KeyboardInterrupt:
            sending.job.cancel()
            record = sending.job.result(CANCEL_TIMEOUT)
            record.values = values
            self._finish(plan, output, record)
            was_cancelled = record.failure is not None and record.failure.kind == "cancelled"
            raise Interrupted("the request was cancelled." if was_cancelled else "the request was done.") from None
        record.values = values
        record.checks = judge(record, plan.checks)
        self._finish(plan, output, record)
        insist(record, check=plan.check, status=plan.check_status or self.settings.raise_for_status)
        return record

    def _finish(self, plan: Plan, output: Output, record: Record) -> None:
        if plan.name is not None:
            self._shell.push({plan.name: record})
        self.past.add(record)
        output.finish(record)
        self.completer.note(record.request.url)

    def _start_demo(self) -> None:
        if self._demo is not None and not self._demo.is_running:
            self._stop_demo()
        if self._demo is None:
            try:
                self._demo = start_demo()
            except DemoError as error:
                raise UsageError(f"%httpkit demo: {error}") from None
            self._base_url_before, self.settings.base_url = self.settings.base_url, self._demo.url
        print(  # noqa: T201 - where it is, in words
            f"The demo API is at {self._demo.url}, its misbehaving side at {self._demo.broken_url}.\n"
            "A path alone is a URL now: %http GET /items"
        )

    def _stop_demo(self) -> None:
        demo, self._demo = self._demo, None
        if demo is None:
            print("The demo API is not running.")  # noqa: T201
            return
        demo.stop()
        if self.settings.base_url == demo.url:
            self.settings.base_url = self._base_url_before


def _unexpected(line: str, word: str, known: tuple[str, ...], expected: str) -> LineError:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    start = line.index(word)
    hint = f"did you mean {near[0]}?" if near else f"expected {expected}"
    return LineError(f"unknown {word!r}; {hint}", line, start, start + len(word))


def load(shell: Any) -> HttpKitMagics:
    """Add the magics to `shell`, unless they are there, and return them."""
    found = shell.magics_manager.registry.get(HttpKitMagics.__name__)
    if isinstance(found, HttpKitMagics):
        return found
    attach()
    magics = HttpKitMagics(shell)
    shell.register_magics(magics, magics.streams)
    shell.configurables.append(magics.settings)
    shell.input_transformer_manager.token_transformers.append(MagicStatement)
    magics.outputs.register()
    magics.past.register()
    magics.completer.register()
    atexit.register(magics.close)
    return magics


def unload(shell: Any) -> None:
    """Take the magics out of `shell` and close what they hold."""
    magics = shell.magics_manager.registry.pop(HttpKitMagics.__name__, None)
    if magics is None:
        return
    shell.magics_manager.registry.pop(StreamMagics.__name__, None)
    for family in (magics, magics.streams):
        for kind, names in family.magics.items():
            for name in names:
                shell.magics_manager.magics[kind].pop(name, None)
    shell.configurables.remove(magics.settings)
    transformers = shell.input_transformer_manager.token_transformers
    transformers[:] = [each for each in transformers if each.__name__ != MagicStatement.__name__]
    magics.outputs.unregister()
    magics.past.unregister()
    magics.completer.unregister()
    atexit.unregister(magics.close)
    magics.close()
