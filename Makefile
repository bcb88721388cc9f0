# Each target sets up .venv first; all that a fresh machine needs is Python 3.11 or newer, with its venv module.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
DEMO := outputs/demo

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

demo: $(READY) ## train anew on the embedded paintings (8 minutes on two cores), evaluate, and say where the pictures are
	rm -rf $(DEMO)
	$(PY) src/train.py model=cgan data=wikiart experiment=demo hydra.run.dir=$(DEMO)
	$(PY) src/generate.py checkpoint=$(DEMO) num_images=64 grid=8 output=$(DEMO)/generated overwrite=true
	$(PY) src/evaluate.py checkpoint=$(DEMO)

test: $(READY) ## the whole test suite, in two processes; ARGS= goes to pytest
	$(PY) -m pytest -n 2 --dist worksteal $(ARGS)

lint: $(READY) ## style and types
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

bench: $(READY) ## speed and memory, measured; ARGS= names some
	$(PY) tests/benchmarks/run.py $(ARGS)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Error: Python 3.11 or newer is needed, and $(PYTHON) is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check -e '.[dev,sweep,tensorboard,science,formats]' -c constraints.txt
	@touch $@
