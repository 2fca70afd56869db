"""Cells run without a network: what they would send, and what somebody would be asked."""

from __future__ import annotations

import json
from pathlib import Path

from httpkit_magics.grammar.cell import parse_cell
from httpkit_magics.grammar.line import parse_options
from httpkit_magics.grammar.message import compose, files_of
from httpkit_magics.record.record import Fields, Record, SentRequest
from httpkit_magics.run.chain import Memory, NoInput, run_cell
from httpkit_magics.run.environment import Environments
from httpkit_magics.run.scope import Notebook


def answer(body=b"{}", status=200, **headers):
    """Return a record of an answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Record(
        SentRequest("GET", "http://h/"),
        "http://h/",
        status,
        "OK",
        headers=Fields(lines),
        content=content,
        encoding="utf-8",
    )


class Desk:
    """Runs cells: `answers` are given in order (the last one again and again), `typed` is what somebody types."""

    def __init__(self, *answers, names=None, environments=None, active="", typed=None):
        self.answers = list(answers) or [answer()]
        self.names = names if names is not None else {}
        self.environments = environments or Environments()
        self.active = active
        self.typed = typed
        self.memory = Memory()
        self.plans = []
        self.steps = []
        self.values = []
        self.asked = []

    def run(self, text, line=""):
        """Run a cell and return the last record."""
        notebook = Notebook(self.names, self.environments.active(self.active), self.environments)
        return run_cell(parse_cell(text), parse_options(line), notebook, self.memory, self)

    def send(self, step, plan, values):
        """Take a plan for sent."""
        self.steps.append(step)
        self.plans.append(plan)
        self.values.append({value.name: value for value in values})
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        message = compose(plan, {file.path: Path(file.path).read_bytes() for file in files_of(plan)})
        sent = SentRequest(plan.method, plan.target, Fields(message.headers), message.body)
        return given.replaced(request=sent)

    def bind(self, name, value):
        """Give a value a name."""
        self.names[name] = value

    def ask(self, question, *, is_secret):
        """Give what is typed."""
        self.asked.append((question, is_secret))
        if self.typed is None:
            raise NoInput
        return self.typed.pop(0)

    @property
    def targets(self):
        """The methods and URLs of what was sent."""
        return [f"{plan.method} {plan.target}" for plan in self.plans]


def sent(text, line="", **options):
    """Return what the only request of a cell sends: method and URL, header lines, body."""
    desk = Desk(**options)
    desk.run(text, line)
    (plan,) = desk.plans
    message = compose(plan, {file.path: Path(file.path).read_bytes() for file in files_of(plan)})
    return f"{plan.method} {plan.target}", list(message.headers), message.body
