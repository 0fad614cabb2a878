# For maintainers; readers find plain commands in README.md.
#   make run STEP=1    run a step's demo
#   make test          the tests that a reader runs
#   make check         lint, types and the same tests
#   make benchmark     measure all that the documents show, in ten minutes; QUICK=1 only shows that it runs
#   make docs          write the documents' tables, plots and pictures anew from their data and replays
#   make docs-test     check the documents, and do what they say
#   make screenshots   take the documents' pictures of the page anew, with Chromium
#   make mutation      change the code in every small way, and see which change no test notices (an hour or more);
#                      FILES=common/presence.py changes that file only
#   make format        let ruff format the code
# .ci/run does all that checks and tests, in a fresh copy with databases.
# Each makes .venv first, and again whenever the requirements have changed.

STEP ?= 1

.PHONY: run test check benchmark docs docs-test screenshots mutation format setup dev

run: setup
	.venv/bin/python $(or $(wildcard step$(STEP)_*/app.py),$(error There is no step $(STEP)))

test: setup
	.venv/bin/python -m pytest

check: dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/test.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	.venv/bin/python -m pytest

benchmark: setup
	.venv/bin/python -m tools.benchmarks $(if $(QUICK),--quick)

docs: dev
	.venv/bin/python -m tools.documents.tables
	.venv/bin/python -m tools.benchmarks.report.plots
	.venv/bin/python -m tools.documents.pictures

docs-test: dev
	REQUIRE_SERVERS=1 .venv/bin/python -m pytest -m "slow or not slow" tests/docs

screenshots: dev
	PICTURES=1 REQUIRE_BROWSER=1 .venv/bin/python -m pytest -q -m slow -k picture tests/step*/test_page.py

mutation: setup
	test -x .venv/mutation/bin/mutmut || .venv/bin/python -m venv .venv/mutation
	.venv/mutation/bin/python -m pip install -q -r requirements.txt mutmut==3.8.1
	.venv/mutation/bin/python -m tools.mutation $(FILES)

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
