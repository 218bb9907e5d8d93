# fraudstream: `make` lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PYTHON := $(VENV)/bin/python
JOB_LOCK := requirements/job.txt
DEV_LOCK := requirements/dev.txt
# Given by the user as NAME=value; empty unless given.
SECONDS ?= 60
option = $(if $($(2)),--$(1) "$($(2))")
shared_options = $(call option,out,OUT) $(call option,rate,RATE) $(call option,seed,SEED) $(if $(KEEP),--keep)

.PHONY: help setup run up down replay features test unit graph engine e2e lint accept bench bench-check lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*?## "}; {printf "  %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.dev ## make .venv with everything (also done by the targets that need it)

$(VENV)/.job: $(JOB_LOCK) setup.py
	@bash local/setup.sh $(VENV) $(JOB_LOCK) job

$(VENV)/.dev: $(DEV_LOCK) $(VENV)/.job
	@bash local/setup.sh $(VENV) $(DEV_LOCK) dev

run: $(VENV)/.job ## generated traffic through the real job, live [SECONDS=60] [RATE=300] [OUT=out/run] [KEEP=1]
	@$(PYTHON) -m local run --seconds $(SECONDS) $(shared_options)

up: $(VENV)/.job ## start services and job and leave them running; the job goes on where it was
	@$(PYTHON) -m local up

down: $(VENV)/.job ## stop services and job
	@$(PYTHON) -m local down

replay: $(VENV)/.job ## anyone's file: DATA= MAPPING= [OUT=] [UNTIL=] [RATE=] [PARALLELISM=] [SHUFFLE_S= SEED=] [LABEL_DELAY_DAYS=] [RESTART_AT=] [MEMORY=1] [KEEP=1]
	@$(PYTHON) -m local replay $(call option,data,DATA) $(call option,mapping,MAPPING) \
	    $(call option,until,UNTIL) $(call option,parallelism,PARALLELISM) $(call option,shuffle-s,SHUFFLE_S) \
	    $(call option,label-delay-days,LABEL_DELAY_DAYS) $(call option,restart-at,RESTART_AT) $(if $(MEMORY),--memory) $(shared_options)

features: $(VENV)/.job ## features for training, without the engine: DATA= MAPPING= [OUT=] [LABEL_DELAY_DAYS=] [FEATURES=names]
	@$(PYTHON) -m local.training $(call option,data,DATA) $(call option,mapping,MAPPING) $(call option,out,OUT) \
	    $(call option,label-delay-days,LABEL_DELAY_DAYS) $(call option,only,FEATURES)

test: $(VENV)/.dev lint ## set up and run every test
	@$(PYTHON) -m pytest tests/unit tests/graph tests/engine tests/e2e

unit graph engine e2e: $(VENV)/.dev ## one tier of the tests
	@$(PYTHON) -m pytest -m $@

lint: $(VENV)/.dev ## style, types, import rules, docstrings of tests
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy \
	    && $(VENV)/bin/lint-imports --no-cache && $(VENV)/bin/interrogate -q tests

accept: $(VENV)/.dev ## the long acceptance checks: kills, outages, floods [ONLY=kill]
	@$(PYTHON) -m local.accept $(call option,only,ONLY)

PEERS_VENV := .venv-peers
$(PEERS_VENV)/.peers: requirements/peers.txt
	@bash local/setup.sh $(PEERS_VENV) requirements/peers.txt peers

bench: $(VENV)/.dev $(if $(filter peers,$(ONLY)),$(PEERS_VENV)/.peers) ## speed, beside its floor: build/bench.json and bench.html [ONLY=growth|profiles|catalogue|peers]
	@$(PYTHON) -m local.bench $(call option,only,ONLY)

bench-check: $(VENV)/.dev ## has a change made it slower by a quarter? [UPDATE=1 writes the baseline]
	@$(PYTHON) -m local.bench.guard $(if $(UPDATE),--update)

lock: $(VENV)/.dev ## resolve requirements/*.in anew into hashed locks
	@bash requirements/lock.sh $(VENV)

clean: ## remove what was built and written, but for the environment
	rm -rf build out .run/data .run/logs .run/checkpoints .run/peers .mypy_cache .ruff_cache .pytest_cache .hypothesis
