# Five commands. Each makes .venv when it is missing and installs again when the requirements have changed.
#
#   make chat     talk to a persona         make chat ARGS="--profile calm-captain --plain"
#   make test     run the tests             make test ARGS="-k session"
#   make lint     style and types
#   make bench    measure speed
#   make eval     measure the model, write build/eval/report.html, compare with the model's own figures
#
# PYTHON names the interpreter that makes .venv (3.11 or newer); PIP_ARGS is passed to pip install.

PYTHON ?= python3
PIP_ARGS ?=
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := pyproject.toml constraints.txt

.PHONY: chat test lint bench eval
.DELETE_ON_ERROR:
.NOTPARALLEL:

# Without pip, as after an update of the system, its packages are installed again; without a Python it is made again.
$(shell $(BIN)/python -c 'import pip' 2>/dev/null || rm -f $(VENV)/*.stamp)
$(shell $(BIN)/python -c '' 2>/dev/null || rm -f $(VENV)/pyvenv.cfg $(BIN)/python*)
INSTALL = $(BIN)/python -c 'import pip' 2>/dev/null || $(BIN)/python -m ensurepip && \
  $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt

chat: $(VENV)/chat.stamp
	@$(BIN)/python -m chatbot chat $(ARGS)

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m pyright

bench: $(VENV)/chat.stamp
	@$(BIN)/python -m chatbot bench $(ARGS)

# Some 25 minutes on two cores, an hour with ARGS="--seeds 3" as sealed; exit 1 where a headline figure differs.
eval: $(VENV)/eval.stamp
	@mkdir -p build/eval
	@$(BIN)/python -m chatbot eval --contexts 40 --distinct 1000 --report build/eval --output build/eval/eval.json --compare $(ARGS)

# What the chat needs, and no more.
$(VENV)/chat.stamp: $(REQUIREMENTS) | $(VENV)/pyvenv.cfg
	$(INSTALL) -e .
	@touch $@

# What judges and plots need on top.
$(VENV)/eval.stamp: $(REQUIREMENTS) | $(VENV)/pyvenv.cfg
	$(INSTALL) -e '.[eval,report]'
	@touch $(VENV)/chat.stamp $@

# Everything; it holds what the chat needs too.
$(VENV)/dev.stamp: $(REQUIREMENTS) | $(VENV)/pyvenv.cfg
	$(INSTALL) -e '.[train,eval,report,dev]'
	@touch $(VENV)/chat.stamp $(VENV)/eval.stamp $@

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "chatbot needs Python 3.11 or newer, and '$(PYTHON)' is not one that runs." >&2; \
	  echo "Install one and name it: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
