# Every target sets up what it needs in .venv, once, and again only when pyproject.toml changes.
#
#   make tour     run the tour against the demo API; leaves tour.html
#   make test     everything that has to be true
#   make conformance   all cases of the Autobahn TestSuite
#   make lab      open JupyterLab on the tour
#   make bench    measure
#   make docs     build the documentation into site/
#
# PYTHON=... chooses the interpreter (3.11 or later).

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
INSTALLED := $(VENV)/.installed

.NOTPARALLEL:
.PHONY: tour test lint unit browser notebooks conformance lab bench docs screenshots programs clean

tour: $(INSTALLED)-tour
	$(BIN)/python scripts/tour.py

test: lint unit browser notebooks

lint: $(INSTALLED)-test
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(BIN)/lint-imports

# Without npm or a Python 2.7 the tests that need them say so and are skipped.
unit: $(INSTALLED)-test programs
	$(BIN)/python tests/servers/node_packages.py
	$(BIN)/python tests/conformance/install_wstest.py || [ $$? -eq 2 ]
	$(RUN) pytest --ignore=tests/browser --ignore=tests/notebooks

# An open playwright leaves a running event loop in the main thread: no other test can share its process.
browser: $(INSTALLED)-test programs
	$(RUN) pytest tests/browser

notebooks: $(INSTALLED)-test
	$(RUN) pytest tests/notebooks

# All 517 cases of the Autobahn TestSuite, which needs a Python 2.7; the unit tests run 300 of them where there is one.
conformance: $(INSTALLED)-test
	$(BIN)/python tests/conformance/install_wstest.py
	PYTHONPATH=tests $(RUN) conformance.autobahn

lab: $(INSTALLED)-lab
	$(RUN) jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/tour.ipynb

bench: $(INSTALLED)-bench programs
	$(BIN)/python benchmarks/requests_per_cpu.py
	$(BIN)/python benchmarks/websocket.py
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/magic_overhead.py

docs: $(INSTALLED)-docs
	$(RUN) mkdocs build --strict --quiet

# The pictures of README and docs, taken from the tour in a real browser.
screenshots: $(INSTALLED)-test programs
	HTTPKIT_IMAGES=docs/images $(RUN) pytest tests/browser

clean:
	rm -rf $(VENV) site dist tour.html

# Quick when nothing is missing, so there is no stamp that could be out of date.
programs:
	@scripts/programs.sh

$(INSTALLED)-%: pyproject.toml scripts/install.sh
	PYTHON="$(PYTHON)" scripts/install.sh $(VENV) $*
	@touch $@
