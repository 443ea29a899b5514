# Two commands: `make up` for a running environment, `make test` for all tests. Everything goes into .venv/ and
# .uneventful/, and into the user's cache folder.

# Any Python will do to begin with: it finds one that is new enough, or says what is missing.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11 python,$(shell command -v $(name))))
BIN := .venv/bin
# Where a shell forbids Python to keep what it compiled, each process would compile its packages anew: seconds a start.
unexport PYTHONDONTWRITEBYTECODE
LINTED := infra release migrator localcloud demo bench setup tests examples __main__.py
ARGS ?=

.PHONY: up down preview clean test lint checks demo bench bench-rollback bench-migrations bench-evidence soak soak-short kills kills-fast proofs migrations-thorough settings engine engine-from-nothing python

up: python ## the local cloud, the program on it and a first release: a running environment
	@$(PYTHON) -m setup up

down: ## stops the local clouds of all stacks and everything in them
	@if [ -x $(BIN)/localcloud ]; then $(BIN)/localcloud down --all; fi

preview: python ## what `pulumi up` would do to dev, staging and production, each on a local cloud of its own
	@$(PYTHON) -m setup preview

clean: down ## removes what `make up` put into this folder; the cache folder stays for the next time
	@$(PYTHON) -m setup.salt Pulumi.*.yaml
	@for stores in .uneventful/cloud/stores .uneventful/stacks/*/cloud/stores; do \
	  if [ -L "$$stores" ]; then rm -rf "$$(readlink "$$stores")"; fi; done
	@rm -rf .uneventful .venv

test: python ## lint and every test, on the real engine; ARGS="tests/unit -k plan" for some of them
	@$(PYTHON) -m setup engine --dev
ifeq ($(ARGS),)
	@$(BIN)/python -m tests
else
	@$(BIN)/python -m pytest $(ARGS)
endif

lint: python ## what CI checks of the text: format, rules, types
	@$(PYTHON) -m setup engine --dev
	@$(MAKE) --no-print-directory checks

checks:
	@$(BIN)/ruff format --check $(LINTED)
	@$(BIN)/ruff check $(LINTED)
	@$(BIN)/mypy
	@$(BIN)/mypy setup

demo: up ## releases under load: a good one, one that the gate refuses, one that the shift takes back
	@$(BIN)/python -m demo $(ARGS)

bench: engine bench-migrations bench-evidence ## everything that is promised of time, against its targets: two hours on a quiet machine
	@$(BIN)/python -m bench; times=$$?; $(BIN)/python -m bench rollback && exit $$times

bench-rollback: engine ## fifty rollbacks under 1,000 requests a second, and what a ledger of a thousand releases costs: minutes
	@$(BIN)/python -m bench rollback

bench-migrations: python ## what five changes of a schema cost an application at 500 transactions a second: minutes
	@$(PYTHON) -m setup engine --dev
	@$(BIN)/python -m pytest -q -s tests/local/migrator/bench.py

bench-evidence: engine ## releases beside nginx, HAProxy and scripts, into docs/evidence.md; ARGS="--help" for parts of it
	@$(PYTHON) -m setup engine --dev
	@$(BIN)/python -m bench.evidence $(ARGS)

soak: python ## an hour (SOAK_MINUTES) of releases, rollbacks, kills and migrations in random order (SOAK_SEED), under load
	@$(PYTHON) -m setup engine --dev
	@$(BIN)/python -m tests.soak

soak-short: export SOAK_MINUTES ?= 5
soak-short: soak ## five minutes of it

kills: python ## every phase of a release, struck by every kind of death, under 500 requests a second: half an hour
	@$(PYTHON) -m setup engine --dev
	@$(BIN)/python -m pytest -q tests/kills

kills-fast: python ## half of the kill matrix: each phase and each kind of death at least once
	@$(PYTHON) -m setup engine --dev
	@KILLS=fast $(BIN)/python -m pytest -q tests/kills

proofs: python ## 20,000 jobs, a tick each second and deaths of processes, through releases and rollbacks: minutes
	@$(PYTHON) -m setup engine --dev
	@$(BIN)/python -m pytest -q -s tests/proofs

migrations-thorough: python ## two migrators at once, and kills at random instants, fifty rounds each
	@$(PYTHON) -m setup engine --dev
	@MIGRATOR_ROUNDS=50 $(BIN)/python -m pytest -q tests/local/migrator -k "two_migrators or any_instant"

settings: python ## writes docs/settings.md from the models that read what it describes
	@$(PYTHON) -m setup engine --dev
	@$(BIN)/python -m release.settings_reference

engine: python ## finds `pulumi` and its plugins, or gets them
	@$(PYTHON) -m setup engine

engine-from-nothing: python ## tries the build from Go modules with empty caches: minutes
	@$(PYTHON) -m setup engine --dev
	@$(BIN)/python -m pytest -q -s tests/local/engine/from_nothing.py

python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer: there is no Python on PATH. Install one: apt install python3.11 python3.11-venv" >&2; exit 2; }
