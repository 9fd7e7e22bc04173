# Everything a person or a CI does here is one of these words. `make run` and `make test` set up what they need.

# The first Python on the path that is new enough, and for serving the fastest; PYTHON=... chooses another for both.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
DEV := .venv-dev/bin
PACKAGED := pyproject.toml constraints/build.txt tools/venv.sh README.md

.DEFAULT_GOAL := help
.PHONY: help install dev vertex postgres redis run test agents fuzz deploy sbom audit check format bench record docs lock \
	hooks clean

help: ## these lines
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST)

install: .venv/.installed ## .venv: the product, and nothing else
	@.venv/bin/python -m compileall -q antiphon

dev: .venv-dev/.installed ## .venv-dev: the product and the tools that check it
	@$(DEV)/python -m compileall -q antiphon

vertex: install ## into .venv: what signs with the key file of a Google service account
	@PYTHON="$(PYTHON)" tools/venv.sh .venv constraints/runtime.txt constraints/vertex.txt

postgres: install ## into .venv: what speaks to PostgreSQL
	@PYTHON="$(PYTHON)" tools/venv.sh .venv constraints/runtime.txt constraints/postgres.txt

redis: install ## into .venv: what speaks to Redis and Valkey
	@PYTHON="$(PYTHON)" tools/venv.sh .venv constraints/runtime.txt constraints/redis.txt

.venv/.installed: constraints/runtime.txt tools/fastest_python.sh $(PACKAGED)
	@PYTHON="$(if $(filter file,$(origin PYTHON)),$$(tools/fastest_python.sh),$(PYTHON))" tools/venv.sh .venv constraints/runtime.txt
	@touch $@

.venv-dev/.installed: constraints/dev.txt $(PACKAGED)
	@PYTHON="$(PYTHON)" tools/venv.sh .venv-dev constraints/dev.txt
	@touch $@

# Made again only when the pins change; nothing at all on a machine without npm.
.node-dev/.installed: tests/js/package.json tools/node.sh
	@tools/node.sh .node-dev $<

run: install ## the gateway, on http://127.0.0.1:8080 (ARGS="--port 9000" to say more)
	@.venv/bin/antiphon serve $(ARGS)

# Tests start gateways by the dozen: none of them, nor any worker, should compile everything again.
# In the order of their folders: files of many quick tests come last, and even out what the workers have left to do.
test: export PYTHONDONTWRITEBYTECODE =
test: install dev .node-dev/.installed ## every test
	@$(DEV)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# Not with every test: the two agents are three quarters of a gigabyte.
.agents-dev/.installed: tests/agents/package.json tools/node.sh
	@tools/node.sh .agents-dev $<

agents: dev .agents-dev/.installed ## the real Codex and Claude Code over four kinds of upstream
	@$(DEV)/pytest tests/e2e/test_agents.py $(ARGS)

.deploy-dev/.installed: constraints/deploy.txt constraints/build.txt tools/venv.sh tools/helm.sh
	@PROJECT=none PYTHON="$(PYTHON)" tools/venv.sh .deploy-dev constraints/deploy.txt
	@tools/helm.sh .deploy-dev
	@touch $@

# What no machine without containers and clusters can run: rendered and linted by the tools that would run it.
deploy: export DEPLOY_TOOLS := $(CURDIR)/.deploy-dev/bin:$(PATH)
deploy: dev .deploy-dev/.installed ## lints and renders the image, the compose file, the chart, the units
	@$(DEV)/pytest tests/deploy $(ARGS)

sbom: dev ## the bill of materials of what is shipped, in CycloneDX: dist/antiphon-*.cdx.json
	@$(DEV)/python -m tools.sbom $(ARGS)

audit: dev .deploy-dev/.installed ## known weaknesses and licences of what is shipped (ARGS=--strict: all must be known)
	@$(DEV)/python -m tools.audit .deploy-dev/bin/pip-audit $(ARGS)

# Its tools are added to .venv-dev when they are first wanted: what else is done there needs none of them.
.venv-dev/.fuzzing: constraints/fuzz.txt .venv-dev/.installed
	@PYTHON="$(PYTHON)" tools/venv.sh .venv-dev constraints/dev.txt constraints/fuzz.txt
	@touch $@

fuzz: dev .venv-dev/.fuzzing ## the document, 100,000 requests, every decoder (PART=document|requests|decoders, ARGS="...")
	@tools/fuzz.sh "$(DEV)/python" "$(or $(PART),all)" $(ARGS)

check: dev ## what must hold before a commit: format, lint, types, layers, spelling, fast tests
	@$(DEV)/ruff format --check --quiet
	@$(DEV)/ruff check --quiet
	@$(DEV)/pyright
	@$(DEV)/lint-imports --no-cache --no-logo
	@$(DEV)/codespell
	@$(DEV)/pytest --quiet tests/unit tests/shape

format: dev ## rewrites what `check` would complain of and a tool can mend
	@$(DEV)/ruff format --quiet
	@$(DEV)/ruff check --fix --quiet

bench: install ## speed, size and memory against the numbers in benchmarks/RESULTS.md
	@.venv/bin/python benchmarks/run.py $(ARGS)

record: dev ## an exchange with a provider, as tests read it: make record PROVIDER=groq CASE=two-tools
	@$(DEV)/python -m tools.record "$(PROVIDER)" "$(CASE)"

docs: dev ## the pages that are generated from the code
	@$(DEV)/python -m tools.generate_docs
	@$(DEV)/python -m tools.generate_compatibility
	@$(DEV)/python -m tools.chart_page

lock: ## newer versions for constraints/ (ARGS="--upgrade-package NAME" for one)
	@PYTHON="$(PYTHON)" tools/lock.sh $(or $(ARGS),--upgrade)

hooks: dev ## `make check` before every commit
	@$(DEV)/pre-commit install

clean: ## everything that the other words made
	@rm -rf .venv .venv-dev .node-dev .agents-dev .deploy-dev dist .pytest_cache .ruff_cache .hypothesis
	@find antiphon tests tools benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
