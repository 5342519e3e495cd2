# SPDX-License-Identifier: Apache-2.0
# What a developer runs. Everything works with Go and git alone; what needs more
# says so.

SHELL      := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
GO         ?= go
# A checkout may belong to somebody else, as in a build's container.
GIT        := git -c safe.directory=$(CURDIR)
VERSION    ?= $(shell $(GIT) describe --tags --always --dirty 2>/dev/null || echo dev)
# What listens is a local socket: HTTP/2 would only make the service larger.
TAGS       := nethttpomithttp2
BUILD      := CGO_ENABLED=0 $(GO) build -trimpath -tags $(TAGS) -ldflags '-s -w -X main.version=$(VERSION)'
# On Windows the agent has no console, or one would flash up at each logon.
GUIBUILD   := $(subst -s -w,-s -w -H windowsgui,$(BUILD))
# Pinned: a newer linter must not break an older commit. It installs into a
# folder of its own and stays there.
STATICCHECK_VERSION := v0.8.2
STATICCHECK         := .ci/cache/staticcheck-$(STATICCHECK_VERSION)
# nfpm packs deb and rpm; later versions need a Go module that not every proxy serves.
NFPM_VERSION        := v2.45.2
NFPM                := .ci/cache/nfpm-$(NFPM_VERSION)
# gremlins makes the mutants of make mutation.
GREMLINS_VERSION    := v0.6.0
GREMLINS            := .ci/cache/gremlins-$(GREMLINS_VERSION)
PLATFORMS := linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64

# The day the manual pages are of: that of the commit, so that the same source
# gives the same pages.
DAY        ?= $(shell date -u -d "@$${SOURCE_DATE_EPOCH:-$$($(GIT) log -1 --format=%ct)}" +%F)

.PHONY: build man packages msi packages-test windows-programs e2e-windows windows-tests check bench rigs rigs-long mutation figures states fmt format vet platforms lint unit race states-unchanged fuzz planted
.DEFAULT_GOAL := build

# The binaries as they are shipped: static, stripped, without paths of this machine.
build:
	$(BUILD) -o bin/ ./cmd/...
	@if [ "$$($(GO) env GOOS)" = windows ]; then $(GUIBUILD) -o bin/ ./cmd/quietsetup-prompt; fi

# The manual pages: dist/man/quietsetup.1 and its kin.
man:
	$(GO) run ./internal/manpages -o dist/man -version $(VERSION) -date $(DAY)

# deb and rpm of this commit; packaging/README.md says what is in them. A site may
# pack its own default configuration: make packages CONFIG=site.toml
DIST          ?= dist
CONFIG        ?= packaging/quietsetup.toml
PACKAGE_ARCHS ?= amd64 arm64
packages: $(NFPM)
	@rm -rf $(DIST)/man
	$(GO) run ./internal/manpages -o $(DIST)/man -version $(VERSION) -date $(DAY)
	$(GO) run -tags $(TAGS) ./cmd/quietsetup completion bash >$(DIST)/quietsetup.bash
	for arch in $(PACKAGE_ARCHS); do GOOS=linux GOARCH=$$arch $(BUILD) -o $(DIST)/linux-$$arch/ ./cmd/...; done
	packaging/build $(NFPM) $(DIST) $(CONFIG) $(VERSION) $(PACKAGE_ARCHS)

# The installer for Windows; needs wixl. SIGN names the command that signs, see
# packaging/windows/build.
msi:
	$(MAKE) --no-print-directory windows-programs WINDOWS_PROGRAMS=$(DIST)/windows-amd64
	packaging/windows/build $(DIST) $(VERSION) $$($(GIT) rev-list --count HEAD 2>/dev/null || echo 0)

# Installs, runs, upgrades and removes them, with real package managers and
# systemd in a Debian root of their own. Needs root, and the network once.
packages-test: packages $(STATICCHECK)
	@echo "== packages"
	@mkdir -p .ci/cache && $(GO) build -o .ci/cache/testreport ./internal/testreport
	@$(GO) vet -tags packaged ./internal/packagetest
	@$(STATICCHECK) -tags packaged ./internal/packagetest
	@$(GO) test -tags packaged -count=1 -timeout 15m -json ./internal/packagetest | .ci/cache/testreport

