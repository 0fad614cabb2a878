# For maintainers; readers find plain commands in README.md.
#   make run STEP=1    run a step's demo
#   make test          the tests that a reader runs
#   make check         lint, types and all tests, as .ci/run does, but in this folder's .venv
#   make format        let ruff format the code
# Each makes .venv first, and again whenever the requirements have changed.

STEP ?= 1

.PHONY: run test check format setup dev

run: setup
	.venv/bin/python $(or $(wildcard step$(STEP)_*/app.py),$(error There is no step $(STEP)))

test: setup
	.venv/bin/python -m pytest

check: dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m pytest -m "slow or not slow"

format: dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

setup:
	@sh setup.sh

dev: setup .venv/ready-dev

.venv/ready-dev: .venv/ready
	.venv/bin/python -m pip install -q -c constraints.txt -e '.[dev]'
	touch $@

.venv/ready: setup
