# Each target sets up what it needs by itself; `make help` says what there is.
.DEFAULT_GOAL := help
.PHONY: help demo up train check check-delivery test test-image bench faults format hooks check-hooks changelog release lock package image training-image clean

VENV := .venv
BIN := $(VENV)/bin
IMAGE ?= data_engineering_project
TRAINING_IMAGE ?= data_engineering_project-training
PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3.14 python3 python,$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## everything once, by itself: Kafka, training, worker, API, all passengers, a summary
	@$(BIN)/titanic demo

up: $(VENV)/.demo ## Kafka, worker and API until Ctrl-C
	@$(BIN)/titanic up

train: $(VENV)/.demo ## fit, evaluate and release the model
	@$(BIN)/titanic train

check: $(VENV)/.dev ## lint, format, types, import directions, locks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@sh requirements/compile.sh --check

DELIVERY := $(VENV)/delivery/bin
SCRIPTS := .ci/run $(wildcard requirements/*.sh) deploy/cluster/deploy $(wildcard deploy/host/*) \
	$(addprefix deploy/image/,api init train worker) $(addprefix .github/,cluster-token later notes verify)
check-delivery: $(VENV)/delivery/.made ## workflows, issue forms, compose file, manifests, shell scripts; needs Go
	@command -v go >/dev/null || { echo "actionlint needs Go, which was not found: https://go.dev/doc/install" >&2; exit 2; }
	go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 -shellcheck $(DELIVERY)/shellcheck
	$(DELIVERY)/zizmor --quiet --offline --persona=auditor .github
	$(DELIVERY)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(DELIVERY)/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(DELIVERY)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(DELIVERY)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(DELIVERY)/kubernetes-validate --strict --no-warn --quiet $(filter-out %/kustomization.yaml,$(wildcard deploy/cluster/*/*.yaml deploy/cluster/overlays/*/*.yaml))
	$(DELIVERY)/shellcheck $(SCRIPTS)
	$(DELIVERY)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(DELIVERY)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

test: $(VENV)/.dev ## unit, contract and integration tests, the last on a real Kafka
	$(BIN)/pytest $(TESTS)

# An IMAGE that is named is taken as it is, one from a registry, too.
test-image: $(VENV)/.dev $(if $(filter file,$(origin IMAGE)),image) training-image ## what the image is to do and to hold: integration tests on the built one, or on IMAGE=name
	TEST_IMAGE=$(IMAGE) TEST_TRAINING_IMAGE=$(TRAINING_IMAGE) $(BIN)/pytest -m image $(TESTS)

bench: $(VENV)/.dev ## throughput, next to bytes that are only passed through; EVENTS=1000000 ROUNDS=3 JSON=file
	@$(BIN)/python -m benchmarks.throughput $(if $(EVENTS),--events $(EVENTS)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(JSON),--json $(JSON))

faults: $(VENV)/.dev ## every kind of fault to workers, brokers, network and input under load; SEEDS=5 MIXED=60 KIND=name REPORT=folder
	@$(BIN)/python -m tests.faults $(if $(SEEDS),--seeds $(SEEDS)) $(if $(MIXED),--mixed $(MIXED)) $(if $(KIND),--kind '$(KIND)') $(if $(REPORT),--report $(REPORT))

format: $(VENV)/.dev ## format the code and mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

hooks: $(VENV)/.dev $(VENV)/delivery/.made ## from now on, check what is committed before it is: lint, types, secrets, the message
	$(VENV)/delivery/bin/pre-commit install --install-hooks

check-hooks: $(VENV)/.dev $(VENV)/delivery/.made ## every hook, on every file and every commit
	$(VENV)/delivery/bin/pre-commit run --all-files
	$(VENV)/delivery/bin/pre-commit run --all-files --hook-stage pre-push

changelog: $(VENV)/delivery/.made ## print a draft of the changelog's Unreleased section, from the commits
	@$(VENV)/delivery/bin/git-cliff --offline --unreleased

release: ## VERSION=1.2.3: the changelog's section and the version on a branch, and what comes next
	@$(PYTHON) .github/release.py "$(VERSION)"

lock: $(VENV)/.dev ## requirements/*.txt from pyproject.toml; UPGRADE=1 takes newer versions
	@sh requirements/compile.sh

package: $(VENV)/.dev ## wheel and source archive in dist/
	$(BIN)/hatchling build -d dist

image: ## build the container image of worker and API
	docker build $(DOCKER_BUILD) --tag $(IMAGE) .

training-image: ## build the container image that trains
	docker build --quiet $(DOCKER_BUILD) --target training --tag $(TRAINING_IMAGE) .

clean: ## remove the virtual environment and what runs leave behind
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis releases titanic_model/knn_model.p

# The tools that check workflows and manifests, apart from the project's own packages.
$(VENV)/delivery/.made: requirements/delivery.txt $(VENV)/.dev
	@$(PYTHON) -m venv $(VENV)/delivery
	@echo "installing requirements/delivery.txt into $(VENV)/delivery"
	@$(VENV)/delivery/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

# One stamp per lock: nothing is installed again until the lock changes.
$(VENV)/.%: requirements/%.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found; set PYTHON=/path/to/python3" >&2; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@echo "installing requirements/$*.txt into $(VENV): this once, about a minute"
	@sh requirements/install.sh $(VENV) requirements/$*.txt
	@touch $@
