# Everything a person does often. On a fresh Debian machine with python3, git and make: `make demo`, `make test`.
PYTHON ?= python3
BIN := .venv/bin
# In a terminal until Ctrl-C, with alarms to take; elsewhere for a minute.
DEMO ?= $(shell if [ -t 0 ]; then echo --option alarm_every_s=60; else echo --seconds 60; fi)

.PHONY: help setup demo test lint types docs bench nightly sbom clean

help:
	@echo "make demo     a whole centre at work, and people to sign in as (DEMO='--cameras 8' to choose; $(BIN)/csu demo --help)"
	@echo "make test     what must hold before a change is kept: lint, types, tests (about 25 minutes)"
	@echo "make lint     ruff and the import contracts      make types    mypy --strict"
	@echo "make bench    benchmarks beside their peers      make nightly  the long tests, then the benchmarks"
	@echo "make sbom     what csu is made of: CycloneDX in var/sbom"
	@echo "make setup    only install                       make clean    remove environments and caches (never var/)"

# Made again when pyproject.toml or the script is newer.
.venv/.ready-%: pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" .ci/setup $*

setup: .venv/.ready-test

demo: .venv/.ready-demo
	$(BIN)/csu demo $(DEMO)

# pytest comes last, so that the log closes on its summary line.
test: lint types
	@mkdir -p var
	$(BIN)/python -m pytest -m "not nightly and not alone" -n auto --dist loadfile --requirement-results var/compliance-shared.json
	$(BIN)/python -m pytest -m "alone and not nightly" --requirement-results var/compliance.json --requirement-results-after var/compliance-shared.json

lint: setup
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo

types: setup
	$(BIN)/mypy

docs: setup
	$(BIN)/python -m pytest tests/architecture/test_documents.py

bench: setup
	$(BIN)/python -m pytest benchmarks --timeout 1800

nightly: setup
	$(BIN)/python -m pytest -m nightly --timeout 3600
	$(BIN)/python -m pytest benchmarks -m "nightly or not nightly" --timeout 3600

sbom: setup
	@.ci/sbom

clean:
	rm -rf .venv .venv-peer .venv-sbom .tox build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
