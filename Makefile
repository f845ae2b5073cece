# Two commands do everything on a fresh machine: `make run` and `make test`. `make help` lists all.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --constraint constraints.txt --progress-bar off
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# nbgrader and jupyter look for their own commands on the PATH.
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: help run lab test browser bench data notebooks assignments grade format clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

# The stamps keep what is installed: a second `make` installs nothing unless the versions changed.
$(VENV)/.course: pyproject.toml constraints.txt
	@echo "Installing the course into $(VENV) (1.5 GB or more, a few minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) "torch==$$(sed -n 's/^torch==//p' constraints.txt)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.course
	@echo "Installing the tools for classes and tests ..."
	@$(PIP) --editable '.[class,test]'
	@touch $@

$(VENV)/.browser: $(VENV)/.test
	@echo "Installing what drives a browser ..."
	@$(PIP) --editable '.[browser]'
	@touch $@

run: $(VENV)/.course  ## execute the whole course and print what it measured
	@$(BIN)/python -m tools.run_course

lab: $(VENV)/$(if $(ASSIGNMENT),.test,.course)  ## open the course in JupyterLab (ASSIGNMENT=1: to be solved, in my-course)
	@$(BIN)/python -m tools.lab $(if $(ASSIGNMENT),--assignment)

test: $(VENV)/.test  ## format, tests, and every notebook compared with its saved outputs
	@$(BIN)/python -m tools.run_tests

browser: $(VENV)/.browser  ## lessons in a real JupyterLab, in headless Chromium
	@echo "Needs Chromium. Debian: sudo apt-get install chromium. Elsewhere: $(BIN)/playwright install chromium"
	@COURSE_NEEDS_BROWSER=1 $(BIN)/python -m pytest tests/project/test_browser.py

bench: $(VENV)/.course  ## speed, as ratios against named references
	@$(BIN)/python -m helpers bench

data: $(VENV)/.course  ## fetch the UIUC photographs
	@$(BIN)/python -m helpers data

notebooks: $(VENV)/.test  ## execute the notebooks in place, ready to be committed
	@$(BIN)/python -m tools.run_course --in-place

assignments: $(VENV)/.test  ## write the student release to build/assignments
	@$(BIN)/python -m tools.assignments release

# As they were given, whatever dollars and quotes they hold: neither make nor the shell reads them.
export SUBMISSIONS_GIVEN := $(value SUBMISSIONS)
export WORDS_GIVEN := $(value WORDS)
export DASK_GIVEN := $(value DASK)
export JOBS_GIVEN := $(value JOBS)
grade: $(VENV)/.test  ## grade SUBMISSIONS=folder/STUDENT/NOTEBOOK.ipynb (WORDS=words.csv: your marks for answers in words; FRESH=1: all again)
	@$(BIN)/python -m tools.assignments grade "$$SUBMISSIONS_GIVEN" $(if $(value WORDS),--words "$$WORDS_GIVEN") $(if $(filter no,$(BOX)),--no-box) $(if $(FULL),--full) $(if $(FRESH),--fresh) $(if $(JOBS),--jobs "$$JOBS_GIVEN") $(if $(value DASK),--dask "$$DASK_GIVEN")

format: $(VENV)/.test  ## format code and notebooks
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

clean:  ## remove what was built; the environment and data stay
	@rm -rf build
