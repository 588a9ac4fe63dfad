# `make` lists what there is to do.
SHELL := bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags 2>/dev/null | sed 's/^v//')
COMMIT ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

asset_sources := $(shell find templates/assets -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: assets ## build bin/commonage, with the scripts and the base map if npm is there
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/commonage ./cmd/commonage

demo: build ## three cities on this machine, publishing, federating and found on one map
	bin/commonage demo

test: ## everything: linters, race tests on SQLite and PostgreSQL, browser tests, a little fuzzing
	.ci/test.sh

lint: ## formatting, vet, linters, tidy modules
	.ci/lint.sh

interop: ## the cases of the interoperability contract, on both databases, as a table
	.ci/postgres.sh go test -json -count 1 -run '^TestInterop$$' ./federation | go run .ci/interop.go

bench: assets ## benchmarks, one after the other, on SQLite and PostgreSQL
	.ci/needs.sh postgres
	.ci/postgres.sh go test -p 1 -run '^$$' -bench . -benchmem ./...

simulate: ## ten thousand instances on a simulated clock: how fast, at what cost
	go run ./federation/peering/simulate

bench-search: ## search beside other engines, for SIZES (10000,100000,1000000) and ENGINES
	.ci/bench-search.sh

fuzz: ## every fuzz target for FUZZTIME (30s, or 1000x for so many inputs)
	.ci/fuzz.sh

assets: .tools/assets-built ## the scripts and the base map of the pages

# Made anew when a source is newer, or when the result is gone.
.tools/assets-built: $(asset_sources) $(if $(wildcard templates/assets/dist/*.js),,missing-assets)
	@if [ -f templates/assets/package.json ]; then .ci/assets.sh; fi

clean: ## remove what was built
	rm -rf bin .tools templates/assets/node_modules
	find templates/assets/dist -mindepth 1 -not -name .gitkeep -delete 2>/dev/null || true

.PHONY: help build demo test lint interop bench bench-search simulate fuzz assets missing-assets clean
