# The commands of the house. ARGS is passed on: make demo ARGS="--seconds 60 --json", make test ARGS="-k gate"
# What is needed: Python 3.11 or newer, make, git, and the network for the first run.

PYTHON ?= $(firstword $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p; done) python3)
BIN := .venv/bin
READY := .venv/ready
# The rivals pin what they like: the benchmark has an environment of its own.
BENCH := .venv/bench
QUALITY := .venv/quality
ARGS ?=
CORES := $(shell $(PYTHON) -c 'import os; print(os.cpu_count() or 2)')
# Processes of `make test`: two that wait for servers, and one a core for the laws.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 + max(1, (os.cpu_count() or 2) - 1))')

.DEFAULT_GOAL := help
.PHONY: help env demo quick test laws test-ops lint lock bench storm quality faults contracts

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s%s\n", $$1, $$2}' Makefile

env: $(READY) ## Build .venv from requirements.lock

demo: $(READY) ## Kafka, Redis, a worker and a town of users, on this machine, live
	@$(BIN)/churn-alerts demo $(ARGS)

quick: $(READY) ## Units, doctests and lint, in less than a minute
	@$(MAKE) --no-print-directory lint ARGS=
	@$(BIN)/pytest tests/unit tests/test_docs.py tests/test_architecture.py schemas streams agents -n $(CORES) $(ARGS)

test: $(READY) ## Everything that Python alone can check, on real Kafka and Redis
	@$(MAKE) --no-print-directory lint ARGS=
	@$(BIN)/pytest --ignore=tests/ops -n $(WORKERS) --dist loadgroup $(ARGS)

laws: $(READY) ## Every law and the fuzz, long and at random: ARGS="--minutes 30"
	@$(BIN)/python -m tests.laws $(ARGS)

test-ops: $(READY) ## What needs promtool and chromium as well
	@if [ -d tests/ops ]; then $(BIN)/pytest tests/ops $(ARGS); else echo "no tests/ops yet"; fi

lint: $(READY) ## Style, format, types, and which folder may import which
	@$(BIN)/ruff check $(ARGS)
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports

storm: $(READY) ## A storm of complaints, with the breaker and without: the numbers of docs/breaker.md
	@$(BIN)/python -m bench.storm

bench: $(BENCH)/ready ## How fast, against whom
	@$(BENCH)/bin/python -m bench $(ARGS)

quality: $(QUALITY)/ready ## How good the warnings are, on two public logs, beside other methods
	@$(QUALITY)/bin/python -m bench.quality $(ARGS)

faults: $(READY) ## Random faults under steady traffic: counts lost, doubled, stuck
	@$(BIN)/python -m tests.faults $(ARGS)

contracts: $(READY) ## Write the generated documents anew: JSON Schemas, tables, diagrams
	@$(BIN)/churn-alerts contracts write $(ARGS)

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
	--custom-compile-command "make lock" pyproject.toml $(ARGS)

lock: $(READY) ## Pin the newest versions that pyproject.toml allows (ARGS=--upgrade), for every platform
	@$(BIN)/pip install --quiet uv
	@$(LOCK) --extra dev --output-file requirements.lock
	@$(LOCK) --extra bench --output-file bench/requirements.lock
	@$(subst pyproject.toml,bench/quality/requirements.in,$(LOCK)) --output-file bench/quality/requirements.lock

INSTALL := pip install --quiet --disable-pip-version-check

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python")'
	@test -x $(BIN)/pip || { echo "Building .venv: some 400 MB, once" >&2; $(PYTHON) -m venv --clear .venv; }
	@$(BIN)/$(INSTALL) --requirement requirements.lock
	@$(BIN)/$(INSTALL) --no-deps --editable .
	@touch $@

$(BENCH)/ready: bench/requirements.lock $(READY)
	@test -x $(BENCH)/bin/pip || $(BIN)/python -m venv --clear $(BENCH)
	@$(BENCH)/bin/$(INSTALL) --requirement bench/requirements.lock
	@$(BENCH)/bin/$(INSTALL) --no-deps --editable .
	@touch $@

$(QUALITY)/ready: bench/quality/requirements.lock $(READY)
	@test -x $(QUALITY)/bin/pip || $(BIN)/python -m venv --clear $(QUALITY)
	@$(QUALITY)/bin/$(INSTALL) --requirement bench/quality/requirements.lock
	@touch $@
