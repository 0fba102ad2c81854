# Every target sets up .venv first, if it is not there or not up to date. PYTHON chooses the interpreter, ARGS goes to the command:
#   make proofs ARGS="2.1 3.2"      make test ARGS="-k construction"      make lint PYTHON=python3.12
PYTHON ?= python3
ARGS ?=
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/installed
UV := build/uv/bin/uv

.PHONY: proofs test survey floats attacks fuzz libraries lint notebooks typeset bench package newer lowest mutants clean
.DEFAULT_GOAL := proofs

proofs: $(READY)
	$(RUN) -m proofs $(ARGS)

test: $(READY)
	$(RUN) -m pytest -n 2 $(ARGS)

survey: $(READY)
	$(RUN) -m tests.support.decisions $(ARGS)

# Processes share the cores, so each does its linear algebra on one.
floats: $(READY)
	OPENBLAS_NUM_THREADS=1 $(RUN) -m tests.support.floating_decisions $(ARGS)

attacks: $(READY)
	OPENBLAS_NUM_THREADS=1 $(RUN) -m tests.support.bound_attacks $(ARGS)

# Hostile files and callables by seed, ARGS="--number 20000 --seed 1"; the tests have a few hundred.
fuzz: $(READY)
	$(RUN) -m tests.support.hostile_files $(ARGS)
	$(RUN) -m tests.support.random_predictors $(ARGS)
	$(RUN) -m tests.support.fuzzed_commands $(ARGS)

# Layers that were loaded against the forward passes of PyTorch, transformers, Flax, Haiku and equinox, which have an environment of their own.
libraries: build/libraries/installed
	build/libraries/bin/python -m pytest -o python_files='check_*.py' tests/libraries $(ARGS)

lint: $(READY)
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	$(RUN) -m tests.support.any_count
	$(VENV)/bin/lint-imports

notebooks: $(READY)
	$(RUN) -m notebooks $(ARGS)

# The derivations' LaTeX by pdflatex, and their Markdown by KaTeX, from the npm registry.
typeset: $(READY)
	cd tests/typeset && npm install --silent --no-package-lock --ignore-scripts --no-audit --no-fund
	$(RUN) -m tests.support.typeset

bench: $(READY)
	$(RUN) -m benchmarks $(ARGS)

# A wheel and an sdist, tried in fresh environments; the tests on the newest Python that starts here, and on the lowest versions admitted.
package: $(UV)
	.ci/package $(UV) $(PYTHON)

newer lowest: $(UV)
	.ci/versions $@ $(UV) $(PYTHON) $(ARGS)

# Small changes to the core and to recognition, each of which a test has to notice; Cosmic Ray has an environment of its own.
mutants: $(READY) build/mutation/installed
	build/mutation/bin/python -m tests.support.mutants --python $(abspath $(RUN)) $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment for all targets: the notebooks and the checkers add seconds to what the mathematics needs.
# pip is looked for, not python, because an environment whose creation failed half-way has python only.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, but $(PYTHON) is " + sys.version.split()[0] + "; name another one: make PYTHON=python3.11")'
	test -x $(VENV)/bin/pip || $(PYTHON) -m venv --clear $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint,notebooks]'
	touch $@

$(UV): constraints.txt
	$(PYTHON) -m venv --clear build/uv
	build/uv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	touch $@

build/libraries/installed: pyproject.toml constraints.txt tests/libraries/constraints.txt
	$(PYTHON) -m venv --clear build/libraries
	build/libraries/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --constraint tests/libraries/constraints.txt --editable '.[all]' pytest pytest-timeout torch transformers flax equinox dm-haiku
	touch $@

build/mutation/installed: constraints.txt
	$(PYTHON) -m venv --clear build/mutation
	build/mutation/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt cosmic-ray
	touch $@
