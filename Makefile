# Everything is installed inside this folder (.venv, .cache, node_modules) but for Debian packages, which
# packaging/setup_system.sh names before it installs them. Once set up, every target works without a network.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
# The whole suite runs in two processes, since most of it waits; a part of it in one, where -s and --pdb work.
WORKERS ?= $(if $(ARGS),0,2)
SECONDS ?= 60
MINUTES ?= 5

.PHONY: run test lint fuzz soak bench peers package lock clean help setup-python setup-run setup-test setup-fuzz

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 18

run: setup-run ## start the program with its demo (with no display: a walk through it on a virtual screen)
	@packaging/run.sh

test: setup-test ## every test, on real servers (ARGS="tests/core -k merge" for some)
	@PATH="$(CURDIR)/.cache/bin:$$PATH" $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: setup-python ## style, types, layers, dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

# The faulthandler's dump after a while reads frames that run: over minutes it ended the process (CPython 3.11).
fuzz: setup-fuzz ## each parser: SECONDS=60 guided by coverage, then 100,000 damaged seeds
	@$(BIN)/python -m tests.fuzz.run_atheris $(SECONDS)
	@HYPOTHESIS_PROFILE=nightly PATH="$(CURDIR)/.cache/bin:$$PATH" $(BIN)/python -m pytest -m fuzz --timeout=0 -o faulthandler_timeout=0 $(ARGS)

soak: setup-test ## MINUTES=5 of listings, edits and faults on real servers; what grew and what was lost
	@PATH="$(CURDIR)/.cache/bin:$$PATH" $(BIN)/python -m tests.faults.soak $(MINUTES)

bench: setup-test ## the measures in one table (SIZE=1000000 for a million sessions; ARGS=bench_redis for one)
	@PATH="$(CURDIR)/.cache/bin:$$PATH" $(BIN)/python -m tests.bench.run $(ARGS)

peers: setup-test ## the Redis tools that run here, fetched and measured beside ours (SIZE=, ROUNDS=)
	@PATH="$(CURDIR)/.cache/bin:$$PATH" $(BIN)/python -m tests.bench.peers.measure $(ARGS)

package: setup-python ## a folder that runs without Python, in build/dist, driven once
	@packaging/setup_system.sh window screen freezing
	@$(BIN)/python packaging/freeze.py

lock: ## renew requirements.lock.txt from pyproject.toml
	@test -x .cache/uv/bin/uv || { $(PYTHON) -m venv .cache/uv && .cache/uv/bin/pip install -qq uv; }
	.cache/uv/bin/uv pip compile pyproject.toml --extra demo --extra sql --group dev --group package --group bench --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --upgrade --quiet -o requirements.lock.txt

clean: ## remove what was built or installed here
	rm -rf .venv .cache build dist tests/interop/*/node_modules .*_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

setup-python:
	@PYTHON="$(PYTHON)" packaging/setup_python.sh

setup-fuzz: setup-test
	@$(BIN)/python -c 'import atheris' 2>/dev/null || \
	  $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.fuzz.txt

setup-run: setup-python
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then packaging/setup_system.sh window; \
	 else packaging/setup_system.sh window screen; fi

setup-test: setup-python
	@packaging/setup_system.sh window screen servers
	@$(BIN)/python packaging/fetch_binaries.py
	@packaging/fetch_pgbouncer.sh
	@packaging/setup_node.sh
