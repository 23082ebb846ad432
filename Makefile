# Two commands do everything on a fresh machine with Python 3.11 or 3.12, make and git:
#   make demo   sets up and runs the story      make test   sets up and runs the tests
PYTHON := $(firstword $(foreach p,python3.12 python3.11 python3 python,$(if $(shell $(p) -c 'import sys, venv; print((3, 11) <= sys.version_info[:2] < (3, 13) or "")' 2>/dev/null | grep True),$(p))))
BIN := .venv/bin
DEMO ?=
ON_POSTGRESQL := $(foreach c,account dual_control identity_cards identity look_up medical medical_apart medical_reading medical_streams patient_links recovery registry supervision,contract/test_$(c)_contract.py) \
  $(foreach a,identity_pin card_unlock look_up_attacks patient_link_attacks one_human reading_stops single_admin withdrawal_in_flight,attacks/test_$(a).py) \
  $(foreach u,registry/test_erasing registry/test_look_up_throttle identity/test_identity_undoing identity/test_identity_sectors medical/test_setting_apart,unit/$(u).py) \
  generative/test_number_changes.py generative/test_patient_links.py generative/test_sector_keys.py integration/test_accounts_at_once.py

.PHONY: demo up test test-long test-new test-postgresql check bench format docs lock clean

demo: .venv/ready-browser
	$(BIN)/sekisho demo $(DEMO)

up: .venv/ready-browser
	$(BIN)/sekisho up --data data

test: .venv/ready-dev
	$(BIN)/pytest -n 2 --dist loadscope -m "not long"

# kills and restarts over minutes
test-long: .venv/ready-dev
	$(BIN)/pytest -n 2 --dist loadscope -m long

# properties with examples drawn anew; the other suites try the same ones each time
test-new: .venv/ready-dev
	SEKISHO_TEST_EXAMPLES=new $(BIN)/pytest -n 2 --dist loadscope tests/generative $(shell grep -rlE '@given|StateMachine' --include='test_*.py' tests/unit tests/attacks tests/contract tests/integration tests/functional)

# the workflows of the ID centre, the registry and the medical centre with their databases on PostgreSQL
test-postgresql: .venv/ready-dev
	SEKISHO_TEST_BODIES=postgresql $(BIN)/pytest -n 2 --dist loadscope -k "not fake" $(addprefix tests/,$(ON_POSTGRESQL))

check: .venv/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check

bench: .venv/ready-dev
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.streams
	$(BIN)/python -m benchmarks.suspicion
	$(BIN)/python -m benchmarks.anonymize

format: .venv/ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/ready-dev
	$(BIN)/python -m docs.generate

# needs uv; the exported files carry hashes and no addresses, uv.lock would name hosts and is not kept
lock:
	uv lock --python 3.11 --upgrade
	uv export -q --no-header --no-emit-project --no-dev -o requirements.lock
	uv export -q --no-header --no-emit-project --only-group dev -o requirements-dev.lock
	uv export -q --no-header --no-emit-project --no-dev --extra spark -o requirements-spark.lock
	uv export -q --no-header --no-emit-project --only-group npm -o requirements-npm.lock
	rm -f uv.lock
	cd browser && npm install --package-lock-only

.venv/ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 with venv is needed (Debian: apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	touch $@

# what My Portal's page needs from npm: that on the PATH, else one from a wheel; without it the page opens and permits nothing
.venv/ready-browser: .venv/ready browser/package-lock.json requirements-npm.lock services/portal/browser_assets.py
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-npm.lock || true
	@$(BIN)/python -m services.portal.browser_assets browser >/dev/null && touch $@ || true

.venv/ready-dev: .venv/ready-browser requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# the Spark engine and its tests; needs Java 17
.venv/ready-spark: .venv/ready-dev requirements-spark.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	touch $@

clean:
	rm -rf .venv build *.egg-info browser/node_modules