# Everything a change must pass, in the order of how soon it fails. govulncheck is
# not among it: its database is on a network host, and a build machine needs to
# reach nothing but Go modules and its system's packages. Run it where you can.
check: format vet platforms lint unit race states-unchanged

format:
	@echo "== format"
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "not formatted (make fmt):"; echo "$$bad"; exit 1; fi

vet:
	@for os in linux windows darwin; do echo "== vet $$os"; GOOS=$$os CGO_ENABLED=0 $(GO) vet ./...; done

# Linked, not only compiled: a missing symbol shows at the end.
platforms:
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; for p in $(PLATFORMS); do echo "== build $$p"; \
	  mkdir -p "$$dir/$$p"; GOOS=$${p%/*} GOARCH=$${p#*/} $(BUILD) -o "$$dir/$$p/" ./cmd/...; \
	  if [ $${p%/*} = windows ]; then GOOS=windows GOARCH=$${p#*/} $(GUIBUILD) -o "$$dir/$$p/" ./cmd/quietsetup-prompt; fi; done

lint: $(STATICCHECK)
	@echo "== staticcheck linux"; GOOS=linux CGO_ENABLED=0 $(STATICCHECK) ./...
	@# Elsewhere code is unused until that platform's parts are written.
	@for os in windows darwin; do echo "== staticcheck $$os"; GOOS=$$os CGO_ENABLED=0 $(STATICCHECK) -checks inherit,-U1000 ./...; done

$(STATICCHECK):
	GOBIN=$(CURDIR)/.ci/cache $(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
	mv .ci/cache/staticcheck $@

$(GREMLINS):
	GOBIN=$(CURDIR)/.ci/cache $(GO) install github.com/go-gremlins/gremlins/cmd/gremlins@$(GREMLINS_VERSION)
	mv .ci/cache/gremlins $@

$(NFPM):
	GOBIN=$(CURDIR)/.ci/cache $(GO) install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION)
	mv .ci/cache/nfpm $@

# The systemd unit; needs systemd-analyze.
unit:
	@echo "== systemd unit"
	@packaging/systemd/check

# All tests with the race detector, in random order. A skipped test is named,
# and with QUIETSETUP_CI=1 a failure. The import table is one of the tests.
race:
	@echo "== tests with the race detector"
	@mkdir -p .ci/cache && $(GO) build -o .ci/cache/testreport ./internal/testreport
	@$(GO) test -race -shuffle=on -timeout 20m -json ./... | .ci/cache/testreport

# Generated files are what their generator gives.
states-unchanged:
	@echo "== generated files"
	@$(GO) test -count=1 -run 'Current' ./internal/statesdoc ./internal/policydoc ./internal/winresources

# The Windows programs as they are shipped, for a test of them.
WINDOWS_PROGRAMS ?= bin/windows
windows-programs:
	GOOS=windows GOARCH=amd64 $(BUILD) -o $(WINDOWS_PROGRAMS)/ ./cmd/...
	GOOS=windows GOARCH=amd64 $(GUIBUILD) -o $(WINDOWS_PROGRAMS)/ ./cmd/quietsetup-prompt
	$(GO) run ./internal/winresources -stamp $$(packaging/windows/version $(VERSION) $$($(GIT) rev-list --count HEAD 2>/dev/null || echo 0)) $(WINDOWS_PROGRAMS)/*.exe

# The Windows programs on Windows machines by Wine: services, dialogs, installers;
# and the transcripts of the core in a Windows program. Brings the tools it needs on
# a Debian; what is missing then is a failure. Pictures of the dialogs are in SHOTS.
SHOTS ?= dist/shots
e2e-windows: $(STATICCHECK)
	@echo "== Windows, from end to end"
	@.ci/tools wine
	@mkdir -p .ci/cache && $(GO) build -o .ci/cache/testreport ./internal/testreport && $(GO) build -o .ci/cache/wine-testexec ./internal/wine/testexec
	@.ci/cache/wine-testexec -base >/dev/null
	@$(GO) vet -tags wine ./internal/e2ewindows
	@GOOS=linux $(STATICCHECK) -tags wine ./internal/e2ewindows
	@{ GOOS=windows CGO_ENABLED=0 $(GO) test -count=1 -run '^TestScenarios$$' -exec $(CURDIR)/.ci/cache/wine-testexec -json ./fsm; \
	  QUIETSETUP_CI=1 $(GO) test -tags wine -count=1 -json ./internal/wine; \
	  QUIETSETUP_CI=1 $(GO) test -tags wine -count=1 -timeout 15m -parallel 30 -json ./internal/e2ewindows -args -shots $(abspath $(SHOTS)); } | QUIETSETUP_CI=1 .ci/cache/testreport

# The tests of every package as Windows programs, each package on a machine of
# its own. Left out are the packages whose tests run go or Linux tools. A test that
# needs what only Linux has is named as skipped. The long ones are short: under Wine
# each call of the system takes many times as long.
WINDOWS_TESTED = $(shell GOOS=windows $(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... \
	| grep -vE '/internal/(archtest|crashdisk|figures|fuzzrig|manpages|mutation|packagetest|policydoc|rigs|statesdoc|sim|wine|e2ewindows)$$')
windows-tests:
	@echo "== tests as Windows programs"
	@.ci/tools wine
	@mkdir -p .ci/cache && $(GO) build -o .ci/cache/testreport ./internal/testreport && $(GO) build -o .ci/cache/wine-testexec ./internal/wine/testexec
	@.ci/cache/wine-testexec -base >/dev/null
	@GOOS=windows CGO_ENABLED=0 QUIETSETUP_CI= $(GO) test -short -count=1 -timeout 10m -exec $(CURDIR)/.ci/cache/wine-testexec -json $(WINDOWS_TESTED) | QUIETSETUP_CI= .ci/cache/testreport

# Every fuzz target, found by reading the source, with its share of three million
# inputs. It is one of the rigs, so check does not run it again.
fuzz:
	QUIETSETUP_RIGS=1 $(GO) test -count=1 -timeout 60m -run '^TestRigFuzzInputs$$' -v ./internal/fuzzrig

# Every planted bug is found by the rig that is there for it: which bug, what found
# it, and planted.json.
planted:
	$(GO) run ./internal/rigs -planted -o planted.json

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Every reliability rig with its full number: one table, and rigs.json.
rigs:
	$(GO) run ./internal/rigs -o rigs.json

# The same at length: about HOURS on two cores.
HOURS ?= 1
rigs-long:
	$(GO) run ./internal/rigs -o rigs.json -times $$(($(HOURS) * 6)) -limit $$(($(HOURS) * 2 + 1))h

# How much the tests of fsm and store notice: docs/mutation.md, and mutation.json
# with every survivor. It ends with an error below 85 %, or where a survivor has no
# reason in internal/mutation/survivors.toml. The first time takes hours; what a test
# noticed is remembered in .ci/cache/mutation, so the next is quicker. Alone, and in
# part: make mutation MUTATION="-only store -files '^plan'"
MUTATION ?= -o docs/mutation.md
mutation: $(GREMLINS)
	@ulimit -v 12000000; nice -n 10 $(GO) run ./internal/mutation -gremlins $(CURDIR)/$(GREMLINS) -json mutation.json $(MUTATION)

# The design's figures, each beside its target, with what the last "make rigs" and
# "make planted" found.
figures:
	$(GO) run ./internal/figures -o docs/figures.md

# docs/states.md from the transition table, docs/policy.md from the policy's.
states:
	$(GO) test ./internal/statesdoc ./internal/policydoc -update
	$(GO) test ./internal/source/opsi -run 'Pages|Table' -update

fmt:
	gofmt -w .
