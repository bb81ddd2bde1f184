# All that a person needs: see `make help`. Needs Go, a JDK, Maven and make; the tests take gcc too, for the race detector.

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
TOOLS   := $(CURDIR)/build/tools

# Tools are pinned here, built once into build/tools, and need no network after that.
BUF_VERSION           := v1.75.0
GOLANGCI_LINT_VERSION := v2.15.0
VERSITYGW_VERSION     := v1.8.0
BUF           := $(TOOLS)/buf-$(BUF_VERSION)
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
VERSITYGW     := $(TOOLS)/versitygw-$(VERSITYGW_VERSION)

ALLUXIO_VERSION := $(shell sed -n 's:.*<alluxio.version>\(.*\)</alluxio.version>.*:\1:p' dist/pom.xml)
TARBALL         := build/alluxio-$(ALLUXIO_VERSION)-bin.tar.gz
ZSTD_TARBALL    := $(TARBALL:.gz=.zst)
DIST_SOURCES    := LICENSE $(shell find dist -type f -not -path '*/target/*')
# -ntp: no progress bars. The lock keeps two makes from sharing dist/target.
MAVEN           := flock build/alluxio.lock mvn -B -q -ntp
# In a copy of dist: the jar of the S3 under file system first, which the tarball takes in.
assemble         = $(MAVEN) -f $(1)/underfs-s3a/pom.xml package && $(MAVEN) -f $(1)/pom.xml package

# The race detector needs a C compiler; CI has to have one.
RACE := $(if $(or $(CI),$(shell command -v gcc)),-race)

.PHONY: help
help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## all commands, into bin/
	CGO_ENABLED=0 go build -trimpath -tags grpcnotrace -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ ./cmd/...

.PHONY: alluxio
alluxio: $(TARBALL) $(ZSTD_TARBALL) ## the lean Alluxio tarball, into build/ (made again only after a change in dist/)

$(TARBALL): $(DIST_SOURCES)
	mkdir -p build
	@echo "Maven assembles Alluxio; the first time it downloads some 250 MB, and tells nothing of it"
	$(call assemble,dist)
	cp dist/target/$(@F) $@.part
	cd build && sha256sum $(@F).part | sed 's/\.part$$//' > $(@F).sha256.part
	mv $@.sha256.part $@.sha256
	mv $@.part $@

# The same files, unpacked several times as fast.
$(ZSTD_TARBALL): $(TARBALL) internal/repack/main.go
	go run ./internal/repack $< $@.part
	cd build && sha256sum $(@F).part | sed 's/\.part$$//' > $(@F).sha256.part
	mv $@.sha256.part $@.sha256
	mv $@.part $@

.PHONY: reproduce
reproduce: $(TARBALL) $(ZSTD_TARBALL) ## build the tarball a second time from a clean copy, and compare the bytes
	rm -rf build/reproduce
	mkdir -p build/reproduce
	cp -r LICENSE dist build/reproduce/
	rm -rf build/reproduce/dist/target build/reproduce/dist/underfs-s3a/target
	umask 077 && export TZ=Pacific/Auckland LC_ALL=C && $(call assemble,build/reproduce/dist)
	cmp $(TARBALL) build/reproduce/dist/target/$(notdir $(TARBALL))
	GOMAXPROCS=1 go run ./internal/repack build/reproduce/dist/target/$(notdir $(TARBALL)) build/reproduce/tar.zst
	cmp $(ZSTD_TARBALL) build/reproduce/tar.zst
	rm -rf build/reproduce
	@echo "the same bytes: $$(cat $(TARBALL).sha256 $(ZSTD_TARBALL).sha256)"

.PHONY: dev
dev: build alluxio ## an embedded Mesos and a whole Alluxio on this machine, until Ctrl-C
	exec bin/alluxio-mesos dev

.PHONY: test
test: build alluxio $(VERSITYGW) ## all tests, with the race detector
	$(if $(RACE),,@echo "no gcc: testing without the race detector")
	@# Most tests wait more than they compute; whole deployments, which do not, have the machine to themselves.
	go test $(RACE) -timeout 14m -parallel 4 $$(go list ./... | grep -v /test/acceptance)
	go test $(RACE) -timeout 14m ./test/acceptance

.PHONY: cycles
cycles: build ## 500 starts and stops of a plugin, which must leave nothing behind
	ALLUXIO_MESOS_CYCLES=500 ALLUXIO_MESOS_CYCLES_OF=$(CURDIR)/bin/alluxio-mesos-fetcher-http go test -count=1 -v -run '^TestCycles$$' ./plugins/host

.PHONY: faults
faults: build ## the conformance and fault suite on each built plugin, and bad plugins against the suite and the host
	@for plugin in bin/alluxio-mesos-fetcher-* bin/alluxio-mesos-ramdisk-*; do \
	  echo "== $$plugin"; bin/alluxio-mesos plugins verify "$$plugin" || exit 1; done
	go test -count=1 -v -run 'Verif' ./plugins/plugintest
	go test -count=1 -v -run 'Befalls|Mended|BadPlugins|Hangs|Outlives|Swap' ./plugins/host

.PHONY: bench
bench: build alluxio $(VERSITYGW) ## from LAUNCH to serving, against the same JVMs started by hand
	go test -run '^$$' -bench . -benchtime 5x -timeout 30m -v ./test/bench

.PHONY: verify
verify: verify-format verify-vet verify-lint verify-modules verify-proto ## everything about the code but its tests

.PHONY: verify-format verify-vet verify-lint verify-modules verify-proto
verify-format:
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs -r ls 2>/dev/null | xargs -r gofmt -l); \
	if [ -n "$$files" ]; then echo "not formatted (run gofmt -w):"; echo "$$files"; exit 1; fi

verify-vet:
	go vet ./...

verify-lint: $(GOLANGCI_LINT)
	$(GOLANGCI_LINT) run

verify-modules:
	go mod tidy -diff
	go mod verify

verify-proto: $(BUF)
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && \
	$(BUF) generate --output "$$fresh" && \
	for file in $$(cd "$$fresh" && find . -name '*.pb.go'); do \
	  cmp -s "$$fresh/$$file" "$$file" || { echo "$$file is not current: run make proto"; exit 1; }; \
	done

.PHONY: proto
proto: $(BUF) ## the Go code of proto/
	$(BUF) generate

$(BUF):
	GOBIN=$(TOOLS)/new go install github.com/bufbuild/buf/cmd/buf@$(BUF_VERSION)
	mv $(TOOLS)/new/buf $@

$(GOLANGCI_LINT):
	GOBIN=$(TOOLS)/new go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/new/golangci-lint $@

# An S3 server over a folder, for the tests (test/s3server).
$(VERSITYGW):
	CGO_ENABLED=0 GOBIN=$(TOOLS)/new go install -trimpath -ldflags '-s -w' github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW_VERSION)
	mv $(TOOLS)/new/versitygw $@

.PHONY: clean
clean: ## remove what was built
	rm -rf bin build dist/target dist/underfs-s3a/target
