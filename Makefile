# The map: `make` lists what there is. Everything runs in .venv, which is made when first needed.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
BIN := .venv/bin
CODE := jiema accounts catalog orders bench
# Linters load the settings, and nothing of what these name.
OFFLINE := SECRET_KEY=unused DATABASE_URL=postgres://127.0.0.1:1/unused REDIS_URL=redis://127.0.0.1:1/0
UV_LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help run test torture lint format messages lock bench clean install-run install-dev install-bench programs

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

run: install-run ## start the whole shop on http://127.0.0.1:8000 (PORT, HOST, JIEMA_DATA: .env.example)
	@exec $(BIN)/python manage.py up

test: install-dev programs ## run every test on a PostgreSQL and a Valkey of their own (ARGS="-k wallet")
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

torture: install-dev ## the long forms of the tests, in one table (ARGS="chaos hammer")
	$(BIN)/python -m tests.torture $(ARGS)

lint: install-dev ## check style, types, imports, migrations and locks
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(OFFLINE) $(BIN)/python -m mypy $(CODE)
	$(BIN)/lint-imports
	$(OFFLINE) $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	$(BIN)/python -m jiema.embedded.locks

format: install-dev ## put the code into shape
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

messages: install-dev ## bring the files of translations up to date with the code, and compile them
	@$(OFFLINE) $(BIN)/python manage.py messages

lock: install-run ## pin the newest versions that pyproject.toml allows
	printf 'uv==0.13.9\n' | $(UV_LOCK) - -o requirements/uv.txt
	$(UV_LOCK) --upgrade pyproject.toml --group embedded -o requirements/run.txt
	$(UV_LOCK) --upgrade pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	$(UV_LOCK) --upgrade pyproject.toml --group bench -c requirements/dev.txt -o requirements/bench.txt

bench: install-bench ## measure against the yardsticks; figures go to bench/RESULTS.md
	$(BIN)/python -m bench

clean: ## remove .venv and caches; the shop's data in JIEMA_DATA stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache staticfiles
	find $(CODE) tests -name __pycache__ -type d -prune -exec rm -rf {} +

install-run install-dev install-bench: install-%:
	@command -v $(PYTHON) >/dev/null || { echo "jiema: needs Python 3.11 or newer: install it, or name it by PYTHON." >&2; exit 1; }
	@$(PYTHON) jiema/embedded/install.py $*

# What the browser tests and the samples of the docs run on, where it can be had; on CI they never go without.
programs:
	@lacking=; \
	for each in chromium:chromium curl:curl node:nodejs; do \
		command -v $${each%:*} >/dev/null || lacking="$$lacking $${each#*:}"; done; \
	php -r 'exit(extension_loaded("curl") ? 0 : 1);' 2>/dev/null || lacking="$$lacking php-cli php-curl"; \
	[ -n "$$lacking" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "jiema: installing$$lacking for the tests"; apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$lacking >/dev/null && exit; fi; \
	echo "jiema: the tests that need$$lacking do not run here."; [ "$$CI" != true ]
