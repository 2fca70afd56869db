"""Completion in IPython: one matcher (API 2) that asks `grammar.completion`, and what it may offer from the notebook."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.terminal.interactiveshell import TerminalInteractiveShell

from httpkit_magics.grammar.completion import Known, complete

MOST_URLS = 200
"""URLs of the latest requests that are offered."""


ENV = ("list", "show", "off")
"""What `%httpkit env` takes besides the name of an environment."""


class Completer:
    """Offers what may stand at the cursor in lines of `%http`, `%%http` and `%httpkit`."""

    def __init__(
        self,
        shell: Any,
        subcommands: tuple[str, ...],
        base_url: Callable[[], str],
        names: Callable[[], tuple[list[str], list[str]]],
    ) -> None:
        """Take what `%httpkit` takes, and callables for what changes: the base URL, names for `{{ }}`, environments."""
        self._shell = shell
        self._names = names
        # A terminal shows a sentence beside a candidate; JupyterLab has room for a word, and draws a sentence over others.
        self._in_terminal = isinstance(shell, TerminalInteractiveShell)
        self._subcommands = subcommands
        self._base_url = base_url
        self._urls: OrderedDict[str, None] = OrderedDict()

        def matcher(asked: CompletionContext) -> SimpleMatcherResult:
            return self._match(asked)

        # A function, as the decorator sets attributes, which a method has not.
        self._matcher = context_matcher(identifier="httpkit.completer", priority=200)(matcher)

    def register(self) -> None:
        """Ask this one first."""
        self._shell.Completer.custom_matchers.append(self._matcher)

    def unregister(self) -> None:
        """Undo `register`."""
        matchers = self._shell.Completer.custom_matchers
        matchers[:] = [each for each in matchers if each is not self._matcher]

    def note(self, url: str) -> None:
        """Offer the URL of a request from now on."""
        self._urls[url] = None
        self._urls.move_to_end(url)
        while len(self._urls) > MOST_URLS:
            self._urls.popitem(last=False)

    def known(self) -> Known:
        """Return what may be offered now."""
        hidden = self._shell.user_ns_hidden
        python = sorted(name for name in self._shell.user_ns if not name.startswith("_") and name not in hidden)
        names, environments = self._names()
        return Known(
            names=list(dict.fromkeys((*names, *python))),
            urls=list(reversed(self._urls)),
            environments=[*environments, *ENV] if environments else ENV,
            subcommands=self._subcommands,
            base_url=self._base_url(),
        )

    def _match(self, context: CompletionContext) -> SimpleMatcherResult:
        found = complete(context.full_text, context.cursor_line, context.cursor_position, self.known())
        if found is None:
            return {"completions": []}
        completions = [
            SimpleCompletion(each.text, type=(self._in_terminal and each.does) or each.kind)
            for each in found.candidates
        ]
        return {
            "completions": completions,
            "matched_fragment": context.text_until_cursor[found.start :],
            "ordered": True,
            # In our lines nothing else is of use: neither Python's names nor files.
            "suppress": True,
        }
