"""Makes a small Debian with Python out of Debian's packages, where no image registry has one to give."""

import json
import os
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker

from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import BuildError, Evidence, ImageError, ImageRegistryUnreachableError, NoSpaceLeftError
from hf_spaces_runner.orchestrator.docker_errors import docker_errors, error_of_engine_text
from hf_spaces_runner.orchestrator.scratch import scratch_directory

SUITE = "bookworm"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_INCLUDE = "python3,python3-venv,ca-certificates"
_HINT = (
    "apt-get install debootstrap debian-archive-keyring and run it as root, or let the engine reach an image registry"
)
_CHANGES = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    f"LABEL {LABEL}.built=base",
    'CMD ["python3"]',
)
# Downloads, indexes, manuals and translations; copyright notices stay, as they must.
_SUPERFLUOUS = (
    "var/cache/apt/*.bin",
    "var/cache/apt/archives/*.deb",
    "var/cache/debconf/*-old",
    "var/lib/apt/lists/*",
    "var/log/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    "usr/share/man/*",
)
_CHUNK_BYTES = 1024**2
_EVIDENCE_LINES = 40
_WORDS = 3


def missing_for_debootstrap() -> str | None:
    """Return what this machine lacks to make a base image, None where it lacks nothing."""
    if os.geteuid() != 0:
        return "only root can make one with debootstrap"
    absent = [program for program in ("debootstrap", "unshare", "tar") if _program(program) is None]
    if absent:
        return f"the program {absent[0]} is not installed"
    return None if _KEYRING.is_file() else f"the keys of Debian ({_KEYRING}) are not installed"


def make_base_image(
    client: docker.DockerClient, reference: str, on_line: Callable[[str], None], scratch: Path | None = None
) -> None:
    """Make the base image and call it `reference`: Debian bookworm, Python 3.11 with venv, CA certificates.

    The temporary folder, in `scratch` or the system's place, is removed whatever happens: if this process is killed,
    by the next command. The image gets its name last.

    Raises:
        ImageRegistryUnreachableError: this machine cannot make one; the hint says what to install.
        BuildError: debootstrap failed; its last lines are the evidence.
        NoSpaceLeftError: a disk is full.
    """
    lacking = missing_for_debootstrap()
    if lacking is not None:
        raise ImageRegistryUnreachableError(f"making the base image {reference} is not possible: {lacking}", hint=_HINT)
    with scratch_directory(scratch or Path(tempfile.gettempdir()), "hfsr-base") as folder:
        root = folder / "root"
        root.mkdir()
        archives = _archives_of_this_machine()
        _debootstrap(root, archives, on_line)
        _clean(root, archives)
        on_line("giving the base image to the engine")
        _import(client, root, reference)


def _debootstrap(root: Path, archives: list[tuple[str, str]], on_line: Callable[[str], None]) -> None:
    arguments = [
        # Also where this process is killed, nobody goes on writing.
        *((str(setpriv), "--pdeathsig", "KILL") if (setpriv := _program("setpriv")) else ()),
        # A mount namespace of its own: debootstrap mounts /proc into the folder, and removing the folder must never
        # reach through such a mount. The process namespace takes all children along when it ends.
        *(str(_program("unshare")), "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
        *(str(_program("debootstrap")), "--arch=amd64", "--variant=minbase", f"--include={_INCLUDE}"),
        *(f"--keyring={_KEYRING}", SUITE, str(root), *(uri for uri, _ in archives[:1])),
    ]
    lines: deque[str] = deque(maxlen=_EVIDENCE_LINES)
    with _process(arguments, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        for raw in process.stdout:
            line = printable(raw.decode("utf-8", "replace")).strip()[:200]
            if line:
                lines.append(line)
                on_line(line.removeprefix("I: "))
    evidence = "\n".join(lines)
    if "No space left on device" in evidence:
        raise NoSpaceLeftError("making the base image failed: no space left on the disk of temporary files")
    if process.returncode != 0:
        raise BuildError(
            f"making the base image failed: debootstrap ended with code {process.returncode}",
            hint="check that apt-get update works here, or let the engine reach an image registry",
            evidence=Evidence(log=evidence),
        )


def _clean(root: Path, archives: list[tuple[str, str]]) -> None:
    for pattern in _SUPERFLUOUS:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in (root / "usr/share/doc").rglob("*"):
        if path.name != "copyright" and not path.is_dir():
            path.unlink()
    if archives:
        lines = [f"deb {uri} {suite} main\n" for uri, suite in archives]
        (root / "etc/apt/sources.list").write_text("".join(lines), encoding="utf-8")


def _archives_of_this_machine() -> list[tuple[str, str]]:
    """Return the archives of Debian's that apt uses here, address and suite, the main one first.

    None on a machine that is not of this Debian: debootstrap then takes its own. An address with a password in it is
    left out, since it would stay in the image.
    """
    listing = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", "Created-By: Packages"]
    try:
        listed = subprocess.run(listing, capture_output=True, text=True, check=False).stdout  # noqa: S603 - all ours
    except OSError:
        return []
    found = [line.split() for line in listed.splitlines()]
    archives = [
        (uri, suite)
        for uri, suite, component in (words for words in found if len(words) == _WORDS)
        if component == "main" and suite.removeprefix(SUITE) in {"", "-updates", "-security"} and "@" not in uri
    ]
    archives.sort(key=lambda archive: archive[1] != SUITE)
    return archives if archives and archives[0][1] == SUITE else []


def _import(client: docker.DockerClient, root: Path, reference: str) -> None:
    name = split_image_reference(reference)
    arguments = [str(_program("tar")), "--numeric-owner", "--directory", str(root), "--create", "."]
    with docker_errors(f"importing {reference}", image=reference, otherwise=ImageError):
        with _process(arguments, stderr=subprocess.DEVNULL) as process:
            # An iterator is sent in chunks, so the archive never lies on the disk or in memory as a whole.
            answer = client.api.import_image_from_data(_chunks(process), changes=list(_CHANGES))
        last = json.loads(answer.strip().splitlines()[-1])
        if "error" in last:
            raise error_of_engine_text(str(last["error"]), f"importing {reference}", otherwise=ImageError)
        image_id = str(last["status"])
        if process.returncode != 0:
            client.api.remove_image(image_id, noprune=False)
            raise ImageError(f"importing {reference} failed: tar ended with code {process.returncode}")
        client.api.tag(image_id, name.repository, name.tag)


def _chunks(process: "subprocess.Popen[bytes]") -> Iterator[bytes]:
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    while chunk := process.stdout.read(_CHUNK_BYTES):
        yield chunk


@contextmanager
def _process(arguments: list[str], stderr: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program in a session of its own; on the way out it and its children have ended."""
    process = subprocess.Popen(  # noqa: S603 - a list of our own making, no shell
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
    )
    try:
        yield process
        process.wait()
    finally:
        if process.poll() is None:
            _stop(process)
        if process.stdout is not None:
            process.stdout.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    import psutil  # noqa: PLC0415 - only an interrupt needs it, and each run would pay for it

    # The child of unshare is the first process of its namespace: when it is killed, the kernel ends all the others
    # before unshare sees it gone, so nobody writes into the folder that is removed next.
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children()
        for victim in children:
            victim.kill()
        if not children:
            process.kill()
    process.wait()


def _program(name: str) -> str | None:
    # A plain su keeps the user's PATH, and debootstrap lies in /usr/sbin.
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin")
