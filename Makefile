.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FACEGATE_HOME ?= .facegate
PACK := $(FACEGATE_HOME)/models/default
ASSETS := services/gateway/static/vendor/fr_detect.onnx.gz
LOCK := requirements/facegate.lock

export FACEGATE_HOME

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: prepared ## Start everything, enrol a portrait, let one face in and keep one out; Ctrl-C stops it
	@$(BIN)/facegate demo

.PHONY: smoke
smoke: prepared ## The demonstration without staying: exits 0, or says what went wrong
	@$(BIN)/facegate demo --once

.PHONY: up
up: prepared ## Start everything and keep it running
	@$(BIN)/facegate up

.PHONY: test
test: prepared lint unit-test e2e-test ## Everything that CI runs

.PHONY: unit-test
unit-test: prepared ## Tests of pure code, adapters and templates
	@$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder tests/unit tests/integration tests/infra

.PHONY: e2e-test
e2e-test: prepared ## Tests of the real processes, with a real browser
	@$(BIN)/pytest tests/e2e tests/contract tests/browser

.PHONY: test-infra
test-infra: prepared .venv-checkov/.locked ## The templates, the images, deployment and the embedded AWS; with checkov
	@$(BIN)/pytest tests/infra
	@.venv-checkov/bin/checkov --directory infra --framework cloudformation --compact --quiet --skip-download

.venv-checkov/.locked: requirements/checkov.lock | environment
	@$(BIN)/uv venv -q --python $(BIN)/python --clear .venv-checkov
	@$(BIN)/uv pip install -q --python .venv-checkov --require-hashes -r $<
	@touch $@

.PHONY: test-access
test-access: prepared ## Tests of who may pass where and when, and of who may say so
	@$(BIN)/pytest -m access

.PHONY: test-browser
test-browser: prepared ## Tests of the pages in a real Chromium
	@$(BIN)/pytest -m browser

.PHONY: screenshots
screenshots: prepared ## Pictures of the pages, light and dark, phone and desktop, in tests/artifacts/browser
	@$(BIN)/pytest tests/browser/test_kiosk_looks.py tests/browser/console/test_looks.py -k whole
	@ls tests/artifacts/browser/*.png

.PHONY: fuzz
fuzz: prepared ## Fuzz image decoding and request parsing, a minute each
	@$(BIN)/uv pip install -q --require-hashes -r requirements/fuzz.lock
	@for part in decoding requests; do $(BIN)/python tests/fuzz/$$part.py -max_total_time=60 || exit 1; done

.PHONY: bench-engine
bench-engine: prepared ## The embedded Rekognition beside the usual Python face stack; figures in bench/results
	@$(BIN)/uv pip install -q --no-build-isolation --require-hashes -r requirements/bench.lock
	@FACEGATE_FACES="$${FACEGATE_FACES:-$(wildcard ../shared/faces/lfw10)}" $(BIN)/python -m bench.engine

.PHONY: bench-kiosks
bench-kiosks: prepared ## The recognition path under load; figures in bench/results
	@FACEGATE_FACES="$${FACEGATE_FACES:-$(wildcard ../shared/faces/lfw10)}" $(BIN)/python -m bench.kiosks

.PHONY: bench-enroll
bench-enroll: prepared ## Enrollment of batches: how fast, and with how much memory; figures in bench/results
	@FACEGATE_FACES="$${FACEGATE_FACES:-$(wildcard ../shared/faces/lfw10)}" $(BIN)/python -m bench.enroll

.PHONY: bench-rules
bench-rules: environment ## Who may pass, evaluated for 10,000 people, 500 doors and 2,000 rules; figures in bench/results
	@$(BIN)/python -m bench.rules

.PHONY: bench-consoles
bench-consoles: prepared ## Fifty consoles and a hundred kiosks on one gateway process; figures in bench/results
	@FACEGATE_FACES="$${FACEGATE_FACES:-$(wildcard ../shared/faces/lfw10)}" $(BIN)/python -m bench.consoles

.PHONY: lint
lint: environment ## Style, types, architecture and the template
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@PYTHONPATH=lambda $(BIN)/lint-imports
	@$(BIN)/pyright
	@$(BIN)/cfn-lint infra/parts/*.yaml
	@$(MAKE) -s --no-print-directory security

# Tests make up secrets, so only those of a known form count there. Words like "password" are ruff's and bandit's.
SECRETS := $(BIN)/detect-secrets-hook --no-verify --disable-plugin KeywordDetector
.PHONY: security
security: environment ## Insecure code, secrets in files, known vulnerabilities of dependencies
	@$(BIN)/bandit -q -c pyproject.toml -r services localaws lambda infra cli bench 2>/dev/null
	@git ls-files -z -- ':!:tests' ':!:*.lock' ':!:*package-lock.json' ':!:bench/results' ':!:*.svg' | \
	  xargs -0 -P2 -n150 $(SECRETS) --exclude-lines ' = "[0-9a-f]{64}"$$'
	@git ls-files -z -- tests | xargs -0 -P2 -n150 $(SECRETS) \
	  --disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString
	@$(BIN)/python requirements/advisories.py

.PHONY: settings
settings: environment ## Write docs/settings.md and the list of variables from the settings classes
	@$(BIN)/facegate settings --output page >docs/settings.md
	@$(BIN)/facegate settings --output names >services/variables.txt

.PHONY: prepared
prepared: environment models assets

.PHONY: environment
environment: $(VENV)/.locked ## Make the virtual environment from the lock file

# uv installs what the lock file names, hashes checked; pip only installs uv, hashes checked too.
$(VENV)/.locked: $(LOCK) requirements/uv.lock requirements/nodejs.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Facegate needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "… making the environment from $(LOCK)"
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "This Python makes no virtual environments (Debian: apt install python3-venv)." >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@$(BIN)/uv pip sync -q --require-hashes $(LOCK)
	@$(BIN)/uv pip install -q --no-deps --no-build-isolation --editable .
	@command -v npm >/dev/null || $(BIN)/uv pip install -q --require-hashes -r requirements/nodejs.lock
	@touch $@

.PHONY: models
models: environment ## Prepare the default model pack
	@$(BIN)/python -m localaws.rekognition prepare --pack-dir $(PACK)

.PHONY: assets
assets: $(ASSETS) ## Install what the pages are built with

$(ASSETS): assets/package-lock.json localaws/rekognition/engine/packs/default/pack.toml | models
	@echo "… installing what the pages are built with"
	@$(BIN)/python -m assets --pack-dir $(PACK)

.PHONY: lock
lock: environment ## Choose versions anew within pyproject.toml's bounds
	@for lock in uv nodejs fuzz checkov proxy; do \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command "make lock" requirements/$$lock.in -o requirements/$$lock.lock; done
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --all-extras --group dev \
	  --custom-compile-command "make lock" pyproject.toml -o $(LOCK)
	@$(BIN)/python requirements/advisories.py --strict
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes -c $(LOCK) \
	  --extra gateway --extra workers --extra enroll \
	  --custom-compile-command "make lock" pyproject.toml -o requirements/services.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes -c $(LOCK) \
	  --extra localaws --extra deploy \
	  --custom-compile-command "make lock" pyproject.toml -o requirements/localaws.lock
