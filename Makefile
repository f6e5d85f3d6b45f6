# Four commands. Each makes .venv when it is missing and installs again when the requirements have changed.
#
#   make chat     talk to a persona         make chat ARGS="--profile calm-captain --plain"
#   make test     run the tests             make test ARGS="-k session"
#   make lint     style and types
#   make bench    measure speed
#
# PYTHON names the interpreter that makes .venv (3.11 or newer); PIP_ARGS is passed to pip install.

PYTHON ?= python3
PIP_ARGS ?=
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := pyproject.toml constraints.txt

.PHONY: chat test lint bench
.DELETE_ON_ERROR:

chat: $(VENV)/chat.stamp
	@$(BIN)/chatbot chat $(ARGS)

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

bench: $(VENV)/chat.stamp
	@$(BIN)/chatbot bench $(ARGS)

# What the chat needs, and no more.
$(VENV)/chat.stamp: $(REQUIREMENTS) | $(VENV)/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e .
	@touch $@

# Everything; it holds what the chat needs too.
$(VENV)/dev.stamp: $(REQUIREMENTS) | $(VENV)/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e '.[train,eval,dev]'
	@touch $(VENV)/chat.stamp $@

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "chatbot needs Python 3.11 or newer, and '$(PYTHON)' is not one that runs." >&2; \
	  echo "Install one and name it: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
