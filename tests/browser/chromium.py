"""A headless browser that reaches one Space and nothing else, and a visit to its page."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from tests.browser import own_network

_NAMES = ("chromium", "google-chrome")
_LONGEST_MS = 60_000
_LOOPBACK = "127.0.0.1"


def find_chromium() -> str | None:
    """Return the path of a browser; one in a snap does not count, as it does not see the folders of tests."""
    found = (shutil.which(name) for name in _NAMES)
    return next((path for path in found if path and not path.startswith("/snap/")), None)


def why_no_browser() -> str | None:
    """Return why the tests of pages cannot be run here, None if they can."""
    if find_chromium() is None:
        return "needs chromium: `make test` installs it as root on Debian"
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "needs unshare and ip, to run a browser in a network of its own"
    tried = subprocess.run(own_network.in_own_network("true"), capture_output=True, text=True, check=False)
    return tried.stderr.strip() or None


_WHY_NOT = why_no_browser()
needs_chromium = pytest.mark.skipif(_WHY_NOT is not None, reason=str(_WHY_NOT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page, and what happened behind it."""

    page: Page
    outside: list[str] = field(default_factory=list)
    """What the page asked of other machines, by URL. None of it was let through."""
    errors: list[str] = field(default_factory=list)
    """What its scripts raised and nobody caught."""

    @property
    def outside_hosts(self) -> set[str]:
        """The machines of `outside`."""
        return {str(urlsplit(url).hostname) for url in self.outside}


def write_call(file: Path, line: str) -> Path:
    """Write a command of one line of shell."""
    file.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


@contextmanager
def chromium(port: int, directory: Path) -> Iterator[Browser]:
    """Start a browser that reaches `port` of loopback, with a profile of its own; `directory` is for the call of it."""
    words = [sys.executable, own_network.__file__, str(port), str(find_chromium())]
    call = write_call(directory / "browser", f'exec {shlex.join(words)} "$@"')
    with sync_playwright() as playwright:
        # Root, which we are inside, needs --no-sandbox; playwright gives it unless told otherwise.
        browser = playwright.chromium.launch(executable_path=call, args=["--no-proxy-server"], timeout=_LONGEST_MS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, url: str) -> Iterator[Visit]:
    """Open `url`, as a newcomer without cookies."""
    context = browser.new_context(
        viewport={"width": 1200, "height": 1400},
        permissions=["clipboard-read", "clipboard-write"],
        service_workers="block",  # what they ask for is not routed
    )
    context.set_default_timeout(_LONGEST_MS)
    found = Visit(page=context.new_page())
    _watch(context, found)
    try:
        found.page.goto(url)
        yield found
    finally:
        context.close()


def _watch(context: BrowserContext, found: Visit) -> None:
    def note(url: str) -> None:
        if not _is_inside(url):
            found.outside.append(url)

    def let_through(route: Route) -> None:
        if _is_inside(route.request.url):
            route.continue_()
        else:
            route.abort()

    context.on("request", lambda request: note(request.url))  # redirects, too, which are not routed
    context.on("weberror", lambda error: found.errors.append(str(error.error)))
    found.page.on("websocket", lambda socket: note(socket.url))
    context.route("**/*", let_through)


def _is_inside(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob"} or parts.hostname == _LOOPBACK
