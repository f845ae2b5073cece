"""What the browser test needs: a JupyterLab of its own, and a page that runs a lesson."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tools.execution import ROOT, kernel_environment

try:
    from playwright.sync_api import TimeoutError
except ModuleNotFoundError:  # the test is skipped, and says so
    TimeoutError = RuntimeError

TOKEN = "browser-test"
PATIENCE = 300  # seconds, for what takes ten on an idle machine
ANSWER = 60  # seconds, for the answer of a slider, which takes a tenth
CHANGED = """([view, before]) => {
    const picture = view.querySelector('img');
    return picture && picture.src !== before;
}"""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS = {
    # Every cell is on the page, also those out of sight.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}
RUN_ALL = """async seconds => {
    const app = window.jupyterapp;
    await app.restored;
    const context = app.shell.currentWidget.context;
    await context.ready;
    await context.sessionContext.ready;
    await Promise.race([
        app.commands.execute('notebook:run-all-cells'),
        new Promise((_, fail) => setTimeout(() => fail('the lesson did not end'), 1000 * seconds)),
    ]);
}"""
ERRORS = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.context.model.toJSON();
    const outputs = notebook.cells.flatMap(cell => cell.outputs ?? []);
    return outputs.filter(o => o.output_type === 'error').map(o => `${o.ename}: ${o.evalue}`);
}"""
# What the course writes; the rest of the page is JupyterLab's.
WRITTEN = ".jp-RenderedHTMLCommon, .jp-OutputArea-output"
PROMPTS = "cells => cells.map(cell => cell.textContent.trim())"


def find_chromium() -> str | None:
    """The browser of this machine: $CHROMIUM, or the first that is on the PATH."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@contextmanager
def jupyter_lab(folder: Path, work: Path) -> Iterator[str]:
    """JupyterLab on `folder`, with nobody's settings and on a free port; its address.

    What it logs is in `work`/lab.log.
    """
    settings = work / "settings"
    settings.mkdir(parents=True)
    (settings / "overrides.json").write_text(json.dumps(SETTINGS))
    config = work / "config" / "labconfig"
    config.mkdir(parents=True)
    silent = {"@jupyterlab/apputils-extension:announcements": True}
    (config / "page_config.json").write_text(json.dumps({"disabledExtensions": silent}))
    environment = kernel_environment(photographs=False, threads=1) | {
        "JUPYTER_CONFIG_DIR": str(work / "config"),
        "JUPYTER_DATA_DIR": str(work / "data"),
        "JUPYTER_RUNTIME_DIR": str(work / "runtime"),
        "JUPYTERLAB_WORKSPACES_DIR": str(work / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(work / "user-settings"),
        "PYTHONPATH": str(ROOT),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
        *("--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"),
        *(f"--IdentityProvider.token={TOKEN}", f"--LabApp.app_settings_dir={settings}"),
        *("--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True"),
    ]
    with open(work / "lab.log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, server, work / "lab.log")
        yield address
    finally:
        server.send_signal(signal.SIGTERM)  # it stops its kernels, and waits for them
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api/status?token={TOKEN}", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def findings(page, within: str | None = None) -> list[tuple[str, list]]:
    """What axe-core calls serious or critical: the rule, and where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=within, options={"preload": False}).response["violations"]
    return [
        (one["id"], [node["target"] for node in one["nodes"]][:5])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


class Lesson:
    """A notebook open in a browser: what can be seen and done there."""

    def __init__(self, browser, address: str, name: str) -> None:
        self.complaints: list[str] = []  # what the console calls an error
        self.outside: list[str] = []  # addresses on other machines, none of which was reached
        self._host = urlsplit(address).netloc
        self.context = browser.new_context(viewport={"width": 1280, "height": 1000})
        self.context.set_default_timeout(1000 * PATIENCE)
        self.context.route(lambda url: not self._is_here(url), self._refuse)
        self.page = page = self.context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._note(request.url))
        page.on("websocket", lambda socket: self._note(socket.url))
        page.goto(f"{address}/doc/tree/{name}?token={TOKEN}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell")

    def _is_here(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("data", "blob", "about") or parts.netloc == self._host

    def _refuse(self, route) -> None:
        self._note(route.request.url)
        route.abort()

    def _note(self, url: str) -> None:
        if not self._is_here(url) and url not in self.outside:
            self.outside.append(url)

    def _hear(self, message) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def run(self) -> None:
        """Run all cells; returns when the last has ended and its output is there."""
        self.page.evaluate(RUN_ALL, PATIENCE)

    def prompts(self) -> list[str]:
        """The execution counts of all code cells, as [1]: and so on."""
        return self.page.locator(".jp-CodeCell .jp-InputArea-prompt").evaluate_all(PROMPTS)

    def errors(self) -> list[str]:
        """The errors among the outputs of all cells."""
        return self.page.evaluate(ERRORS)

    def findings(self) -> list[tuple[str, list]]:
        """What axe-core objects to in texts and outputs."""
        return findings(self.page, WRITTEN)

    def sliders(self) -> list["Slider"]:
        """All sliders of the page; a view's picture may be slow to come."""
        self.page.wait_for_selector(".widget-slider .noUi-handle")
        return [Slider(self.page, one) for one in self.page.locator(".widget-slider").all()]


class PictureStays(AssertionError):
    """A slider was moved, and nothing came of it."""


class Slider:
    """One slider, and the picture of the view that it belongs to."""

    def __init__(self, page, locator) -> None:
        self._page, self._locator = page, locator
        self._handle = locator.locator(".noUi-handle")
        self._view = locator.locator("xpath=ancestor::*[contains(@class, 'widget-vbox')][1]")
        self.label = locator.locator(".widget-label").inner_text()

    def value(self) -> str:
        """Where it stands, as it says itself."""
        return self._locator.locator(".widget-readout").inner_text()

    def picture(self) -> str:
        """The bytes of the view's picture, as text. Each answer brings a new element."""
        return self._view.locator("img").first.get_attribute("src")

    def announces(self) -> bool:
        """Whether a screen reader says the caption of a new picture."""
        return self._view.locator("[aria-live=polite] img").count() == 1

    def move(self) -> None:
        """Step by keyboard until the picture changes, turning round at the ends.

        One step need not change it: a little more overlap, say, and the same boxes stay.
        """
        before, view = self.picture(), self._view.element_handle()
        key, deadline = "ArrowRight", time.monotonic() + ANSWER
        while True:
            now, least, most = map(self._number, ("now", "min", "max"))
            key = "ArrowLeft" if now >= most else "ArrowRight" if now <= least else key
            self._handle.focus()
            self._page.keyboard.press(key)
            try:
                self._page.wait_for_function(CHANGED, arg=[view, before], timeout=1000)
                return
            except TimeoutError as error:
                if time.monotonic() > deadline:
                    raise PictureStays(f"the slider {self.label} moves nothing") from error

    def _number(self, what: str) -> float:
        return float(self._handle.get_attribute(f"aria-value{what}"))
