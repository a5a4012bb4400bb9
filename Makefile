# Each target is one line; the work stands in .setup, a script a step. Arguments for pytest: make test ARGS="-k registry".
.DEFAULT_GOAL := help
.PHONY: help install demo test lint fix bench stress clean venv
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

venv:
	@.setup/venv

install: venv ## set up the virtual environment and a container engine
	@.setup/engine

demo: install ## run a sentence, a spoken WAV and a picture through their Spaces
	@.setup/demo

test: install ## run all tests, those with real containers included
	@.setup/cron
	@.setup/browser
	@.setup/oracle
	@.setup/local
	@$(PYTHON) -m pytest $(ARGS)

lint: venv ## check style and types (needs no engine)
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

fix: venv ## repair what the linter can repair, and format
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

bench: install ## measure against bare docker, gradio_client and httpx, and write bench.json
	@$(PYTHON) -m tests.benchmarks

stress: install ## kill, crowd and restart, count what is left, and write stress.json
	@$(PYTHON) -m tests.benchmarks.stress

clean: ## remove what the other targets made in this checkout (no images, no containers)
	@rm -rf .venv .venv-gradio3 .venv-local .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist demo-output bench.json stress.json
	@find hf_spaces_runner tests registry .setup -name __pycache__ -prune -exec rm -rf {} +
