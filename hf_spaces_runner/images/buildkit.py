"""Builds an image from a plan by BuildKit, which only the docker program can talk to: it is started for each build.

It gets nothing of this machine but the address of the engine. Secrets go to it in files that nobody else can read and
that are gone afterwards; BuildKit mounts them for the steps that ask for them, and they become part of nothing.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import docker

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import (
    BuildError,
    EngineUnavailableError,
    ImageNotFoundError,
    ImageRegistryUnreachableError,
    ImageUnauthorizedError,
    RunnerError,
)
from hf_spaces_runner.images.build_faults import failed_step, hint_about_base, unreadable_dockerfile
from hf_spaces_runner.images.build_layers import remove_earlier
from hf_spaces_runner.images.build_log import MAX_LINE_LENGTH
from hf_spaces_runner.images.buildkit_client import Buildkit, clean_environment
from hf_spaces_runner.images.buildkit_log import BuildkitLog
from hf_spaces_runner.images.ca_image import make_ca_image
from hf_spaces_runner.images.context import build_context
from hf_spaces_runner.orchestrator.docker_errors import error_of_engine_text
from hf_spaces_runner.orchestrator.interrupts import deferred_interrupts
from hf_spaces_runner.orchestrator.scratch import scratch_directory

CACHE_NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"
"""The build argument that BuildKit puts before the id of every cache that a step mounts."""

_LONGEST_LINE = 64 * MAX_LINE_LENGTH
_PATIENCE_S = 2.0
_NOT_HAD = (ImageNotFoundError, ImageRegistryUnreachableError, ImageUnauthorizedError)


def build_with_buildkit(
    client: docker.DockerClient,
    buildkit: Buildkit,
    plan: BuildPlan,
    *,
    platform: str,
    scratch: Path | None,
    on_progress: ProgressCallback,
) -> None:
    """Have BuildKit build `plan`; its tag is set only when all steps are done, and no other image is left behind.

    Steps that were done stay in BuildKit's own cache, after a failure as well.

    Args:
        client: the engine's.
        buildkit: how BuildKit is reached.
        plan: what to build, none of whose needs it lacks.
        platform: what the image is made for.
        scratch: where temporary files go, so that what a killed process left is found; the system's place where None.
        on_progress: called for each step, and each line that one prints.

    Raises:
        BuildError: a step failed; it is named, and its last lines are the evidence.
        NoSpaceLeftError: a disk is full.
        ImageError: an image that the Dockerfile names could not be had.
        EngineUnavailableError: no engine answers.
    """
    doing = f"building {plan.tag}"
    on_progress(Progress(phase=Phase.BUILD, message=doing))
    for note in plan.notes:
        on_progress(Progress(phase=Phase.BUILD, message=note, note=True))
    make_ca_image(client, plan, platform=platform)
    if plan.buildkit_dockerfile is not None:
        plan = replace(plan, dockerfile=plan.buildkit_dockerfile)
    log = BuildkitLog(secrets=tuple(plan.secrets.values()))
    with scratch_directory(scratch or Path(tempfile.gettempdir()), f"hfsr-build-{os.urandom(4).hex()}") as home:
        arguments = [*_command(buildkit, plan, platform), *_secret_options(home, plan.secrets), "-"]
        environment = clean_environment(home) | {"DOCKER_HOST": buildkit.host}
        with build_context(plan) as archive, _process(arguments, environment, archive) as process:
            for line in _lines(process):
                shown = log.take(line)
                if shown is not None:
                    on_progress(
                        Progress(
                            phase=Phase.BUILD,
                            message=shown,
                            completed=log.done or None,
                            total=log.all_steps or None,
                        )
                    )
    if process.returncode != 0:
        raise _error_of(log, plan, doing)
    with suppress(RunnerError), deferred_interrupts():  # the image is there whatever becomes of the others
        remove_earlier(client, plan.tag, plan.labels.get(f"{LABEL}.space", ""))
    steps = log.all_steps
    on_progress(Progress(phase=Phase.BUILD, message=f"built {plan.tag}", completed=steps, total=steps, done=True))


def _command(buildkit: Buildkit, plan: BuildPlan, platform: str) -> list[str]:
    values = dict(plan.build_arguments)
    if plan.cache_space:
        # A hash, since BuildKit joins it to the id by a slash: nothing that a Dockerfile adds makes it another Space's.
        values[CACHE_NAMESPACE] = hashlib.sha256(plan.cache_space.encode()).hexdigest()[:32]
    return [
        # Also where this process is killed, the build ends.
        *((setpriv, "--pdeathsig", "KILL") if (setpriv := shutil.which("setpriv")) else ()),
        *(str(buildkit.program), "build", "--progress=plain", f"--platform={platform}", f"--tag={plan.tag}"),
        *(f"--label={name}={value}" for name, value in plan.labels.items()),
        *(f"--build-arg={name}={value}" for name, value in values.items()),
    ]


def _secret_options(home: Path, secrets: Mapping[str, Secret]) -> Iterator[str]:
    """Yield the options that hand over `secrets`, each from a file in `home`, a folder that nobody else can enter."""
    for number, (name, secret) in enumerate(secrets.items()):
        # Not named after the secret: its name is the Space's, and the folder holds a configuration of Docker's.
        file = home / f"secret-{number}"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:  # noqa: PTH123 - the mode
            opened.write(secret.reveal().encode("utf-8", "surrogateescape"))
        yield f"--secret=id={name},src={file}"


@contextmanager
def _process(
    arguments: list[str], environment: Mapping[str, str], archive: IO[bytes]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the docker program in a session of its own; on the way out it has ended, and the build with it."""
    process = subprocess.Popen(  # noqa: S603 - a list of our own making, no shell
        arguments,
        stdin=archive,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        yield process
        process.wait()
    finally:
        with deferred_interrupts():
            if process.poll() is None:
                _stop(process)
        if process.stdout is not None:
            process.stdout.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    # buildx ends when it is asked to, docker 20.10 goes on. The engine ends a build whose client is gone.
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_PATIENCE_S)
            return


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Yield the lines that the process prints, the rest of those that are too long as if it were not there."""
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    inside = False
    while raw := process.stdout.readline(_LONGEST_LINE):
        if not inside:
            yield raw.decode("utf-8", "replace")
        inside = not raw.endswith(b"\n")


def _error_of(log: BuildkitLog, plan: BuildPlan, doing: str) -> RunnerError:
    outcome = log.outcome()
    starts_stage = log.has_failed_step and log.command.upper().startswith("FROM ")
    image = log.command.split()[1] if starts_stage else log.failed_image
    if image is not None:
        error = error_of_engine_text(outcome, f"{doing}: FROM {image}", image=image, otherwise=BuildError)
        if isinstance(error, _NOT_HAD):
            error.hint = hint_about_base(image)
        return error
    by_text = error_of_engine_text(outcome, f"{doing}: {log.step}" if log.number else doing, otherwise=BuildError)
    if isinstance(by_text, EngineUnavailableError):
        return by_text
    if log.has_failed_step:
        return failed_step(log, outcome, doing)
    return unreadable_dockerfile(by_text, plan.dockerfile, doing) if isinstance(by_text, BuildError) else by_text
