# make run: everything, from a fresh clone.   make test: what CI runs.   make help: the other targets.
NINEPIN := .build/release/ninepin

.PHONY: help setup build run matrix test test-fast test-all fuzz lint docs approaches bench soak dist deb install uninstall clean mutants

help:
	@echo "make run     build ninepin; ask each patch's probe in gVisor; then build and boot a stock and a patched node, and compare"
	@echo "make matrix  compare every series in every layout (builds kubelet six times on the first run)"
	@echo "make test    all tests, the real boots among them"
	@echo "make test-fast  the tests that need neither root nor network"
	@echo "make test-all   make test, 20 s of make fuzz for each reader, make dist and its test, and make soak"
	@echo "make fuzz    mutated inputs for each reader of outside data: TARGET='log boot' for some of them, SECONDS=600 for each"
	@echo "make mutants breaks each rule of the verdict in turn, and asks the tests whether they notice (a quarter of an hour): WORDS='clock 17' for some"
	@echo "make lint    the format"
	@echo "make docs    generate the reference pages in docs/"
	@echo "make approaches  measure every approach again, and write docs/approaches.md (three quarters of an hour)"
	@echo "make bench   the speeds that docs/speed.md tells, measured here"
	@echo "make soak    fifty boots, one after the other: the same verdict, and nothing left behind (half an hour)"
	@echo "make dist    dist/ninepin-VERSION-linux-ARCH.tar.gz: one program that needs the C library and nothing else"
	@echo "make deb     dist/ninepin_VERSION_ARCH.deb from it"
	@echo "make install  the program that was built, recipes, manual pages and completions: PREFIX=/usr/local DESTDIR=; make uninstall"
	@echo "make clean   remove what was built; the workspace stays"

setup:
	@./setup

build: setup
	swift build -c release --product ninepin

run: build
	$(NINEPIN) matrix kubelet-1.20 --level component --layout root-9p --layout volume-9p
	$(NINEPIN) matrix kubelet-1.20 --series none --series percpu,memory-usage,9p-source --layout root-9p

matrix: build
	$(NINEPIN) matrix kubelet-1.20

# Parts of .ci/test.
PARTS ?= fast real

test: setup
	@.ci/test $(PARTS)

test-fast: setup
	@.ci/test fast

test-all: setup
	@.ci/test fast fuzz real dist soak

# Seconds of processor time for each reader, and the readers to fuzz; all if empty.
SECONDS ?= 600
TARGET ?=

fuzz: setup
	swift build --build-tests
	.ci/fuzz $(SECONDS) $(TARGET)

# Numbers of mutants, or words of their rules; all if empty.
WORDS ?=

mutants: setup
	.ci/mutants $(WORDS)

lint:
	swift format lint --strict --recursive Package.swift Sources Tests

docs: build
	$(NINEPIN) reference docs

# Fourteen rows with three boots each take three quarters of an hour. This measures every figure in docs/approaches.md.
approaches: build
	$(NINEPIN) matrix kubelet-1.20 --approaches --layout root-9p --repeat 3 --json > docs/approaches.json.new
	mv docs/approaches.json.new docs/approaches.json
	$(NINEPIN) reference docs

bench: build
	Benchmarks/run
	Benchmarks/git
	Benchmarks/import
	Benchmarks/workspace
	swift build -c release --product ledger-speed
	Benchmarks/nights --quiet-night
	Benchmarks/node
	Benchmarks/matrix

dist:
	@./setup dist
	packaging/dist

deb: dist
	packaging/deb

PREFIX ?= /usr/local
# What is installed: the program of `make dist` if there is one, or else that of `make build`. Nothing is built here, so that root need not.
PROGRAM ?= $(firstword $(wildcard .build-dist/release/ninepin .build/release/ninepin) $(NINEPIN))
export DESTDIR ZSH_COMPLETIONS

install:
	packaging/install install $(PROGRAM) $(PREFIX)

uninstall:
	packaging/install uninstall $(PREFIX)

soak: build
	Benchmarks/soak

clean:
	rm -rf .build .build-dist dist
