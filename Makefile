# Every target does all of its own set-up: nothing but make and Python 3.11 or
# later has to be there. What is installed goes to .venv and nowhere else, but for
# the database servers that the tests start: those are packages of the system.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PROCESSES ?= 2
# Each failure is told at once, and a run that cannot end well ends soon: one broken
# server lets hundreds of tests wait for their time limits.
REPORTING := --instafail --maxfail 20 --session-timeout 2700
SERVE_ARGS := $(if $(filter command,$(firstword $(origin HOST))),--host $(HOST)) \
              $(if $(filter command,$(firstword $(origin PORT))),--port $(PORT)) $(ARGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test lint pytest neutron-tests neutron-27 neutron-28 bench soak constraints \
        lock sbom audit clean

help:
	@echo "make serve   start Freehold on http://127.0.0.1:9696, with an SQLite database;"
	@echo "             HOST=..., PORT=..., and ARGS='...' for what else 'freehold serve' takes"
	@echo "make test    all checks: make lint, then the tests; ARGS='...' is for pytest,"
	@echo "             TEST_PROCESSES=... says how many processes share the tests (2)"
	@echo "make lint    ruff, mypy, import-linter"
	@echo "make neutron-tests   all of Neutron's own unit tests that have to do with addresses, with its"
	@echo "             driver and with Freehold's; that takes an hour"
	@echo "make neutron-27, make neutron-28   the driver's tests, and a part of Neutron's own, with those"
	@echo "             releases of Neutron, in environments of their own below build"
	@echo "make bench   measure this machine; ARGS='--databases sqlite,galera', ARGS=--quick,"
	@echo "             ARGS=--memory; ARGS=--write puts tables and plot in docs/benchmarks.*;"
	@echo "             ARGS=--hostile has the service answer 100,000 good and hostile requests in each mode;"
	@echo "             ARGS=--lists measures the API's lists, prefixes and bulk creations,"
	@echo "             ARGS=--neutron Neutron with its own driver and with Freehold's"
	@echo "make soak    let the databases fail while workers allocate and release, and check every"
	@echo "             promise; ARGS='--help' says what else it takes"
	@echo "make constraints   resolve the newest versions of all dependencies anew"
	@echo "make lock    write down in locks/ what is installed, with hashes, from pyproject.toml and"
	@echo "             constraints.txt; after each change of one of the two"
	@echo "make sbom    write build/sbom.json: what the service consists of (CycloneDX)"
	@echo "make audit   ask PyPI which of that has known vulnerabilities"
	@echo "make clean   remove whatever the other targets made"

serve: $(VENV)/.with-service
	@exec $(BIN)/freehold serve $(SERVE_ARGS)

test: lint pytest

lint: $(VENV)/.with-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: $(VENV)/.with-dev
	@tests/servers/install
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) $(REPORTING) $(ARGS)

neutron-tests: $(VENV)/.with-dev
	@$(BIN)/python -W ignore -m tests.neutron.upstream $(ARGS)

# Each release with the neutron-lib of its time, since Neutron itself names no upper bound.
neutron-27: NEUTRON_LIB := 3.22.0
neutron-28: NEUTRON_LIB := 3.25.0
neutron-27 neutron-28: neutron-%: $(VENV)/.made
	@tests/servers/install
	@test -d build/$@ || $(PYTHON) -m venv build/$@
	@build/$@/bin/pip install -qq --editable '.[postgresql,mysql]' 'neutron==$*.*' \
	  neutron-lib==$(NEUTRON_LIB) WebTest alembic ddt hypothesis oslotest pytest pytest-timeout \
	  pytest-xdist stevedore testresources testscenarios testtools
	build/$@/bin/pytest -W ignore \
	  $(foreach one,driver races tables prefixes reading texts upstream,tests/neutron/test_$(one).py) \
	  $(ARGS)

bench: $(VENV)/.with-dev
	@tests/servers/install
	@$(BIN)/python -W ignore -m bench $(ARGS)

soak: $(VENV)/.with-dev
	@tests/servers/install
	@$(BIN)/python -W ignore -m soak $(ARGS)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

constraints:
	rm -rf build/resolve
	$(PYTHON) -m venv build/resolve
	build/resolve/bin/pip install -qq --editable '.[dev]'
	{ echo "# Versions that were resolved and tested together; 'make constraints' renews them."; \
	  build/resolve/bin/pip freeze --exclude-editable; } > constraints.txt
	rm -rf build/resolve
	$(MAKE) lock

# What builds Freehold is locked as well.
lock:
	@mkdir -p build locks
	@test -x build/lock/bin/uv || { \
	  $(PYTHON) -m venv build/lock; \
	  awk '/^[a-z]/ { on = /^uv==/ } on' locks/tools.txt > build/uv.txt; \
	  build/lock/bin/pip install -qq --require-hashes --requirement build/uv.txt; }
	@printf 'hatchling\neditables\n' > build/backend.in
	@for extra in service dev tools; do \
	  build/lock/bin/uv pip compile --quiet --no-header --no-annotate --generate-hashes \
	    --universal --python-version 3.11 --constraint constraints.txt --extra $$extra \
	    --output-file locks/$$extra.txt pyproject.toml build/backend.in || exit 1; \
	done

# Of the installed service, and of nothing that is there beside it.
sbom: build/tools/.locked
	@rm -rf build/service
	@$(PYTHON) -m venv --without-pip build/service
	@build/tools/bin/uv pip install --quiet --python build/service --require-hashes -r locks/service.txt
	@build/tools/bin/cyclonedx-py environment build/service --pyproject pyproject.toml \
	  --mc-type application --output-reproducible --spec-version 1.6 --validate \
	  --output-format JSON --output-file build/sbom.json
	@echo "build/sbom.json is written, and valid."

audit: build/tools/.locked
	@build/tools/bin/pip-audit --require-hashes --disable-pip --requirement locks/service.txt

build/tools/.locked: locks/tools.txt
	@$(PYTHON) -m venv build/tools
	@build/tools/bin/pip install -qq --require-hashes --requirement locks/tools.txt
	@touch $@

# Whichever extra is installed, its stamp is older than the files that say what it is.
$(VENV)/.with-%: $(VENV)/.made pyproject.toml locks/%.txt
	@echo "Installing Freehold with its [$*] dependencies into $(VENV) ..."
	@$(BIN)/pip install -qq --require-hashes --requirement locks/$*.txt
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

# Debian has venv in Python, and what venv needs in a package of its own.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Freehold needs Python 3.11 or later; '$(PYTHON)' is not. Say make PYTHON=..." >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then as_root=; else as_root="sudo -n"; fi; \
	  command -v apt-get >/dev/null && echo "Installing python3-venv ..." \
	    && $$as_root apt-get update -qq && $$as_root apt-get install -qq -y python3-venv >/dev/null; \
	  $(PYTHON) -c 'import ensurepip' 2>/dev/null; } || { \
	  echo "'$(PYTHON)' cannot make virtual environments: install python3-venv and try again." >&2; \
	  exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@
