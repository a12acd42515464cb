# All tasks of this project. `make run` is all that a newcomer needs.

SHELL := /bin/sh
export UV_PROJECT_ENVIRONMENT := .venv
# Cache bytecode even on machines whose environment disables it, such as most containers.
export PYTHONDONTWRITEBYTECODE :=
PYTHON := .venv/bin/python
PORT ?= 8000
TESTS ?= tests

.PHONY: help run dev test check format lock upgrade clean stop bench-page bench-pages bench-edge bench-votes bench-desk prove-votes prove-newsletter prove-restore prove-reload prove-cluster fuzz stress worker browser servers

help:
	@echo "make run         the site on http://127.0.0.1:$(PORT), as production runs it (PORT=... for another,"
	@echo "                 DEMO=false for an empty site on the first start)"
	@echo "make dev         the same with autoreload and DEBUG"
	@echo "make test        everything that CI runs: make check, then all tests (TESTS=tests/catalog for a part)"
	@echo "make check       linters, types, import layers, Django's own checks"
	@echo "make format      format Python and templates"
	@echo "make lock        update requirements/*.txt from pyproject.toml"
	@echo "make upgrade     the same, with the newest versions"
	@echo "make bench-page  how fast the comparison page is (needs wrk)"
	@echo "make bench-pages how much slower each page is with 10,000 tools and 1,000,000 votes"
	@echo "make bench-edge  how fast nginx serves kept pages, beside the same page as a file (needs nginx and wrk)"
	@echo "make bench-votes how many votes per second, on one hot tool and on 500 (needs wrk)"
	@echo "make bench-desk  how long a tool with 60 facts, 30 plans, and 7 seats takes to open and to save at the desk"
	@echo "make prove-votes cast 50,000 votes while everything breaks, 100 kills included: none lost, none counted twice"
	@echo "make fuzz        send 20,000 random requests as each group: no error (FUZZ=--requests=500 for fewer)"
	@echo "make worker      start another mail worker (make run starts one)"
	@echo "make prove-newsletter  send 100,000 emails with failures of every kind (PROOF=--calm measures speed)"
	@echo "make prove-restore  back up a site that is written to, restore it elsewhere, and compare"
	@echo "make prove-reload  20,000 requests while the server reloads: none fails"
	@echo "make prove-cluster  votes, edits, and mail while parts of a cluster of three databases fail (needs root)"
	@echo "make stress      everybody at once for a minute: no error, no deadlock, no reader who waits"
	@echo "make stop        stop the local PostgreSQL"
	@echo "make clean       stop it and delete the environment and all local data"

run: .venv/installed
	@$(PYTHON) -m config.local_site run --port $(PORT)

dev: .venv/installed
	@$(PYTHON) -m config.local_site dev --port $(PORT)

# The tests often wait, so the checks run beside them, one after another. If any of them fails, this fails in the end.
test: .venv/installed
	@$(PYTHON) -m config.local_postgres start
	@$(MAKE) --no-print-directory --keep-going -j 2 run-tests $(CHECKS)

run-tests: browser servers
	$(PYTHON) -m pytest -n 3 $(TESTS)

# The checks are independent and run in parallel. Output is grouped per check if make supports that.
CHECKS := check-types check-imports check-deploy check-migrations check-lint check-format check-templates check-dockerfile check-compose
OUTPUT_SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.PHONY: $(CHECKS) run-tests

check: .venv/installed
	@$(PYTHON) -m config.local_postgres start
	@$(MAKE) --no-print-directory -j 4 $(OUTPUT_SYNC) $(CHECKS)

# After a module has moved, mypy may report errors from its cache, so it must fail without the cache as well.
check-types:
	@DEBUG=true .venv/bin/mypy || { echo "Checking again without the cache."; rm -rf .mypy_cache; DEBUG=true .venv/bin/mypy; }

check-imports:
	DEBUG=true .venv/bin/lint-imports

check-lint:
	.venv/bin/ruff check .

