# Two commands on a fresh machine: `make gym` runs a whole gym, `make test` passes the tests.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed

.PHONY: gym results test check fmt bench faults clean

gym: $(SETUP)
	$(BIN)/healthgym run --data .healthgym

results: $(SETUP)
	$(BIN)/python -m benchmarks.results

test: $(SETUP)
	$(BIN)/python -m pytest -n 2 --dist worksteal

faults: $(SETUP)
	$(BIN)/python -m pytest -m faults

check: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(SETUP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(SETUP)
	$(BIN)/python -m benchmarks.performance
	$(BIN)/python -m benchmarks.knowledge
	$(BIN)/python -m benchmarks.hospital
	$(BIN)/python -m benchmarks.scoring

# torch first and pinned: the later packages accept it, and no CUDA build is fetched.
$(SETUP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[learn,openai,imaging,bias,semantic,dev,oracles]'
	touch $(SETUP)

clean:
	rm -rf $(VENV) .healthgym .pytest_cache .mypy_cache .ruff_cache .hypothesis
