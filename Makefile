# The short way in. `make help` lists what there is. Everything stays inside this folder.

PRESET ?= release
PREFIX ?= /usr/local
STUDY ?= examples/knee-msc/study.yaml
OUT ?= out/knee-msc
FUZZ_SECONDS ?= 60

JOBS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
BUILD := build/$(PRESET)
# Used only when a build folder is new; afterwards CMake keeps what the folder was made with.
export CMAKE_GENERATOR ?= $(shell command -v ninja >/dev/null 2>&1 && echo Ninja || echo "Unix Makefiles")

# What the preset's compiler needs beside the build itself.
compiler = $(if $(filter clang tsan,$(PRESET)),clang)
# CMake's own chatter is left out; warnings and errors are not.
configure = cmake --preset $(PRESET) --log-level=NOTICE >/dev/null
build = cmake --build $(BUILD) --parallel $(JOBS)

.PHONY: help demo build test lint format bench fuzz schema install clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     install what is missing, build, run the shipped knee study"
	@echo "make test     the same set-up, then every test        (PRESET=debug, asan, tsan, ci, clang)"
	@echo "make build    only configure and compile              (PRESET=...)"
	@echo "make lint     format, clang-tidy, cppcheck, the house's own checks"
	@echo "make format   let clang-format rewrite the sources"
	@echo "make bench    measure: people per second, whole pathway"
	@echo "make fuzz     random bytes at the document door, with clang    (FUZZ_SECONDS=60)"
	@echo "make schema   write the editor schema and the key tables of docs/language.md anew"
	@echo "make install  program, library, headers, models       (PREFIX=/usr/local)"
	@echo "make clean    remove build/ and out/"

build:
	@tools/setup.sh build $(compiler)
	@$(configure)
	@$(build)

demo:
	@tools/setup.sh build $(compiler)
	@$(configure)
	@$(build) --target stroma_cli
	@$(BUILD)/stroma run $(STUDY) -o $(OUT) --force
	@echo "open $(OUT)/report.html in a browser"

test:
	@tools/setup.sh build test $(compiler)
	@$(configure)
	@$(build)
	@ctest --preset $(PRESET) -j $(JOBS)

lint:
	@tools/setup.sh build test lint
	@tools/lint.sh

format:
	@tools/setup.sh lint
	@clang-format -i $$(tools/sources.sh)

bench:
	@tools/setup.sh build $(compiler)
	@$(configure)
	@$(build) --target stroma_bench
	@$(BUILD)/bench/stroma_bench $(STUDY) models

fuzz:
	@tools/setup.sh build test clang
	@CC=clang cmake -S . -B build/fuzz --log-level=NOTICE -DSTROMA_FUZZ_TEST=ON -DFUZZ_SECONDS=$(FUZZ_SECONDS) >/dev/null
	@cmake --build build/fuzz --parallel $(JOBS) --target fuzz

schema:
	@tools/setup.sh build test $(compiler)
	@$(configure)
	@$(build) --target schema_test
	@$(BUILD)/schema_test --write

install:
	@tools/setup.sh build $(compiler)
	@$(configure)
	@$(build) --target stroma_cli
	@cmake --install $(BUILD) --prefix "$(PREFIX)"

clean:
	rm -rf build out
