# make demo   the whole platform, with something to see, on this machine
# make test   everything that is checked
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help

PYTHON ?= python3
# The virtual environment brings Node as well; nothing is installed outside it but the browser.
VENV := .venv
BIN := $(VENV)/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"
# What was compiled once is kept, whatever the shell says: every process would compile Django anew.
unexport PYTHONDONTWRITEBYTECODE
REQUIREMENTS ?= dev
WORKERS ?= auto
NEED_PYTHON := import sys; sys.exit(sys.version_info < (3, 11))

PYTHON_STAMP := $(VENV)/.synced-$(REQUIREMENTS)
FRONTEND_STAMP := frontend/node_modules/.built
FRONTEND_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -type f -print 2>/dev/null)

.PHONY: help setup demo demo-reset test test-whole lint types unit screens bench browser lock stack \
	stack-stop clean

help: ## show the commands
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST)

$(BIN)/uv:
	@$(PYTHON) -c '$(NEED_PYTHON)' || { echo "Python 3.11 or newer is needed; give it as PYTHON=..."; exit 1; }
	@echo "Making the virtual environment"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(PYTHON_STAMP): requirements/$(REQUIREMENTS).txt | $(BIN)/uv
	@echo "Installing the locked Python packages"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/$(REQUIREMENTS).txt
	@# The synchronisation removes whatever is not locked, its own tool included.
	@test -x $(BIN)/uv || $(BIN)/python -m ensurepip >/dev/null
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@rm -f $(VENV)/.synced-*; touch $@

$(FRONTEND_STAMP): $(PYTHON_STAMP) $(FRONTEND_SOURCES)
	@echo "Building the front end"
	@cd frontend && $(RUN) npm ci --no-audit --no-fund --loglevel=error
	@cd frontend && $(RUN) npm run --silent build
	@touch $@

setup: $(PYTHON_STAMP) $(FRONTEND_STAMP) ## install what is locked, build the front end

demo: setup ## start the demonstration; Ctrl-C stops it
	@exec $(BIN)/python -m icro.demo

demo-reset: setup ## throw the demonstration's data away and start over
	@exec $(BIN)/python -m icro.demo --reset

test: setup browser ## lint, types, import contracts, and every test
	@$(MAKE) --no-print-directory -j 2 types lint unit
	@$(BIN)/python -m pytest -n $(WORKERS) --dist=loadfile --no-loadscope-reorder --require-browser $(ARGS)

test-whole: setup ## every upload of the corpus through the web door, and the large upload
	@$(BIN)/python -m pytest -m whole --whole --hypothesis-profile=explore $(ARGS)

races: setup ## every race of readers, five hundred rounds
	@ICRO_RACE_ROUNDS=500 $(BIN)/python -m pytest tests/reads/test_read_races.py -n 2 --dist=load $(ARGS)

lint: setup ## style, import contracts, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/djlint --lint --quiet templates

types: setup ## mypy, strictly
	$(BIN)/mypy icro ui audit accounts studies queries imaging clinical reads exports projects

unit: setup ## the front end's own tests
	@cd frontend && $(RUN) npm test --silent

browser: setup ## a browser for the tests: the system's, else Playwright's
	@$(BIN)/python -m icro.browser

screens: setup browser ## pictures of the main pages, checked for errors
	@$(BIN)/python -m pytest tests/e2e/test_screens.py --screens --require-browser -p no:cacheprovider $(ARGS)

bench: setup ## speed and memory, by hand
	@for name in criteria deidentify; do echo "$$name"; $(BIN)/python -m benchmarks.$$name; done

stack: setup ## PostgreSQL and Valkey alone, for manage.py
	@$(BIN)/python -m icro.devstack start && $(BIN)/python -m icro.devstack env

stack-stop: ## stop them
	@$(BIN)/python -m icro.devstack stop

lock: $(BIN)/uv ## write the locked requirements anew
	@for name in runtime dev; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-annotate --no-header \
			requirements/$$name.in --output-file requirements/$$name.txt; \
	done

clean: stack-stop ## remove what can be made again; data in var/ stay
	rm -rf $(FRONTEND_STAMP) .mypy_cache .ruff_cache .pytest_cache
