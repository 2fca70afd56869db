"""docs/reference/curl.md, made from the table: `python tests/curl_page.py` writes it."""

from __future__ import annotations

from pathlib import Path

from httpkit_magics.grammar.curl_options import OPTIONS

INTRODUCTION = """\
# The options of curl

What `%curl` and `%%curl` make of each option of curl. [How to use them](../how-to/curl.md) is a page of its own.

This page is made from the table in the code (`python tests/curl_page.py`), and a test holds it equal.
"""

KINDS = {
    "honoured": ("Honoured", "They do what they do in curl."),
    "noted": (
        "Noted",
        "They have no effect here, and a note above the panel says so. The request is the same, or nearly.",
    ),
    "silent": ("Accepted", "They have no effect here, and nothing is lost without them."),
    "refused": (
        "Refused",
        "Without them the request would be another one, so the command is not run, and the error says why.",
    ),
}


def options_page() -> str:
    """Return the page."""
    lines = [INTRODUCTION]
    for kind, (title, meaning) in KINDS.items():
        options = [option for option in OPTIONS if option.kind == kind]
        lines += [f"## {title}: {len(options)}\n", f"{meaning}\n", "| option | |", "| --- | --- |"]
        for option in options:
            value = f" {option.value}" if option.value else ""
            lines.append(f"| `{option.written}{value}` | {option.does.replace('<', '&lt;')} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    Path(__file__).parents[1].joinpath("docs", "reference", "curl.md").write_text(options_page())
