# Every target does its own set-up: python3 (3.11 or newer) with venv, and make, are all that has to be there.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tests run in as many processes as there are cores; TESTS narrows them: make test TESTS=tests/unit/digest
# Looking which lines they reach takes half as long again, so it is left to CI and to whoever asks for it.
TESTS ?= tests
COVERAGE ?=
ARGS ?=

.PHONY: demo test check format lock pictures clean help
.DEFAULT_GOAL := help

help: ## Show the targets.
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "newsletter needs Python 3.11 or newer; set PYTHON=python3.x"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Setting up $(VENV) (once; takes a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

PEERS := tests/peers/node_modules/.package-lock.json
$(PEERS): tests/peers/package-lock.json
	@npm ci --prefix tests/peers --silent --no-audit --no-fund \
	|| echo "npm is missing or fetches nothing: nothing is compared with independent implementations"

demo: $(READY) ## Run the service on a sample day and look at the mails (ARGS=--once: end by itself).
	@$(BIN)/newsletter demo $(ARGS)

test: $(READY) $(PEERS) ## Everything: what `check` does, and all tests on real servers (COVERAGE=1: and what they reach).
	@$(MAKE) --no-print-directory static
	@rm -f .coverage .coverage.*
	@$(BIN)/pytest $(TESTS) --numprocesses=auto $(if $(COVERAGE),--cov --cov-report=) $(ARGS)
	@if [ -n "$(COVERAGE)" ] && [ "$(TESTS)" = tests ]; then $(BIN)/coverage report; fi

check: $(READY) ## The fast loop: format, lint, types, import directions, unit tests.
	@$(BIN)/ruff format --quiet .
	@$(MAKE) --no-print-directory static
	@$(BIN)/pytest tests/unit --quiet --numprocesses=auto $(ARGS)

.PHONY: static
static: $(READY)
	@$(BIN)/ruff format --check --quiet . || { echo "not formatted; run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }

format: $(READY) ## Format the code and sort the imports.
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format .

lock: ## Write the locks anew (ARGS=--upgrade: to the newest versions).
	@for set in runtime build dev; do $(MAKE) --no-print-directory requirements/$$set.locked; done

# Hashes, and no address of any index: whoever installs chooses where from.
UV := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --custom-compile-command "make lock"
.PHONY: requirements/runtime.locked requirements/build.locked requirements/dev.locked
requirements/runtime.locked:
	@$(UV) $(ARGS) pyproject.toml --output-file requirements/runtime.lock
requirements/build.locked:
	@$(UV) $(ARGS) --group build --output-file requirements/build.lock
requirements/dev.locked:
	@$(UV) $(ARGS) pyproject.toml --group dev --output-file requirements/dev.lock

pictures: $(READY) ## Make the pictures of the documentation anew, from the demo (needs Chromium).
	@$(BIN)/python docs/make_pictures.py

clean: ## Remove everything that was made.
	@rm -rf $(VENV) build dist .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/artefacts
