"""The section Code of a panel in JupyterLab: what somebody sees who pasted a command and wants it in another language."""

from __future__ import annotations

import nbformat
import pytest
from servers.lab import Lab
from servers.threaded import response, serving

NAME = "code.ipynb"
LANGUAGES = ("curl", "Python", ".http")


@pytest.fixture
def run_code(notebook, lab: Lab):
    """A notebook with a pasted command, run."""
    with serving(
        {"/items": response(b'{"id": 7, "name": "kettle"}', "201 Created", Content_Type="application/json")}
    ) as server:
        command = (
            f"%%curl -o r\ncurl '{server.url}/items' \\\n  -H 'content-type: application/json' \\\n"
            "  -H 'authorization: Bearer hunter2-0123456789' \\\n"
            '  --data-raw \'{"name": "kettle", "note": "it\'\\\'\'s new"}\' --compressed'
        )
        cells = [nbformat.v4.new_code_cell("%load_ext httpkit_magics"), nbformat.v4.new_code_cell(command)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.root / NAME)
        notebook.open(NAME)
        notebook.run_all()
        yield notebook


def test_code_unfolds_in_three_languages_in_both_themes(run_code):
    """Each language unfolds to what the Record gives, without the credential, and reads in light and dark."""
    cell = run_code.cells()[-1]
    output = cell.locator(".jp-OutputArea-output")
    assert "201 Created" in output.inner_text()
    output.locator("summary", has_text="Code").first.click()
    for language in LANGUAGES:
        output.locator("summary", has_text=f"{language} r.").last.click()
    text = output.inner_text()
    assert '--data-raw \'{"name": "kettle"' in text
    assert "asyncio.run(main())" in text
    assert "Authorization: Bearer {{$processEnv TOKEN}}".lower() in text.lower()
    assert "hunter2" not in text
    run_code.grow()
    for theme in ("light", "dark"):
        run_code.set_theme(dark=theme == "dark")
        assert run_code.picture(cell, f"code-{theme}").stat().st_size > 10_000
    assert run_code.errors == []
