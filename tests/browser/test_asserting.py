"""Assertions and completion in JupyterLab: what somebody sees who writes `??` lines, and who presses Tab."""

from __future__ import annotations

import nbformat

CELLS = [
    "%load_ext httpkit_magics\n%httpkit demo",
    """%%http
GET /items
Accept: application/json

?? status == 200
?? header content-type contains json
?? jsonpath $[*].name count > 3
?? jsonpath $[0].id == "x"
?? duration < 5s""",
    "%http GET /ite",
]


def _notebook(lab, name):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, lab.root / name)
    return name


def test_asserts_are_open_when_one_fails_and_tab_offers_paths(notebook, lab):
    """The section says what passed and failed in words; Tab opens a list with the paths that were asked."""
    notebook.open(_notebook(lab, "asserting.ipynb"))
    notebook.run_all()
    panel = notebook.cells()[1]
    for theme in ("light", "dark"):
        notebook.set_theme(dark=theme == "dark")
        text = panel.locator(".jp-OutputArea-output").inner_text()
        assert ("4 passed, 1 failed" in text, "failed" in text, "is 1" in text) == (True, True, True)
        notebook.picture(panel, f"asserts-{theme}")
    notebook.set_theme(dark=False)
    last = notebook.cells()[2]
    last.locator(".cm-content").click()
    notebook.page.keyboard.press("End")
    notebook.page.keyboard.press("Tab")
    offered = notebook.page.locator(".jp-Completer-match")
    offered.first.wait_for()
    assert offered.all_inner_texts() == ["/items"]
    notebook.page.keyboard.press("Enter")
    offered.first.wait_for(state="hidden")
    notebook.page.keyboard.type(" Accept")
    notebook.page.keyboard.press("Tab")
    offered.get_by_text("Accept:").wait_for()
    # JupyterLab sorts by its own rule.
    assert sorted(offered.all_inner_texts()) == ["Accept-Encoding:", "Accept-Language:", "Accept:"]
    notebook.screenshot("completion-headers")
    notebook.page.keyboard.press("Enter")
    offered.first.wait_for(state="hidden")
    notebook.page.keyboard.type("text/csv --")
    notebook.page.keyboard.press("Tab")
    offered.get_by_text("--follow").first.wait_for()
    notebook.screenshot("completion-options")
    assert notebook.errors == []
