# Everything works on a fresh clone with only Python 3.11+, make and git. `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt
STAMPS := $(VENV)/.stamps
SLOW ?=

.PHONY: help reproduce test docs lab bench config notebooks plain wheel clean

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

# Installing happens once, and again only when what is installed changes.
$(BIN)/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed, got " + sys.version'
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/run: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e ".[data]"
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: $(STAMPS)/run
	$(PIP) -e ".[data,dev]"
	@touch $@

reproduce: $(STAMPS)/run ## install, then the main job: ridge classification on the chip, on the embedded data
	$(BIN)/kernel-aimc ridge --out results

test: $(STAMPS)/dev ## install, then all checks: configuration, export, lint, notebooks, pytest (SLOW=1: slow cells too)
	$(BIN)/python tools/check.py $(if $(SLOW),--slow)

docs: $(STAMPS)/dev ## build the site in _docs and check its links
	$(BIN)/python tools/build_docs.py
	$(BIN)/python tools/check_site.py _docs

lab: $(STAMPS)/dev ## JupyterLab on the notebooks
	$(BIN)/jupyter lab nbs

bench: $(STAMPS)/dev ## measure speed against scikit-learn, and aihwkit where installed, as ratios in one run
	$(BIN)/python tools/bench.py

config: $(STAMPS)/dev ## settings.ini -> pyproject.toml
	$(BIN)/python tools/sync_config.py

notebooks: $(STAMPS)/dev ## run all notebooks top to bottom and store their outputs, export, clean, README
	$(BIN)/nbdev-export
	$(BIN)/nbdev-test --save --flags slow --n-workers 2
	$(BIN)/nbdev-clean
	$(BIN)/python tools/readme.py

plain: $(STAMPS)/dev ## run every notebook as JupyterLab does, with nothing but the extra `notebooks`, slow cells left out
	$(BIN)/python tools/run_notebooks.py

wheel: $(STAMPS)/dev ## build the wheel, use it in an empty environment: imports, the main job, a few notebooks
	$(BIN)/python tools/check_wheel.py

clean: ## remove what was built, not the environment
	rm -rf _docs _proc build dist *.egg-info .pytest_cache .ruff_cache
