# For maintainers; readers find plain commands in README.md.
#   make run STEP=1    run a step's demo
#   make test          the tests that a reader runs
#   make check         formatting, lint, types, all tests: what .ci/run does, in this folder's .venv
#   make format        let ruff format the code

PYTHON ?= python3
STEP ?= 1
SETUP = requirements.txt constraints.txt pyproject.toml

.PHONY: run test check format

run: .venv/.ready
	.venv/bin/python $(wildcard step$(STEP)_*/app.py)

test: .venv/.ready
	.venv/bin/python -m pytest

check: .venv/.ready-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m pytest -m "slow or not slow"

format: .venv/.ready-dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

.venv/.ready: $(SETUP)
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -q -r requirements.txt
	touch $@

.venv/.ready-dev: .venv/.ready
	.venv/bin/python -m pip install -q -c constraints.txt -e '.[dev]'
	touch $@
