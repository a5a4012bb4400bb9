"""Runs the hostile Space through the real command line, and checks what holds whatever it does."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import docker
import pytest

from tests.engine.command_line import HFSR, NO_MODEL_CACHE, Ended, our_containers, scratch_folders
from tests.engine.images import TEST_LABEL

SPACE = "hfsr-test-hostile"
MAX_MEMORY_BYTES = 300 * 10**6
MAX_STDERR = 20_000
STARTUP_S, CALL_S, GRACE_S = 20, 5, 20
"""Limits of a run unless it names others; the grace is for start, clean-up, and a machine that is busy."""
BUG = 70
RESULT = "result.json"
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})

_DOCKERFILE = """
FROM {base}
ENV PYTHONPATH=/app
COPY hostile /app/tests/engine/hostile
CMD ["python3", "-m", "tests.engine.hostile"]
"""
# Of a process that pytest starts itself, the system counts what pytest has taken before as well.
_MEASURE = """
import os, sys
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss))
os._exit(os.waitstatus_to_exitcode(status) & 255)
"""
# C0 and C1 but tab and newline, what reorders a line, half characters. What pytest reads is decoded already.
_RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survived(Ended):
    """How a run with a hostile Space ended, and the names of its files in the output folder, result.json left out."""

    files: tuple[str, ...] = ()

    @property
    def verdict(self) -> tuple[int, str]:
        """The exit code with the verdict."""
        return self.exit_code, self.json["verdict"]


class HostileSpace:
    """Runs the Space of `image` again and again, with one evil at a time, in a `folder` of the test's own."""

    def __init__(self, client: docker.DockerClient, image: str, folder: Path) -> None:
        self._client = client
        self._image = image
        self._folder = folder
        self.out = folder / "work" / "out"

    def run(
        self,
        evil: str = "",
        *options: str,
        call_s: float = CALL_S,
        startup_s: float = STARTUP_S,
        output_format: str = "json",
        variables: Mapping[str, str] = NO_VARIABLES,
    ) -> Survived:
        """Run it once, see that this machine is as it was but for the output folder, and return how it ended."""
        words = ["run", "hi", "--hf-space", self._image, "--pull", "never", "-o", "out", "--format", output_format]
        words += ["--timeout", f"{call_s}s", "--startup-timeout", f"{startup_s}s", *options]
        words += [word for name, value in {"EVIL": evil, **variables}.items() for word in ("-e", f"{name}={value}")]
        work, temporary, measured = (self._folder / name for name in ("work", "tmp", "memory"))
        for folder in (work, temporary):
            folder.mkdir(exist_ok=True)
        started = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-ISc", _MEASURE, measured, *HFSR, *words],
            cwd=work,
            env={**os.environ, **NO_MODEL_CACHE, "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        took_s = time.monotonic() - started
        stdout, stderr = ended.stdout.decode(), ended.stderr.decode()
        memory_bytes = int(measured.read_text()) * 1024
        measured.unlink()
        assert ended.returncode != BUG, "".join(bug.read_text() for bug in temporary.iterdir())
        assert took_s < startup_s + call_s + GRACE_S, f"it took {took_s:.1f} s"
        assert memory_bytes < MAX_MEMORY_BYTES, f"it took {memory_bytes} bytes"
        assert len(stderr) < MAX_STDERR, stderr[:MAX_STDERR]
        for text in (stdout, stderr):
            assert not _RAW.search(text), text[:MAX_STDERR]
        left = [path.relative_to(work) for path in self._folder.rglob("*") if not path.is_dir()]
        assert all(path.parent == Path("out") for path in left), left
        assert scratch_folders(Path(os.environ["HFSR_HOME"])) == []
        if "--keep" not in options:
            assert our_containers(self._client, SPACE) == []
        # But for our own, which no hostile name may take: see `OutputFiles`.
        assert [path for path in left if path.name == RESULT] or ended.returncode, left
        files = tuple(sorted(path.name for path in left if path.name != RESULT))
        return Survived(exit_code=ended.returncode, stdout=stdout, stderr=stderr, files=files)


@pytest.fixture(scope="session")
def hostile_image(docker_client: docker.DockerClient, base_image: str) -> str:
    """Build the image of the hostile Space, and return its reference."""
    reference = "localhost/hfsr-test/hostile:latest"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(__file__).parent / "hostile"
        shutil.copytree(source, Path(folder, "hostile"), ignore=shutil.ignore_patterns("__pycache__"))
        Path(folder, "Dockerfile").write_text(_DOCKERFILE.format(base=base_image), encoding="utf-8")
        docker_client.images.build(path=folder, tag=reference, labels={TEST_LABEL: "yes"}, rm=True)
    return reference


@pytest.fixture
def hostile(docker_client: docker.DockerClient, hostile_image: str, tmp_path: Path) -> HostileSpace:
    """Return the hostile Space, with a folder of the test's own."""
    return HostileSpace(docker_client, hostile_image, tmp_path)
