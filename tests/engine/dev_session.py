"""An `hfsr dev` that runs beside a test, which reads its events and changes its folder."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

from tests.engine.command_line import HFSR, NO_MODEL_CACHE

_PATIENCE_S = 240.0
Event = dict[str, Any]


@dataclass(kw_only=True, eq=False)
class DevSession:
    """One that runs. `events` are all that it has told so far, with `log` among them."""

    process: "subprocess.Popen[str]"
    events: list[Event] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _read: int = 0
    _pumps: list[threading.Thread] = field(default_factory=list)

    def listen(self) -> None:
        """Take in what it prints."""
        for stream, take in ((self.process.stdout, self._take_event), (self.process.stderr, self.told.append)):
            assert stream is not None
            self._pumps.append(threading.Thread(target=self._pump, args=(stream, take), daemon=True))
            self._pumps[-1].start()

    def next(self, *kinds: str, **wanted: str) -> Event:
        """Return the next event of one of `kinds` with the fields `wanted`; those before it are passed over."""
        end = time.monotonic() + _PATIENCE_S
        with self._news:
            while True:
                while self._read < len(self.events):
                    event = self.events[self._read]
                    self._read += 1
                    if event["event"] in kinds and wanted.items() <= event.items():
                        return event
                    assert event["event"] != "failed" or "failed" in kinds, event
                assert self.process.poll() is None, "".join(self.told)
                assert time.monotonic() < end, f"{kinds} did not come: {self.events[-5:]} {self.told[-5:]}"
                self._news.wait(1)

    def kinds(self) -> list[str]:
        """Return the kinds of the events so far, but for what the app printed."""
        return [event["event"] for event in self.events if event["event"] != "log"]

    def ready(self) -> str:
        """Return where it answers, once it is ready."""
        return str(self.next("ready")["url"])

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        self.end()
        return code

    def end(self) -> None:
        """Take in the last that it printed, once it has ended."""
        for pump in self._pumps:
            pump.join()

    def _pump(self, stream: IO[str], take: Callable[[str], None]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    take(line)
                    self._news.notify_all()

    def _take_event(self, line: str) -> None:
        self.events.append(json.loads(line))


@contextmanager
def developing(folder: Path, *words: str, environment: Mapping[str, str] | None = None) -> Iterator[DevSession]:
    """Run `hfsr dev` on `folder` during the block."""
    process = subprocess.Popen(
        [*HFSR, "dev", str(folder), "--format", "json", *words],
        cwd=folder.parent,
        env={**os.environ, **NO_MODEL_CACHE, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    session = DevSession(process=process)
    session.listen()
    try:
        yield session
    finally:
        if process.poll() is None:
            session.interrupt()
        session.end()


def page(url: str, path: str = "/") -> str:
    """Return what `url` answers."""
    return httpx.get(url + path, trust_env=False, timeout=30).text