check-format:
	.venv/bin/ruff format --check .

check-templates:
	.venv/bin/djade --check --target-version 6.0 $$(git ls-files 'templates/*.html')

check-dockerfile:
	.venv/bin/hadolint Dockerfile

check-compose:
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml

check-deploy:
	DEBUG=false SITE_URL=https://shipside.example TRUSTED_PROXY_COUNT=1 ALLOWED_HOSTS=shipside.example MAIL_URL=smtps://mail.shipside.example \
		SITE_OPERATOR="The operator" CONTACT_EMAIL=hello@shipside.example \
		SECRET_KEY=$$($(PYTHON) -c "import secrets; print(secrets.token_urlsafe(50))") \
		$(PYTHON) manage.py check --deploy --fail-level WARNING

check-migrations:
	DEBUG=true $(PYTHON) manage.py makemigrations --check --dry-run

format: .venv/installed
	.venv/bin/ruff check --fix-only .
	.venv/bin/ruff format .
	-.venv/bin/djade --target-version 6.0 $$(git ls-files 'templates/*.html')

bench-page: .venv/installed
	@$(PYTHON) -m bench.page

bench-pages: .venv/installed
	@$(PYTHON) -m bench.pages --check

bench-edge: .venv/installed
	@$(PYTHON) -m bench.edge --check

bench-votes: .venv/installed
	@$(PYTHON) -m bench.votes

bench-desk: .venv/installed
	@$(PYTHON) -m bench.desk

prove-votes: .venv/installed
	@$(PYTHON) -m bench.proof

prove-newsletter: .venv/installed
	@$(PYTHON) -m bench.newsletter $(PROOF)

prove-restore: .venv/installed
	@$(PYTHON) -m bench.restore $(PROOF)

prove-reload: .venv/installed
	@$(PYTHON) -m bench.reload $(PROOF)

prove-cluster: .venv/installed .tools/cluster/installed
	@$(PYTHON) -m bench.cluster $(PROOF)

fuzz: .venv/installed
	@$(PYTHON) -m bench.fuzz $(FUZZ)

stress: .venv/installed
	@$(PYTHON) -m bench.stress

worker: .venv/installed
	@$(PYTHON) manage.py worker

browser: .venv/installed
	@bin/ensure-browser

servers:
	@bin/ensure-servers

# The environment is synchronized, in seconds, whenever the lock file changes.
.venv/installed: requirements/development.txt .python-version bin/uv
	@bin/uv venv --quiet --allow-existing .venv
	@bin/uv pip sync --quiet --require-hashes requirements/development.txt
	@touch $@

# Patroni, for the proof of the cluster.
.tools/cluster/installed: requirements/cluster.txt .python-version bin/uv
	@bin/uv venv --quiet --allow-existing .tools/cluster
	@bin/uv pip sync --quiet --require-hashes --python .tools/cluster requirements/cluster.txt
	@touch $@

# Locked versions stay as long as pyproject.toml allows them; `make upgrade` updates them.
lock:
	bin/uv pip compile --quiet --universal --generate-hashes $(UPGRADE) pyproject.toml -o requirements/production.txt
	bin/uv pip compile --quiet --universal --generate-hashes $(UPGRADE) pyproject.toml --group sentry -c requirements/production.txt -o requirements/sentry.txt
	bin/uv pip compile --quiet --universal --generate-hashes $(UPGRADE) --group cluster -o requirements/cluster.txt
	bin/uv pip compile --quiet --universal --generate-hashes $(UPGRADE) pyproject.toml --group development -o requirements/development.txt
	bin/uv pip compile --quiet --universal --generate-hashes $(UPGRADE) requirements/uv.in -o requirements/uv.txt

upgrade:
	@$(MAKE) lock UPGRADE=--upgrade

stop:
	@test ! -x $(PYTHON) || $(PYTHON) -m config.local_postgres stop

clean: stop
	rm -rf .venv .tools .data .env .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
