"""Planted secrets: the notebook that is saved after cells ran, and the search for a secret in all its spellings."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from urllib.parse import quote, quote_plus

import nbformat
from nbclient import NotebookClient


def spellings(text):
    """Return the forms in which a secret may stand somewhere."""
    whole = text.encode()
    forms = {text, quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1], repr(text)[1:-1]}
    forms |= {json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(json.dumps(text))[3:-3]}
    forms.add(whole.decode("latin-1"))
    for before in range(3):
        digits = base64.b64encode(b"\0" * before + whole).decode()
        forms.add(digits[-(-before * 8 // 6) : (before + len(whole)) * 8 // 6])
    return {form for form in forms if form}


def leaks(text, secrets):
    """Return which of the secrets stand in `text`, in which form."""
    return [(place, form) for place, secret in secrets.items() for form in spellings(secret) if form in text]


def saved_text(cells, folder, environment):
    """Run the cells in a kernel and return the saved notebook as text."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(
        notebook, timeout=60, allow_errors=True, resources={"metadata": {"path": str(folder)}}, kernel_name="python3"
    )
    client.execute(env={**os.environ, **environment, "IPYTHONDIR": str(folder)})
    path = folder / "saved.ipynb"
    nbformat.write(notebook, path)
    text = "\n".join(_texts(json.loads(path.read_text())))
    text += html.unescape(text)
    return text + re.sub(r"\x1b\[[\d;]*m", "", text)


def _texts(value):
    """Yield every text in a document; lines of outputs are put together."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        yield "".join(value)
    else:
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from _texts(each)
