# Every target in a sentence: `make help`. From a fresh clone, `make demo` and `make test` set themselves up.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
PREPARED := $(VENV)/.prepared
TESTABLE := $(VENV)/.testable

# Tests, fastest first; a folder counts as soon as it exists.
FAST := $(wildcard tests/unit tests/contract tests/fuzz)
INTEGRATION := $(wildcard tests/integration tests/security tests/e2e deploy/tests)
CHAOS := $(wildcard tests/chaos)

# In two processes (tests/support/scheduling.py says which tests where); WORKERS=0 runs them in this one.
WORKERS ?= 2
PYTEST := $(PYTHON) -m pytest
UNMIXED := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
SHARED := --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder

IMAGES := generation render storage gateway
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
BUILDER ?= docker

##@ Use it

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(PREPARED) ## Create .venv with pinned requirements, and the system libraries where that is allowed.

$(READY): requirements/dev.txt deploy/local/system_packages.py
	@python="$$(deploy/local/find_python.sh)"; \
	  "$$python" deploy/local/system_packages.py --install; \
	  test -x $(PYTHON) || "$$python" -m venv $(VENV)
	@echo "installing requirements/dev.txt into $(VENV)"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# What a start needs and does not change from one to the next: bytecode, and the database new data folders begin with.
$(PREPARED): $(READY) $(wildcard services/*/migrations/versions/*.py) services/runtime/database_roles.sql
	@$(PYTHON) -m compileall -q deploy gateway services protos/gen
	@$(PYTHON) -m deploy.local prepare
	@touch $@

$(TESTABLE): $(READY) deploy/local/system_packages.py
	@$(PYTHON) deploy/local/system_packages.py --install --tests
	@touch $@

.PHONY: demo
demo: $(PREPARED) ## Run the whole system once on a sample (or PROFILE=, JOB=, TEMPLATE=, FORMAT=) and write out/.
	@$(PYTHON) -m deploy.local demo \
	  $(if $(PROFILE),--profile "$(PROFILE)") $(if $(JOB),--job "$(JOB)") \
	  $(if $(TEMPLATE),--template "$(TEMPLATE)") $(if $(FORMAT),--format "$(FORMAT)")

.PHONY: run
run: $(PREPARED) ## Keep the whole system running; prints its URL, its docs URL and a development token.
	@$(PYTHON) -m deploy.local run

##@ Test it

.PHONY: test
test: $(READY) ## Run every check and every test, fast ones first; stops at the first problem.
	@$(MAKE) --no-print-directory --jobs=2 $(UNMIXED) check $(TESTABLE)
	@$(PYTEST) $(SHARED) $(FAST) $(INTEGRATION) $(CHAOS) --exitfirst

.PHONY: test-fast
test-fast: $(TESTABLE) ## Run the tests that need no database and no socket.
	@$(PYTEST) $(SHARED) $(FAST)

.PHONY: test-integration
test-integration: $(TESTABLE) ## Run the tests on real databases, sockets and processes.
	@$(PYTEST) $(SHARED) $(INTEGRATION)

.PHONY: chaos
chaos: $(TESTABLE) ## Kill processes during 1,000 exports (EXPORTS=) and see that nothing is lost or done twice.
	@VITAE_TEST_CHAOS_STORAGE_EXPORTS=$(or $(EXPORTS),1000) $(PYTEST) $(CHAOS) --capture=no

.PHONY: bench
bench: $(TESTABLE) $(PREPARED) ## Measure the published figures; prints tables and writes out/bench/*.json.
	@for script in tests/benchmarks/bench_*.py; do \
	  name=$$(basename $$script .py); echo "== $${name#bench_}"; \
	  $(PYTHON) $$script --json out/bench/$${name#bench_}.json; done

.PHONY: bench-storage
bench-storage: $(TESTABLE) ## Measure queue, object store and queries alone; fails when a target is missed.
	@$(PYTHON) tests/benchmarks/bench_storage.py --json out/bench/storage.json

.PHONY: bench-match
bench-match: $(READY) ## Measure matching: speed, ten thousand profiles at once, quality beside BM25 and TF-IDF; 1 when a target is missed.
	@$(PYTHON) tests/benchmarks/bench_match.py --json out/bench/match.json

.PHONY: bench-render
bench-render: $(TESTABLE) ## Measure rendering next to its rivals; writes out/bench/render.json, fails where a goal is missed.
	@$(PYTHON) tests/benchmarks/bench_render.py --json out/bench/render.json --check

.PHONY: check
check: $(READY) lock-check lint imports lint-protos generate-check breaking types ## Run every check that is not a test.

.PHONY: lint
lint: $(READY) ## Check style and formatting with ruff.
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --check --quiet . || { echo "not formatted: run \`make format\`"; exit 1; }

.PHONY: format
format: $(READY) ## Format the code and mend what ruff can mend safely.
	@$(PYTHON) -m ruff check --fix --quiet . || true
	@$(PYTHON) -m ruff format --quiet .

.PHONY: types
types: $(READY) ## Check types with mypy --strict.
	@$(PYTHON) -m mypy

.PHONY: imports
imports: $(READY) ## Check that imports run downwards only and stay inside each service's own dependencies.
	@$(VENV)/bin/lint-imports --no-logo

##@ Contracts

.PHONY: generate
generate: $(READY) ## Generate the code of the contracts from protos/vitae into protos/gen.
	@$(PYTHON) protos/generate.py

.PHONY: generate-check
generate-check: $(READY) ## Fail when protos/gen is not exactly what the protos say.
	@$(PYTHON) protos/generate.py --check

.PHONY: lint-protos
lint-protos: $(READY) ## Check the contracts with buf lint: style, and a comment on everything.
	@$(PYTHON) protos/generate.py --image build/protos.binpb
	@$(VENV)/bin/buf lint build/protos.binpb --config protos/buf.yaml --path vitae

.PHONY: openapi
openapi: $(READY) ## Write the REST API's OpenAPI document to tests/contract/openapi.json.
	@mkdir -p build && $(PYTHON) -m gateway.document > build/openapi.json
	@mv build/openapi.json tests/contract/openapi.json

.PHONY: breaking
breaking: $(READY) ## Find changes of the contracts that break clients of the last release.
	@$(PYTHON) protos/breaking.py

##@ Dependencies

.PHONY: lock
lock: $(READY) ## Pin the dependencies of every deployable after a pyproject.toml changed (UPGRADE=1 for newest).
	@$(PYTHON) requirements/lock.py $(if $(UPGRADE),--upgrade)

.PHONY: lock-check
lock-check: $(READY) ## Fail when a file of requirements/ is out of step with its pyproject.toml.
	@$(PYTHON) requirements/lock.py --check

##@ Ship it

.PHONY: images
images: ## Build the container image of each deployable (BUILDER=docker or podman; BASE= names the base by digest).
	@revision="$$(git rev-parse HEAD)"; \
	for name in $(IMAGES); do \
	  folder=$$name; test "$$name" = gateway || folder=services/$$name; \
	  $(BUILDER) build $(if $(BASE),--build-arg "BASE=$(BASE)") --build-arg "VERSION=$(VERSION)" \
	    --build-arg "REVISION=$$revision" --file "$$folder/Dockerfile" --tag "vitae-$$name:$(VERSION)" .; \
	done

.PHONY: manifests
manifests: ## Build the Kubernetes manifests of every overlay into build/manifests with kubectl kustomize.
	@mkdir -p build/manifests
	@for file in $(wildcard deploy/base/kustomization.yaml deploy/overlays/*/kustomization.yaml); do \
	  folder=$$(dirname "$$file"); \
	  kubectl kustomize "$$folder" > "build/manifests/$$(basename "$$folder").yaml"; \
	  echo "build/manifests/$$(basename "$$folder").yaml"; \
	done

.PHONY: docs
docs: $(READY) ## Write docs/configuration.md, the table of every variable.
	@$(PYTHON) -m deploy.configuration_table

.PHONY: fidelity
fidelity: $(READY) ## Measure what parsers read of every template, write docs/fidelity.md and the templates' figures.
	@$(PYTHON) -m services.render.fidelity.figures
	@$(PYTHON) -m tests.corpus.publish

.PHONY: gallery
gallery: $(READY) ## Draw docs/gallery: every template with a short, a typical, a long and a right-to-left person, and a letter.
	@$(PYTHON) -m tests.corpus.gallery

.PHONY: clean
clean: ## Remove what was built and cached; keeps .venv, out and data.
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
