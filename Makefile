# `make demo` and `make test` set up whatever they need; the other targets are their parts.

PYTHON ?= python3
PORT ?= 7860
PY := .venv/bin/python
# The pydantic that Pyodide's own distribution carries: the oldest that rtvi_web runs on.
OLDEST_PYDANTIC := 2.12.5

.PHONY: help setup tools format bot rtvi-0.3-bot notebooks browser-binary demo dev test check types unit unit-newest unit-oldest unit-bounds fuzz soak browser e2e bench site wheels clean

help: ## say what can be made
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 12

setup: tools bot rtvi-0.3-bot notebooks browser-binary ## install everything that demo and test need

tools: # the project's own virtual environment
	@$(PYTHON) build/environment.py .venv requirements-dev.txt

bot: # the local bot's virtual environment
	@$(PYTHON) build/environment.py .venv-bot examples/local_bot/requirements.txt

rtvi-0.3-bot: # the virtual environment of the RTVI 0.3 bot that tests use
	@$(PYTHON) build/environment.py .venv-rtvi-0.3 tests/servers/rtvi_0_3_bot/requirements.txt

notebooks: # the virtual environment of the notebooks that tests use
	@$(PYTHON) build/environment.py .venv-notebook tests/servers/notebooks/requirements.txt

browser-binary: tools # a Chrome or Chromium for the tests
	@$(PY) build/browser.py > /dev/null

demo: site bot ## run a real bot and the page; prints the address to open (PORT=7860)
	@exec $(PY) build/demo.py --port $(PORT)

dev: site bot ## the same on the sources: a saved page or module shows in open pages (PORT=7860)
	@exec $(PY) build/dev.py --port $(PORT)

SNAPSHOT ?= 1
site: tools ## build dist/, the self-contained site (SNAPSHOT=0: its pages boot without a memory snapshot)
	@SNAPSHOT=$(SNAPSHOT) $(PY) build/site.py

wheels: site ## both wheels in dist/wheels/: rtvi_web, and rtvi_web_console with the site in it
	@$(PY) build/console_wheel.py

test: check unit fuzz browser e2e ## run the whole suite

check: tools types ## format, lint, layers, types, and the snippets that must and must not check
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	.venv/bin/lint-imports
	cd console && ../.venv/bin/lint-imports
	$(PY) -m pyright
	$(PY) -m pytest -q tests/unit/test_typing.py

types: tools bot rtvi-0.3-bot # each folder with the packages that it runs with
	$(PY) -m mypy
	$(PY) -m mypy tests/unit
	$(PY) -m mypy --config-file tests/browser/mypy.ini tests/browser
	$(PY) -m mypy --python-executable .venv-bot/bin/python examples/local_bot examples/realtime_relay
	$(PY) -m mypy --python-executable .venv-bot/bin/python tests/servers/realtime tests/servers/echo_bot
	$(PY) -m mypy --python-executable .venv-rtvi-0.3/bin/python examples/connect_endpoint tests/servers/rtvi_0_3_bot

format: tools ## format the code and fix what can be fixed by itself
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

# What the tests on CPython must reach in every branch. What runs in a browser only is tested there (pyproject.toml).
PURE := rtvi_web/rtvi/protocol/*,rtvi_web/core/emitter.py,rtvi_web/core/event_members.py,rtvi_web/core/event_queue.py,rtvi_web/rtvi/members/config.py,rtvi_web/rtvi/session/functions.py,rtvi_web/rtvi/session/helpers.py,rtvi_web/rtvi/members/llm_helper.py

# They count blocks of memory and steps, which depends on no pydantic and takes twice as long while coverage is measured.
BOUNDS := tests/unit/rtvi/test_bounds.py tests/unit/realtime/test_realtime_bounds.py tests/unit/test_patterns.py

unit: tools .cache/pydantic-$(OLDEST_PYDANTIC) ## tests on CPython, with the newest and the oldest pydantic
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target unit-newest unit-oldest unit-bounds

unit-newest:
	$(PY) -m pytest tests/unit $(BOUNDS:%=--ignore=%) --cov --cov-report= $(PYTEST_OPTIONS)
	$(PY) -m coverage report --skip-covered --show-missing --include='$(PURE)' --fail-under=100
	$(PY) -m coverage report --skip-covered --show-missing --omit='$(PURE)' --fail-under=95

unit-oldest:
	PYTHONPATH=.cache/pydantic-$(OLDEST_PYDANTIC) $(PY) -m pytest tests/unit $(BOUNDS:%=--ignore=%) -q -m "not build" -p no:cacheprovider

unit-bounds:
	$(PY) -m pytest $(BOUNDS) -q -p no:cacheprovider

EPISODES ?= 300
fuzz: tools ## random episodes of both clients on a virtual clock (EPISODES=300)
	$(PY) tests/fuzz/run.py --episodes $(EPISODES)

.cache/pydantic-$(OLDEST_PYDANTIC): | tools
	@$(PY) -m pip install --quiet --disable-pip-version-check --target $@ pydantic==$(OLDEST_PYDANTIC)

browser: tools browser-binary ## tests of the built wheel in Chromium
	@$(PY) build/site.py --tests
	$(PY) -m pytest tests/browser -n 2 --dist loadfile --rt chrome --runner playwright --dist-dir .cache/test-dist $(PYTEST_OPTIONS)

e2e: wheels bot rtvi-0.3-bot notebooks browser-binary ## tests of the pages in Chromium against real bots
	$(PY) -m pytest tests/e2e -m "not alone" -n 3 --dist loadfile $(PYTEST_OPTIONS)  # they mostly wait for speech
	$(PY) -m pytest tests/e2e -m alone $(PYTEST_OPTIONS)

BASE ?=
bench: site bot browser-binary ## measure, and hold all figures to their goals (BASE=FILE: beside those of an earlier run)
	@$(PY) benchmarks/everything.py $(if $(BASE),--base $(BASE))

CYCLES ?= 1000
MINUTES ?= 30
soak: site bot browser-binary ## hours of use in Chromium, and what is open and in memory at the end (CYCLES=1000 MINUTES=30)
	$(PY) benchmarks/soak.py --cycles $(CYCLES) --minutes $(MINUTES)

clean: ## remove what was built; downloads and environments stay
	rm -rf dist .cache/test-dist
