# Each target sets up .venv first; all that a fresh machine needs is Python 3.11 or newer, with its venv module.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
DEMO := outputs/demo
SAMPLES := src/impasto/data/samples
PHOTOS := $(patsubst %,$(SAMPLES)/photos/%.jpg,monuments/chateaudeChenonceau_france monuments/canyondeChelly_usa \
	animals/horse monuments/pontduGard_france animals/red_panda renewable/windmill12)
STYLES := church_at_auvers,langlois_bridge,pere_tanguy

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench gallery docs dist

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

demo: $(READY) ## paint photographs in three styles, learn a fourth from eight paintings, measure it (4 minutes on two cores)
	rm -rf $(DEMO) $(DEMO)_photographs $(DEMO)_any_style
	mkdir -p $(DEMO)_photographs
	cp $(PHOTOS) $(DEMO)_photographs
	$(PY) src/stylize.py input=$(DEMO)_photographs style='[$(STYLES)]' sheet=true output=$(DEMO)_any_style
	$(PY) src/train.py experiment=personal_style data.style=$(SAMPLES)/paintings minutes=3 evaluation=style hydra.run.dir=$(DEMO)
	$(PY) src/stylize.py input=$(DEMO)_photographs style='[$(STYLES),$(DEMO)/style.safetensors]' sheet=true output=$(DEMO)/painted

test: $(READY) ## the whole test suite, in two processes; ARGS= goes to pytest
	$(PY) -m pytest -n 2 --dist worksteal $(ARGS)

lint: $(READY) ## style and types
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

bench: $(READY) ## speed and memory, measured; ARGS= names some
	$(PY) tests/benchmarks/run.py $(ARGS)

gallery: $(READY) ## the recipes of docs/gallery.md once more, as many as fit into two hours; ARGS="--only dna" names some
	$(PY) docs/gallery.py --rerun $(ARGS)

docs: $(READY) ## the documentation as a site, in site/
	$(PY) -m mkdocs build --strict

dist: $(READY) ## wheel and source archive in dist/, the same bytes each time
	$(PY) -m build --no-isolation --outdir dist

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Error: Python 3.11 or newer is needed, and $(PYTHON) is " + sys.version.split()[0] + "; name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check -e '.[dev,docs,sweep,tensorboard,science,medical,sequences,formats,video,export,compress,app,serve,explain,attack,privacy,music,audio,text]' -c constraints.txt
	@$(PY) -m pip install --disable-pip-version-check -e '.[restoration]' -c constraints.txt || echo 'BRISQUE could not be built, which needs a C++ compiler: restored pictures are measured without it.'
	@touch $@
