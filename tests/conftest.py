"""Keeps each test to itself: a private home, a clean environment, no sockets and no engine unless its marker says so.

After the last test it fails the session if containers of it are left on the engine.
"""

import gc
import ipaddress
import os
import re
import signal
import socket
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.context import ContextAPI
from docker.errors import DockerException
from requests.exceptions import RequestException

from hf_spaces_runner.orchestrator.ownership import is_alive, own_name

OUTER_ENVIRONMENT: Mapping[str, str] = dict(os.environ)
"""The environment of the person who started pytest: for pip and the like, which need their configuration."""

LABELS = ("hf-spaces-runner.run", "hf-spaces-runner.test")
"""Every container that a test starts, through the runner or by itself, carries one of these."""

_LEFTOVER_WAIT_S = 5.0

_HOST_VARIABLES = re.compile(
    r"(HFSR|HF|HUGGINGFACE|HUGGING_FACE|GRADIO|SPACES?|XDG)_.*|.*_TOKEN|(http|https|ftp|all|no)_proxy|SYSTEM"
    r"|DOCKER_CONTEXT|DOCKER_CONFIG|NO_COLOR|FORCE_COLOR|CLICOLOR.*|COLUMNS|LINES",
    re.IGNORECASE,
)


def _engine_named_by_context() -> str | None:
    """Return the engine of the current docker context, which a private DOCKER_CONFIG would hide."""
    context: Any = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT"))  # None where there is no such context
    return str(context.Host) if context is not None and context.Name != "default" else None


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home of its own and an environment without the host's; `tmp_path` stays empty for the test."""
    engine_host = None if os.environ.get("DOCKER_HOST") else _engine_named_by_context()
    for name in os.environ:
        if _HOST_VARIABLES.fullmatch(name):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    folders = {
        "HFSR_HOME": home / "hfsr",
        "DOCKER_CONFIG": home / "docker",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
        "XDG_RUNTIME_DIR": home / "run",
    }
    for name, folder in folders.items():
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # a test of the Hub names a server of its own, and takes this back
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")  # its reaper is an image of an image registry
    if engine_host:
        monkeypatch.setenv("DOCKER_HOST", engine_host)
    return home


@pytest.fixture(scope="session")
def outer_environment() -> Mapping[str, str]:
    """Return the environment of the person who started pytest."""
    return OUTER_ENVIRONMENT


class BlockedSocketError(RuntimeError):
    """A test used a socket that its markers do not allow. Not an OSError: no code takes it for a network fault."""


class _Guard:
    """Wraps `connect` and `bind` of all sockets; what is allowed depends on the markers of the test that runs."""

    def __init__(self) -> None:
        self.markers: frozenset[str] | None = None
        self._originals = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "bind")}

    def install(self) -> None:
        for name, original in self._originals.items():
            setattr(socket.socket, name, self._checked(name, original))

    def remove(self) -> None:
        for name, original in self._originals.items():
            setattr(socket.socket, name, original)

    def _checked(self, name: str, original: Any) -> Any:
        def method(sock: socket.socket, address: Any) -> Any:
            try:
                self.check(name, sock.family, address)
            except BlockedSocketError:
                sock.close()  # libraries close it on an OSError only, and an open socket is a warning
                raise
            return original(sock, address)

        return method

    def check(self, action: str, family: int, address: Any) -> None:
        """Raise unless the running test may use `address`; between tests everything is allowed."""
        if self.markers is None or "engine" in self.markers:
            return
        if family in {socket.AF_INET, socket.AF_INET6}:
            if "network" not in self.markers:
                raise BlockedSocketError(f"{action} to {address!r}: mark this test `network` or `engine`")
            if not _is_of_this_machine(str(address[0])):
                raise BlockedSocketError(f"{action} to {address!r}: the marker `network` allows loopback only")
        elif family == socket.AF_UNIX and Path(os.fsdecode(address)).name == _engine_socket_name():
            raise BlockedSocketError(f"{action} to {address!r}, the engine: mark this test `engine`")


def _is_of_this_machine(host: str) -> bool:
    if host in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _engine_socket_name() -> str:
    host = os.environ.get("DOCKER_HOST", "")
    return Path(host).name if host.startswith("unix:") else "docker.sock"


def _belongs_to_another_process(labels: Mapping[str, str]) -> bool:
    """Whether the owner is alive and not this session; what a dead process left may well be ours."""
    owner = labels.get("hf-spaces-runner.owner", "")
    return owner != "" and owner != own_name() and is_alive(owner)


class _EngineWatch:
    """Knows whether an engine answers, and which containers with our labels were there before the first test."""

    def __init__(self) -> None:
        self.client: docker.DockerClient | None = None
        self.why_not = ""
        self.told = False
        self._before: frozenset[str] = frozenset()

    def start(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # the SDK leaves the socket open that found no engine
            try:
                self.client = docker.from_env(timeout=30)
                self._before = frozenset(self._containers())
            except (DockerException, RequestException) as error:
                self.client = None
                self.why_not = str(error)
            gc.collect()

    def require(self) -> None:
        """Fail the test when no engine answers; the first one says what to do."""
        if self.client is not None:
            return
        if self.told:
            pytest.fail("no container engine answers (see the first of these failures)", pytrace=False)
        self.told = True
        pytest.fail(
            f"no container engine answers: {self.why_not}\n"
            "`make install` starts one (as root on Debian and Ubuntu), or name one with DOCKER_HOST",
            pytrace=False,
        )

    def leftovers(self) -> list[str]:
        """Return what this session left; what belongs to a session beside it goes away by itself in a moment."""
        if self.client is None:
            return []
        end = time.monotonic() + _LEFTOVER_WAIT_S
        while True:
            left = {key: text for key, text in self._containers().items() if key not in self._before}
            if not left or time.monotonic() > end:
                return sorted(left.values())
            time.sleep(0.5)

    def _containers(self) -> dict[str, str]:
        assert self.client is not None
        found = {}
        for label in LABELS:
            for item in self.client.api.containers(all=True, filters={"label": label}):
                if _belongs_to_another_process(item.get("Labels") or {}):
                    continue
                name = item["Names"][0].removeprefix("/") if item.get("Names") else item["Id"]
                found[item["Id"]] = f"{name} ({item['Image']}, {item['Status']})"
        return found

    def close(self) -> None:
        if self.client is not None:
            self.client.close()


_guard = _Guard()
_engine = _EngineWatch()


def pytest_configure() -> None:
    # A shell that starts us in the background lets us ignore Ctrl-C, and so all that we start: the tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _guard.install()


def pytest_unconfigure() -> None:
    _guard.remove()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look at the engine once, before the first test, if a test needs it."""
    if not session.config.option.collectonly and any(item.get_closest_marker("engine") for item in session.items):
        _engine.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Guard the fixtures of the test, then check that its engine is there."""
    markers = frozenset(mark.name for mark in item.iter_markers())
    if "engine" in markers:
        _engine.require()
    _guard.markers = markers
    try:
        return (yield)
    finally:
        _guard.markers = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Guard the test itself; the end of a fixture that several tests share is not guarded."""
    _guard.markers = frozenset(mark.name for mark in item.iter_markers())
    try:
        return (yield)
    finally:
        _guard.markers = None


@pytest.fixture(scope="session", autouse=True)
def no_leftovers() -> Iterator[None]:
    """Fail the session when it left containers: set up first, so that it ends after every other fixture."""
    yield
    left = _engine.leftovers()
    _engine.close()
    if left:
        pytest.fail("containers of this session are left on the engine:\n  " + "\n  ".join(left), pytrace=False)
