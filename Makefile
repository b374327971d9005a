# `make help` lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help generate demo demo-cluster modules dist test-dist test-packages test-reproducible site collection check test test-python test-matrix test-faults test-mesh molecule keycloak-test lint bench fuzz release-notes publish setup clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: modules ## the main job, twice, against a real registry; needs no cluster
	@testbed/setup packages ansible
	@cargo run --quiet --locked -p testbed -- run -- demo/run

demo-cluster: setup modules ## the same, with the secrets going to a real Kubernetes API server
	@cargo run --quiet --locked -p testbed -- run --cluster -- demo/run

modules: ## builds the Ansible modules into library/, the inventory into bin/
	@testbed/setup build
	@scripts/build-modules

dist: ## what a release consists of, for four architectures, in dist/: RPM, deb, tarballs, collection, SBOM
	@packaging/dist

test-dist: ## runs and installs what is in dist/, as users would
	@testbed/setup dist packages tools ansible ansible-2.9 ansible-matrix
	@packaging/test-dist

test-packages: modules ## packs what `make modules` built and installs it: the quick part of make test-dist
	@testbed/setup dist packages tools ansible ansible-2.9 ansible-matrix
	@packaging/dist --here target/packages
	@packaging/test-dist --quick target/packages

test-reproducible: ## builds dist/ twice, in two directories, and compares; takes an hour
	@packaging/test-reproducible

site: ## the documentation as a static site, in target/site
	@scripts/build-site

collection: modules ## packs them and the playbooks into an Ansible collection, in dist/
	@testbed/setup ansible
	@scripts/build-collection

generate: ## writes documentation and tables of the role from the option tables
	@cargo run --quiet --locked --example generate

check: ## units, wire tests and linters in two minutes: needs rustup and Python alone
	cargo test --locked --quiet
	@scripts/lint code

test: setup modules ## all tests: units, modules, real registries, a real Kubernetes API, playbooks, booted nodes
	@tests/python/run
	cargo test --locked --workspace --features oreg/real

test-python: ## the tests of the action plugins, in a minute
	@testbed/setup courier ansible ansible-2.9
	@tests/python/run

test-matrix: setup modules ## the tests with every version of Ansible that is promised to work
	@testbed/setup ansible-matrix
	@tests/python/run --matrix
	cargo test --locked --features test-matrix --test it ansible_versions

test-faults: setup ## kills, cuts, dying servers and hostile input, the long way: half an hour
	OREG_LONG_FAULTS=1 cargo test --locked --features real --test it faults -- --nocapture

test-mesh: setup collection ## the playbooks in slices on a Receptor mesh, the engine below AWX; as root, ten minutes
	@testbed/setup mesh
	@cargo run --quiet --locked -p testbed -- run --cluster --nodes 60 -- testbed/mesh/run

molecule: setup modules ## the playbooks on booted nodes, by molecule: scenarios default, own-way and upgrade
	@molecule/run

keycloak-test: ## oreg_validate against a real Keycloak; optional, needs Java 17 and Maven
	@testbed/setup keycloak
	cargo test --locked --features keycloak --test it keycloak

lint: modules ## formatting, clippy, documentation, dependencies, playbooks, YAML, shell
	@scripts/lint

bench: setup modules ## speed beside Python, skopeo and kubectl, in half an hour; write=1: docs/benchmarks.md
	@testbed/setup bench
	@cargo run --quiet --locked -p testbed -- run --cluster -- bench/run $(if $(write),--write) $(sections)

fuzz: ## minutes=N: looks for inputs that break the readers, each of ten targets that long (default 5)
	@testbed/setup fuzz
	@fuzz/run $(or $(minutes),5) $(targets)

release-notes: ## tag=vX.Y.Z: what the changelog says of a release; fails if tag, version and changelog disagree
	@packaging/release-notes "$(tag)"

publish: ## tag=vX.Y.Z: makes the release on GitHub, of what is in dist/
	@packaging/publish "$(tag)"

setup: ## what tests and demo need on this machine; quick when it is there
	@testbed/setup

clean: ## removes what was built here; $(OREG_CACHE) stays
	cargo clean
	git clean -fqX library library-2.9 bin dist
