# make demo              render the bundled instruments into out/ (INPUT=my.wav: your own sound)
# make check             the daily round, in some three minutes: style, types, imports, and the tests but the slow ones
# make test              install everything and pass every check; the last line is the suite's verdict
#                        (TESTS=tests/files: only those; WORKERS=4: on more cores)
# make clean             remove what the other two made

PYTHON ?= python3
INPUT ?=
TESTS ?=
WORKERS ?= 2
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Each worker has a core of its own, so that threads within one would only get in the other's way.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

.PHONY: demo check test clean
.DEFAULT_GOAL := demo

demo: .venv/.installed-demo
	@$(BIN)/brainsynth demo --output out $(if $(INPUT),"$(INPUT)")

check: .venv/.installed-test
	$(static-checks)
	@$(PYTEST) -m "not slow" $(TESTS)

# The suite comes last: its closing line is the verdict.
test: .venv/.installed-test
	@.ci/install-csound $(BIN)/python
	@.ci/install-hydrogen
	@.ci/install-dpf
	$(static-checks)
	@$(PYTEST) $(TESTS)

define static-checks
@$(BIN)/ruff check
@$(BIN)/ruff format --check
@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright
@$(BIN)/lint-imports
endef

clean:
	rm -rf .venv out dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed-demo: pyproject.toml constraints.txt | .venv/bin/pip
	@echo "Installing what plays models into .venv"
	@$(INSTALL) --editable ".[demo]"
	@.ci/install-csound $(BIN)/python || true
	@touch $@

.venv/.installed-test: pyproject.toml constraints.txt | .venv/bin/pip
	@echo "Installing what plays, trains, exports and checks models into .venv"
	@$(INSTALL) --editable ".[demo,synth,train,benchmarks,dev]"
	@touch $@ .venv/.installed-demo

# pip is the last thing that venv makes: where it is missing, an earlier attempt broke off.
.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
		"$(PYTHON) is missing or too old: install Python 3.11 or newer, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
		"$(PYTHON) cannot make virtual environments: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv
