"""The browser that some tests look through."""

import os
from pathlib import Path

import pytest

from tests.project.browser import FLAGS, find_chromium


def missing(what):
    """Skip, and say why; where the browser was asked for, fail."""
    reason = f"needs {what}: see `make browser`"
    if os.environ.get("COURSE_NEEDS_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        missing("the package playwright")
    with sync_playwright() as playwright:
        chromium = find_chromium()
        if chromium is None and not Path(playwright.chromium.executable_path).is_file():
            missing("Chromium")
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield browser
        browser.close()
