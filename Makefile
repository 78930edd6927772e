# Two commands for a newcomer: `make demo`, `make test`. The others are for who works on it.
# PYTHON=python3.12 chooses the interpreter, TRAIN=0 leaves torch out, JOBS=1 runs the tests one by one.

BIN  := .venv/bin
# Tests wait for terminals and other programs more than they compute.
JOBS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1))))
CODE := core tui tests benchmarks
DEMO := demo-workspace
# Where it is set, every start of a program would compile all of its modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-all check format-check lint types walls format bench docs constraints clean again

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: .venv/.ready ## the environment in .venv (says first what it installs and how big)

# TRAIN=1 asks for torch although it may have been left out before: go through it again.
ifeq ($(TRAIN),1)
.venv/.ready: again
endif
.venv/.ready: pyproject.toml constraints.txt .ci/setup
	@PYTHON="$(PYTHON)" TRAIN="$(TRAIN)" YES="$(YES)" sh .ci/setup

demo: setup ## a simulated printer's workspace, the whole main job in it; then the app, where there is a terminal
	@if [ -e $(DEMO) ] && [ ! -e $(DEMO)/demo-truth.json ] && [ ! -e $(DEMO)/.print-models ]; then \
		echo "$(DEMO) is there and is no demo: it is left alone." >&2; \
		echo "  -> move it away, or: make demo DEMO=another-folder" >&2; exit 1; fi
	@rm -rf $(DEMO) $(DEMO)-remote.git
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/print-models demo $(DEMO); \
	else $(BIN)/print-models demo $(DEMO) --headless; fi

test: setup ## the tests
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

test-all: setup ## the tests, with those that take minutes
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "slow or not slow"

check: format-check lint types walls test ## all that must hold: format, lint, types, walls, tests

format-check: setup
	@$(BIN)/ruff format --check $(CODE)

lint: setup
	@$(BIN)/ruff check $(CODE)

types: setup
	@$(BIN)/mypy

walls: setup
	@$(BIN)/lint-imports

format: setup ## put the sources into the common form
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

bench: setup ## measure against peers and limits; rewrites benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks

docs: setup ## the pages that come from the program's own help
	@$(BIN)/python -m core.commands.reference > docs/commands.md
	@$(BIN)/python -m core.commands.manual > docs/print-models.1
	@$(BIN)/python -m tui.reference > docs/keys.md

constraints: setup ## the newest releases that fit, for every platform, into constraints.txt
	@{ sed '/^[^#]/,$$d' constraints.txt; $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
		--all-extras --no-header --no-annotate pyproject.toml; } > constraints.new
	@mv constraints.new constraints.txt

clean: ## what building, testing and the demo leave; .venv stays
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@rm -rf demo-workspace demo-workspace-remote.git
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
