# Two commands do everything on a fresh machine with Python 3.11+:
#   make run    environment, install, campaign 0, report
#   make test   environment, install, all checks
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CAMPAIGN ?= campaigns/fast_charging.yaml
# Where it is set, as in many containers, each of the hundreds of processes that the
# tests start would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint types layers unit test-slow test-gpu fuzz bench kill schema clean

run: $(STAMP)
	$(BIN)/bigloop run $(CAMPAIGN) --approve-all

# What takes a second comes first. mypy takes most of a minute of one core: it runs
# beside the tests, which leave gaps, and says at the end what it found.
test: lint layers
	@$(MAKE) -s types >$(VENV)/types.log 2>&1 & types=$$!; \
	$(MAKE) --no-print-directory unit; unit=$$?; \
	wait $$types; types=$$?; cat $(VENV)/types.log; \
	exit $$((unit + types))

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports

unit: $(STAMP)
	$(BIN)/pytest -m "not slow and not gpu and not browser" -n 2 --dist loadfile

test-slow: $(STAMP)
	$(BIN)/pytest -m slow

test-gpu: $(STAMP)
	$(BIN)/pytest -m gpu

# Ten thousand requests to the API, made up from its OpenAPI document.
fuzz: $(STAMP)
	BIGLOOP_FUZZ=10000 $(BIN)/pytest -s tests/platform/api/test_fuzz.py

schema: $(STAMP)
	$(BIN)/bigloop schema > docs/reference/campaign.schema.json
	$(BIN)/bigloop schema --kind benchmark > docs/reference/benchmark.schema.json
	$(BIN)/bigloop schema --kind openapi > docs/reference/openapi.json

# Campaign 0 and the simulators beside their peers: hours on two cores. One that fails
# does not stop the others; BENCH="--only NAME" and more: benchmarks/all.py --help.
bench: $(STAMP)
	$(BIN)/python -m pip install -q -c requirements-peers.lock --group peers
	$(BIN)/python benchmarks/all.py $(BENCH)

# A hundred kills at random moments: an hour on two cores.
kill: $(STAMP)
	$(BIN)/python benchmarks/kill.py --kills 100

# In a real Chromium, the system's or Playwright's; `.ci/run` runs them, too.
.PHONY: test-browser pictures
test-browser: $(STAMP)
	$(BIN)/pytest -m "browser and not slow" -n 2 --dist loadfile

# A picture of every page at two widths, light and dark, for the documentation.
pictures: $(STAMP)
	$(BIN)/python benchmarks/pictures.py

# The environment is rebuilt when what it is made from changes. The lock is complete
# (tests/test_lock.py), so nothing is searched for, and two pips share it: one leaves a
# core idle. The last is for what another platform needs beside it, as CUDA for torch.
# What is imported is compiled then, once; most of what is installed never is.
$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	grep -v '^#' requirements.lock | \
		xargs -P 2 -n 36 $(BIN)/python -m pip install -q --no-compile --no-deps
	$(BIN)/python -m pip install -q --no-compile -c requirements.lock -e . --group test
	$(BIN)/python -m pip check
	touch $(STAMP)

# The newest versions of everything, tried in an environment of their own.
FREEZE := .lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//'
.PHONY: lock
lock:
	$(PYTHON) -m venv --clear .lock
	.lock/bin/python -m pip install -q --upgrade "pip>=25.1"
	.lock/bin/python -m pip install -q torch==2.13.0 -e . --group test
	{ echo "# All that bigloop and its tests install; \`make lock\` writes it."; \
	  $(FREEZE); } > requirements.lock
	.lock/bin/python -m pip install -q -c requirements.lock --group peers
	{ echo "# What the peers of the benchmarks add to it; \`make lock\` writes it."; \
	  echo "-c requirements.lock"; \
	  $(FREEZE) | grep -vxFf requirements.lock; } > requirements-peers.lock
	rm -rf .lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
