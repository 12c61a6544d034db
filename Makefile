# Every command a reader, reviewer or CI needs. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
STEP := scripts/step
.DEFAULT_GOAL := help
.PHONY: help report test check format verify golden methods bench codebook data wheel clean

help: ## list the commands
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

report: .venv/.runtime ## set up, then build all of reports/ from data/trials.parquet
	@$(STEP) --start
	@$(STEP) "reports" $(BIN)/evidence report
	@$(STEP) --end "Written: reports/index.html and the folders of reports/ it leads to."

test: .venv/.dev ## set up, then run the tests; with SLOW=1 also those that take long
	@$(STEP) --start
	@$(STEP) "tests" $(BIN)/python -m pytest --numprocesses auto --dist loadfile $(if $(SLOW),,-m "not slow")
	@$(STEP) --end "Nothing was written outside .venv."

check: .venv/.dev ## format, lint, types, import directions, dataset up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/evidence data check
	$(BIN)/evidence data codebook --check

format: .venv/.dev ## put the code in its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

data: .venv/.runtime ## build data/trials.parquet from data/studies/*.yaml
	$(BIN)/evidence data build

verify: .venv/.runtime ## follow every number of the reports; with SOURCES=DIR also every printed token of the dataset
	$(if $(SOURCES),$(BIN)/evidence data verify --sources $(SOURCES))
	$(BIN)/evidence verify

golden: .venv/.dev ## run every reference case of GOLDEN=DIR through the package
	$(BIN)/python -m tests.reference.golden $(or $(GOLDEN),tests/reference/data)

methods: .venv/.dev ## write docs/methods.md from the reference run
	$(BIN)/python -m tests.reference.golden.methods

codebook: .venv/.runtime ## write data/CODEBOOK.md and the counts of the README
	$(BIN)/evidence data codebook

bench: .venv/.dev ## print the times that users feel, and the synthesis beside PyMARE and metafor
	$(BIN)/python -m benchmarks

wheel: .venv/.dev ## build the wheel into dist/
	$(BIN)/python -m build --wheel

clean: ## remove what the commands above made, except the reports
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.venv/.runtime: pyproject.toml constraints.txt
	@$(STEP) --start
	@$(STEP) "virtual environment" scripts/environment $(PYTHON)
	@$(STEP) "packages" $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

.venv/.dev: .venv/.runtime
	@$(STEP) "packages for development" $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,notebook]'
	@touch $@
