# Two commands do everything on a fresh machine: `make run` and `make test`. `make help` lists all.
# Without make: python -m tools.course run, and so on, which does all the work here, too.
PYTHON ?= python3
export VENV ?= .venv
export TORCH
COURSE := $(PYTHON) -m tools.course

.PHONY: help run lab test browser bench data notebooks assignments handout grade rehearse format clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

run:  ## execute the whole course and print what it measured
	@$(COURSE) run

lab:  ## open your copies of the lessons in JupyterLab (SOLVED=1: the complete ones)
	@$(COURSE) lab $(if $(SOLVED),--solved)

test:  ## format, tests, and every notebook compared with its saved outputs
	@$(COURSE) test

browser:  ## lessons in a real JupyterLab, and the site, in headless Chromium
	@echo "Needs Chromium. Debian: sudo apt-get install chromium. Elsewhere: playwright install chromium"
	@COURSE_NEEDS_BROWSER=1 $(COURSE) browser

bench:  ## speed, as ratios against named references
	@$(COURSE) bench

data:  ## fetch the UIUC photographs
	@$(COURSE) data

notebooks:  ## execute the notebooks in place, ready to be committed
	@$(COURSE) notebooks

assignments:  ## write the student release to build/assignments
	@$(COURSE) assignments

handout:  ## write what students get to build/handout: no solutions, no tests, no history
	@$(COURSE) handout

# As they were given, whatever dollars and quotes they hold: neither make nor the shell reads them.
export SUBMISSIONS_GIVEN := $(value SUBMISSIONS)
export WORDS_GIVEN := $(value WORDS)
export DASK_GIVEN := $(value DASK)
export JOBS_GIVEN := $(value JOBS)
grade:  ## grade SUBMISSIONS=folder/STUDENT/NOTEBOOK.ipynb (WORDS=words.csv: your marks for answers in words; FRESH=1: all again)
	@$(COURSE) grade "$$SUBMISSIONS_GIVEN" $(if $(value WORDS),--words "$$WORDS_GIVEN") $(if $(filter no,$(BOX)),--no-box) $(if $(FULL),--full) $(if $(FRESH),--fresh) $(if $(JOBS),--jobs "$$JOBS_GIVEN") $(if $(value DASK),--dask "$$DASK_GIVEN")

export CLASS_GIVEN := $(value CLASS)
rehearse:  ## grade a made-up class (CLASS=30), right, wrong, odd and hostile, and compare with what was planned
	@$(COURSE) rehearse $(if $(value CLASS),--size "$$CLASS_GIVEN") $(if $(filter no,$(BOX)),--no-box)

format:  ## format code and notebooks
	@$(COURSE) format && $(COURSE) python -m ruff check --fix .

# Not the grades: a teacher's marks lie in them.
clean:  ## remove what was built; the environment, data and grades stay
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name "grades*" -exec rm -rf {} +
