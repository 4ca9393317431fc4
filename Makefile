# make demo              render the bundled instruments into out/ (INPUT=my.wav: your own sound)
# make test              install everything and pass every check
# make clean             remove what the other two made

PYTHON ?= python3
INPUT ?=
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test clean
.DEFAULT_GOAL := demo

demo: .venv/.installed-demo
	@$(BIN)/brainsynth demo --output out $(if $(INPUT),"$(INPUT)")

# The suite comes last: its closing line is the verdict.
test: .venv/.installed-test
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest

clean:
	rm -rf .venv out dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed-demo: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what plays models into .venv"
	@$(INSTALL) --editable ".[demo]"
	@touch $@

.venv/.installed-test: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what plays, trains, exports and checks models into .venv"
	@$(INSTALL) --editable ".[demo,train,benchmarks,dev]"
	@touch $@ .venv/.installed-demo

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is too old: Python 3.11 or newer is needed; name one with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) has no venv module: install it with sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
