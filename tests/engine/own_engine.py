"""A second engine for tests that stop engines: in a network of its own, so that it touches nothing of the machine's."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import docker
import psutil

_START_S = 60
_LOOPBACK_UP = """\
import fcntl, socket, struct, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
print("up", flush=True)
time.sleep(86400)
"""


class OwnEngine:
    """An engine in its own network and folder. It is gone at the end of the block, and all that it ran."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="hfsr-engine-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self.address = f"unix://{self.folder}/engine.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self._client: docker.DockerClient | None = None
        self._network = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-c", _LOOPBACK_UP], stdout=subprocess.PIPE, text=True
        )
        assert self._network.stdout is not None
        assert self._network.stdout.readline() == "up\n"

    @property
    def inside(self) -> list[str]:
        """What stands before a command that shall reach the ports that this engine publishes."""
        return ["nsenter", f"--net=/proc/{self._network.pid}/ns/net"]

    def start(self) -> docker.DockerClient:
        """Start it, and return a client once it answers."""
        folder = self.folder
        flags = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
        # Killed with its engine, containerd counts as alive until somebody has taken note of its end.
        for left in ("pid", "exec/containerd/containerd.pid"):
            (folder / left).unlink(missing_ok=True)
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self.inside, "dockerd", *flags, f"--host={self.address}"], stdout=log, stderr=log
            )
        end = time.monotonic() + _START_S
        # Not the SDK: it leaves the socket open with which it reaches nobody.
        while not self._answers():
            assert time.monotonic() < end, (folder / "log").read_text()[-3000:]
            assert self._process.poll() is None, (folder / "log").read_text()[-3000:]
            time.sleep(0.1)
        self._client = docker.DockerClient(base_url=self.address, version="auto")
        return self._client

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
            trial.settimeout(_START_S)
            try:
                trial.connect(self.address.removeprefix("unix://"))
                trial.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return trial.recv(64).startswith(b"HTTP/1.0 200")
            except OSError:
                return False

    def stop(self, number: signal.Signals) -> None:
        """End it, by its leave or not, and wait until it is gone."""
        assert self._process is not None
        if self._client is not None:
            self._client.close()
        self._process.send_signal(number)
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGTERM)
        for process in self._left():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._network.kill()
        self._network.communicate()
        with suppress(OSError):
            for mounted in sorted(self._mounts(), reverse=True):
                subprocess.run(["umount", "--lazy", mounted], check=False, capture_output=True)
        self._temporary.cleanup()

    def _left(self) -> list[psutil.Process]:
        """Return what an engine that was killed left running: its containerd, and the containers."""
        folder = os.fsencode(self.folder)
        left = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if folder in Path(f"/proc/{process.pid}/cmdline").read_bytes():
                    left += [process, *process.children(recursive=True)]
        return [process for process in left if process.pid != os.getpid()]

    def _mounts(self) -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        return [line.split()[4] for line in lines if line.split()[4].startswith(str(self.folder))]
