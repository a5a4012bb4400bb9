"""Builds an image from a plan: progress in steps, the failing step by name, nothing left behind by an interrupt."""

import re
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.errors import NotFound

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import BuildError, EngineUnavailableError, Evidence, RunnerError
from hf_spaces_runner.images.context import build_context
from hf_spaces_runner.images.streams import closing_stream
from hf_spaces_runner.orchestrator.docker_errors import docker_errors, error_of_engine_text
from hf_spaces_runner.planning.build_docker import build_arguments

EVIDENCE_LINES = 40
_MAX_LINE_LENGTH = 500
_STEP = re.compile(r"Step (?P<number>\d+)/(?P<total>\d+) : (?P<command>.*)")
_CONTAINER = re.compile(r" ---> Running in (?P<id>[0-9a-f]{12,64})")
_NOISE = (" --->", "Removing intermediate container", "Requirement already satisfied")
# What pip and apt print when the fault lies outside the Space, and what to do about it.
_OUTSIDE_CAUSES = (
    (
        re.compile("CERTIFICATE_VERIFY_FAILED|certificate verify failed", re.IGNORECASE),
        "the setting ca_bundle names the CA certificates that builds trust (hfsr config)",
    ),
    (
        re.compile("name resolution|NewConnectionError|Could not resolve|Network is unreachable|ConnectTimeout"),
        "the build could not reach a package index: check the network of the engine",
    ),
)


def build_image(client: docker.DockerClient, plan: BuildPlan, *, platform: str, on_progress: ProgressCallback) -> None:
    """Have the engine build `plan`; its tag is set only when all steps are done.

    Layers of finished steps stay in the engine's cache after a failure, so the next try begins there.

    Raises:
        BuildError: a step failed; it is named, and the last lines of the build are the evidence.
        NoSpaceLeftError: the disk of the engine is full.
        ImageError: the base image could not be had.
        EngineUnavailableError: no engine answers.
    """
    log = _BuildLog()
    try:
        _build(client, plan, platform, log, on_progress)
    except BaseException:  # an interrupt, too: the connection is closed by now, which ends the build
        with suppress(EngineUnavailableError):
            _remove_intermediate(client, log.containers)
        raise
    on_progress(
        Progress(phase=Phase.BUILD, message=f"built {plan.tag}", completed=log.total, total=log.total, done=True)
    )


def _build(
    client: docker.DockerClient, plan: BuildPlan, platform: str, log: "_BuildLog", on_progress: ProgressCallback
) -> None:
    doing = f"building {plan.tag}"
    on_progress(Progress(phase=Phase.BUILD, message=doing))
    with build_context(plan) as archive, docker_errors(doing, otherwise=BuildError):
        stream = client.api.build(
            fileobj=archive,
            custom_context=True,
            tag=plan.tag,
            labels=dict(plan.labels),
            buildargs=build_arguments(plan),
            platform=platform,
            rm=True,
            forcerm=True,
            decode=True,
        )
        with closing_stream(stream) as events:
            for event in events:
                if "error" in event:
                    raise _error_of(event, plan, log)
                for line in log.take(event):
                    on_progress(
                        Progress(phase=Phase.BUILD, message=line, completed=log.number or None, total=log.total or None)
                    )


def _error_of(event: dict[str, Any], plan: BuildPlan, log: "_BuildLog") -> RunnerError:
    log.end()
    evidence = "\n".join(log.lines)
    text = str((event.get("errorDetail") or {}).get("message") or event["error"])
    # Where a stage begins it can only be its image; in other steps, only the disk is not the Space's doing.
    from_base = log.number <= 1 or log.command.upper().startswith("FROM ")
    image = _image_begun(log.command, plan) if from_base else None
    doing = f"building {plan.tag}: step {log.number}/{log.total} ({log.command})"
    told = text if from_base else f"{text}\n{log.last}"
    error = error_of_engine_text(told, doing, image=image, otherwise=BuildError)
    if isinstance(error, BuildError):
        error = BuildError(f"{doing} failed: {_outcome(text)}", hint=_hint(evidence))
    error.evidence = Evidence(log=evidence) if evidence else None
    return error


def _image_begun(command: str, plan: BuildPlan) -> str:
    """Return the image that `command`, a FROM, names; that of the plan where a variable stands for it."""
    named = next((word for word in command.split()[1:] if not word.startswith("--")), "$")
    return plan.base_image if "$" in named else named


def _outcome(text: str) -> str:
    """Return what failed without the command, which the step's name has said: `returned a non-zero code: 1`."""
    _, found, rest = text.rpartition("' returned a non-zero code")
    return f"it returned a non-zero code{rest}" if found else printable(text)[:_MAX_LINE_LENGTH]


def _hint(evidence: str) -> str | None:
    return next((hint for pattern, hint in _OUTSIDE_CAUSES if pattern.search(evidence)), None)


def _remove_intermediate(client: docker.DockerClient, containers: list[str], patience_s: float = 10.0) -> None:
    """See to it that no container of a build that ended early runs on; mostly the engine removes it in a moment."""
    end = time.monotonic() + patience_s
    for container in containers[-1:]:
        with docker_errors(f"removing the build's container {container}"):
            try:
                while time.monotonic() < end:
                    client.api.inspect_container(container)
                    time.sleep(0.1)
                client.api.remove_container(container, v=True, force=True)
            except NotFound:
                continue


@dataclass(slots=True)
class _BuildLog:
    """What the build has said so far: where it is, its last lines, and the containers that its steps ran in."""

    number: int = 0
    total: int = 0
    command: str = ""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=EVIDENCE_LINES))
    containers: list[str] = field(default_factory=list)
    rest: str = ""

    @property
    def last(self) -> str:
        return self.lines[-1] if self.lines else ""

    def end(self) -> None:
        """Take what was said last as a line, though its end never came."""
        deque(self.take({"stream": "\n"}), maxlen=0)

    def take(self, event: dict[str, Any]) -> Iterator[str]:
        """Note what `event` says; yield what is worth showing of it, each on one line that is safe for a terminal."""
        said = str(event.get("stream") or event.get("status") or "")
        # The engine's own words begin a line, whether or not the last one of a command had an end.
        text = self.rest + ("\n" if said.startswith(("Step ", *_NOISE)) else "") + said
        # A line may come in pieces, and one without an end must not grow for ever.
        *whole, self.rest = re.split(r"[\r\n]+", text) if len(text) < 64 * _MAX_LINE_LENGTH else [text, ""]
        for raw in whole:
            line = printable(raw)[:_MAX_LINE_LENGTH].rstrip()
            step, container = _STEP.match(line), _CONTAINER.match(line)
            if step is not None:
                self.number, self.total = int(step["number"]), int(step["total"])
                self.command = _shortened(step["command"])
                self.lines.append(line)
                yield f"Step {self.number}/{self.total}: {self.command}"
            elif container is not None:
                self.containers.append(container["id"])
            elif line and not line.startswith(_NOISE):
                self.lines.append(line)
                yield f"Step {self.number}/{self.total}: {line.strip()}" if self.number else line.strip()


def _shortened(command: str, limit: int = 100) -> str:
    command = re.sub(r"^RUN (?:[A-Z_]+=\S* )+", "RUN ", command)
    return command if len(command) <= limit else f"{command[:limit]}..."
