# Everything that people and CI run. `make help` lists it.
#
# GNU make turns every exit code but 0 into 2. For the exit code of the verdict (0 held, 1 failed,
# 2 inconclusive, 3 error) call bin/hero_chaos.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

TOOLS := go tool -modfile=ci/tools/go.mod
CHECKS := go tool -modfile=ci/tools/check/go.mod
GOLANGCI_LINT ?= $(TOOLS) golangci-lint
GOFUMPT ?= $(TOOLS) gofumpt
# The race detector needs a C compiler.
RACE := $(if $(shell command -v gcc cc 2>/dev/null),-race)
BIN ?= bin
# ./suites itself is what a run carries out: its folders have units of their own.
UNITS := . ./harness/... ./reports/... ./fixtures/... ./ci/... ./suites/*/

# $(call flag,NAME,VALUE) is --NAME='VALUE', or nothing without a value.
flag = $(if $(strip $(2)),--$(1)='$(subst ','\'',$(2))')
RUN_FLAGS = $(strip $(call flag,target,$(TARGET)) $(call flag,image,$(HERO_IMAGE)) \
	$(call flag,container,$(CONTAINER)) $(call flag,focus,$(FOCUS)) $(call flag,service,$(SERVICE)) \
	$(call flag,seed,$(SEED)) $(call flag,procs,$(PROCS)) $(call flag,sandboxes,$(SANDBOXES)) $(call flag,profile,$(PROFILE)) \
	$(call flag,samples,$(SAMPLES)) $(call flag,mutant,$(MUTANT)) $(call flag,choices,$(CHOICES)) $(call flag,baseline,$(BASELINE)) \
	$(call flag,baseline-image,$(BASELINE_IMAGE)) $(call flag,upgrade-from,$(UPGRADE_FROM)) $(if $(VERBOSE),--verbose) $(if $(PLAN),--plan) $(if $(LIVE),--live))
CONTACT_FLAGS = $(strip $(call flag,target,$(TARGET)) $(call flag,image,$(HERO_IMAGE)) $(call flag,container,$(CONTAINER)))
MUTANTS_FLAGS = $(strip $(call flag,only,$(ONLY)) $(call flag,group,$(GROUP)) $(call flag,parallel,$(PARALLEL)) $(call flag,dialect,$(DIALECT)) \
	$(if $(SAMPLE),--sample) $(if $(FULL),--full) $(if $(AGAIN),--again))
# An ENV of the environment is not meant for us: POSIX shells read it as the name of a start-up file.
SMOKE_FLAGS = $(strip $(call flag,base-url,$(BASE_URL)) \
	$(if $(filter command,$(origin ENV)),$(call flag,env,$(ENV))))

##@ Validate an image

.PHONY: e2e
e2e: build ## Break a target and judge it [TARGET HERO_IMAGE CONTAINER FOCUS SERVICE SEED PROCS SANDBOXES PROFILE SAMPLES MUTANT CHOICES BASELINE BASELINE_IMAGE UPGRADE_FROM ALLOW_DESTRUCTIVE VERBOSE PLAN LIVE]
	@ci/docker.sh
	@$(BIN)/hero_chaos run $(RUN_FLAGS)

.PHONY: smoke
smoke: build ## Ask a running target whether it answers [BASE_URL=http://localhost:8805 or ENV=hero]
	@$(BIN)/hero_chaos smoke $(SMOKE_FLAGS)

.PHONY: inspect
inspect: build ## Say what an image confirms of the contract, breaking nothing [TARGET HERO_IMAGE CONTAINER]
	@ci/docker.sh
	@$(BIN)/hero_chaos inspect $(CONTACT_FLAGS)

.PHONY: discover
discover: build ## Write a target file from a running image to standard output [TARGET HERO_IMAGE CONTAINER NAME]
	@ci/docker.sh >&2
	@$(BIN)/hero_chaos discover $(CONTACT_FLAGS) $(call flag,name,$(NAME))

.PHONY: list
list: build ## List the promises and the specs that check them
	@$(BIN)/hero_chaos list

##@ Develop

# hero_chaos bears its commit: records name who has judged. git shows no commit of a checkout that is another user's.
BUILDVCS = $(shell git rev-parse --quiet --verify HEAD >/dev/null 2>&1 && echo auto || echo false)
.PHONY: build
build: ## Build hero_chaos and the programs that it needs beside it [BIN=bin]
	@if [ $(BUILDVCS) = false ]; then echo "make: building without the commit, which git does not show here" >&2; fi
	@go build -buildvcs=$(BUILDVCS) -o $(BIN)/hero_chaos .
	@go build -o $(BIN)/ginkgo github.com/onsi/ginkgo/v2/ginkgo
	@go test -c -o $(BIN)/suites.test ./suites
	@CGO_ENABLED=0 GOOS=linux go build -trimpath -ldflags '-s -w' -o $(BIN)/hero_chaos_agent ./harness/agent/main

# A distribution needs neither Go nor these sources. The same commit gives the same bytes, wherever it lies: what depends
# on the place is left out, and what is made has fixed times. Only hero_chaos itself bears the commit.
STATIC := CGO_ENABLED=0 GOOS=linux go
REPRODUCIBLE := -trimpath -ldflags '-s -w'
.PHONY: dist
dist: ## Build all that a machine without Go needs, as a folder and as an image: dist/, dist/hero_chaos.tar
	@rm -rf dist
	@mkdir -p dist/fixtures/targets dist/fixtures/herozero dist/ci
	@$(STATIC) build $(REPRODUCIBLE) -buildvcs=$(BUILDVCS) -o dist/hero_chaos .
	@$(STATIC) build $(REPRODUCIBLE) -buildvcs=false -o dist/ginkgo github.com/onsi/ginkgo/v2/ginkgo
	@$(STATIC) test -c $(REPRODUCIBLE) -buildvcs=false -o dist/suites.test ./suites
	@$(STATIC) build $(REPRODUCIBLE) -buildvcs=false -o dist/hero_chaos_agent ./harness/agent/main
	@go run ./fixtures/herozero/build -save dist/fixtures/herozero/image.tar
	@cp fixtures/targets/*.yaml dist/fixtures/targets
	@cp ci/policy.yaml dist/ci
	@go run ./ci/dist dist

.PHONY: test
test: ## Run all tests: units, those that need Docker, samples of the mutants, the choices and the dialects, and the suites against the embedded image
	@ci/docker.sh
	go test $(RACE) $(UNITS)
	@$(MAKE) --no-print-directory mutants SAMPLE=1 AGAIN=1
	@$(MAKE) --no-print-directory choices SAMPLE=1
	@$(MAKE) --no-print-directory dialects SAMPLE=1
	@$(MAKE) --no-print-directory e2e

.PHONY: mutants
mutants: build ## Test the harness: break the image in every known way [ONLY=ids GROUP SAMPLE=1 FULL=1 AGAIN=1 PARALLEL DIALECT=name]
	@ci/docker.sh
	@$(BIN)/hero_chaos mutants $(MUTANTS_FLAGS)

.PHONY: choices
choices: build ## Test the harness: let the image choose what the contract leaves open; nothing may fail [ONLY=rows SAMPLE=1]
	@ci/docker.sh
	@$(BIN)/hero_chaos choices $(strip $(call flag,only,$(ONLY)) $(if $(SAMPLE),--sample))

.PHONY: dialects
dialects: build ## Test the harness: let the image spell its RPC otherwise; nothing may fail, and what is lost is listed [ONLY=names FOCUS SAMPLE=1]
	@ci/docker.sh
	@$(BIN)/hero_chaos dialects $(strip $(call flag,only,$(ONLY)) $(call flag,focus,$(FOCUS)) $(if $(SAMPLE),--sample))

# Monit looks at one service after the other, and at none before its start has timed out (30 s): each of its specs has it
# to itself, and it is asked what it is there for, to find a hang.
CONTROLS ?= monit runit s6 supervisord
.PHONY: controls
controls: build ## Measure supervisors that others wrote, and write their table again [CONTROLS=names]
	@ci/docker.sh
	@for control in $(CONTROLS); do \
		procs=12 focus=restart,retry,hang,processtree,registration; \
		if [ $$control = monit ]; then procs=1 focus=hang.detected,hang.control,restart.sigkill,restart.exit1; fi; \
		$(BIN)/hero_chaos run --target $$control --focus $$focus --procs $$procs \
			--output reports/out/controls/$$control || [ $$? -lt 3 ]; \
	done
	@go run ./fixtures/controls/table $(CONTROLS:%=reports/out/controls/%/record.json)

.PHONY: environments
environments: build ## Run in the environments that users have, and compare what is said; or interrupt or kill runs at random moments [ONLY=names INTERRUPTS KILLS]
	@ci/docker.sh
	@go run ./ci/environments $(strip $(call flag,only,$(ONLY)) $(call flag,interrupts,$(INTERRUPTS)) $(call flag,kills,$(KILLS)))

.PHONY: ci-local
ci-local: ## Run the workflow of the gate here, offline, with act: two shards of the embedded image, and the gate [FOCUS]
	@ci/docker.sh
	@ci/local.sh

.PHONY: bench
bench: ## Measure the harness itself: injection beside docker exec, observation against the truth, how many of 2,000 random dialects are learned
	@go test ./fixtures/herozero/dialect -run 'TestRandomDialects$$' -v -dialects 2000 -timeout 20m | grep 'understood wholly'
	@ci/docker.sh
	@go test -run '^$$' -bench . -benchtime 150x -timeout 20m ./harness/bench

.PHONY: lint
lint: ## Check style, common mistakes, workflows and known vulnerabilities, and the shell scripts where shellcheck is installed
	$(GOLANGCI_LINT) run
	$(CHECKS) actionlint -config-file ci/actionlint.yaml -shellcheck= .forgejo/workflows/*.yaml
	@$(CHECKS) govulncheck ./... || { [ $$? -ne 3 ] && echo 'no database of vulnerabilities: modules not checked'; }
	@if command -v shellcheck >/dev/null; then shellcheck ci/*.sh .ci/run; else echo 'no shellcheck: scripts not checked'; fi

.PHONY: fmt
fmt: ## Format the code
	$(GOFUMPT) -l -w .

.PHONY: clean
clean: ## Remove what was built: programs, the distribution, reports and the images of our own helpers
	rm -rf bin dist reports/out
	@if docker version >/dev/null 2>&1; then docker image prune --all --force --filter label=hero_chaos.reaper; fi

##@ Help

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## "; print "Usage: make TARGET [VARIABLE=value ...]" } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
