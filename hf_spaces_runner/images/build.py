"""Builds an image from a plan by the engine's own builder: the failing step by name, nothing half left behind."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.errors import NotFound

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.errors import (
    BuildError,
    EngineUnavailableError,
    ImageNotFoundError,
    ImageRegistryUnreachableError,
    ImageUnauthorizedError,
    RunnerError,
)
from hf_spaces_runner.images.build_faults import failed_step, hint_about_base, unreadable_dockerfile
from hf_spaces_runner.images.build_layers import keep_layers, remove_earlier
from hf_spaces_runner.images.build_log import BuildLog
from hf_spaces_runner.images.ca_image import make_ca_image
from hf_spaces_runner.images.context import build_context
from hf_spaces_runner.images.streams import closing_stream
from hf_spaces_runner.orchestrator.docker_errors import docker_errors, error_of_engine_text
from hf_spaces_runner.orchestrator.interrupts import deferred_interrupts
from hf_spaces_runner.planning.build_marks import UNFINISHED

_STEP = re.compile(r"Step (?P<number>\d+)/(?P<total>\d+) : (?P<command>.*)")
_CONTAINER = re.compile(r" ---> Running in (?P<id>[0-9a-f]{12,64})")
_LAYER = re.compile(r" ---> (?P<id>[0-9a-f]{12,64})")
_NOT_HAD = (ImageNotFoundError, ImageRegistryUnreachableError, ImageUnauthorizedError)
_ENGINE_SAYS = ("Step ", " --->", "Removing intermediate container", "Successfully ")


def build_image(client: docker.DockerClient, plan: BuildPlan, *, platform: str, on_progress: ProgressCallback) -> None:
    """Have the engine build `plan`; its tag is set only when all steps are done.

    Layers of finished steps stay after a failure under a name of ours, so the next try begins there. Of the Space's
    earlier images only the last few stay.

    Raises:
        BuildError: a step failed; it is named, and its last lines are the evidence.
        NoSpaceLeftError: the disk of the engine is full.
        ImageError: an image that the Dockerfile names could not be had.
        EngineUnavailableError: no engine answers.
    """
    log = ClassicLog()
    try:
        _build(client, plan, platform, log, on_progress)
    except BaseException:  # an interrupt, too: the connection is closed by now, which ends the build
        with suppress(RunnerError):  # what went wrong first says more
            _end_containers(client, log.containers)
            with deferred_interrupts():
                keep_layers(client, plan.tag, log.last_layers, finished=False)
        raise
    with suppress(RunnerError), deferred_interrupts():  # the image is there whatever becomes of the others
        keep_layers(client, plan.tag, log.last_layers, finished=True)
        remove_earlier(client, plan.tag, plan.labels.get(f"{LABEL}.space", ""))
    on_progress(
        Progress(phase=Phase.BUILD, message=f"built {plan.tag}", completed=log.total, total=log.total, done=True)
    )


def _build(
    client: docker.DockerClient, plan: BuildPlan, platform: str, log: "ClassicLog", on_progress: ProgressCallback
) -> None:
    doing = f"building {plan.tag}"
    on_progress(Progress(phase=Phase.BUILD, message=doing))
    for note in plan.notes:
        on_progress(Progress(phase=Phase.BUILD, message=note, note=True))
    make_ca_image(client, plan, platform=platform)
    try:
        with build_context(plan) as archive, docker_errors(doing, otherwise=BuildError):
            stream = client.api.build(
                fileobj=archive,
                custom_context=True,
                tag=plan.tag,
                labels=dict(plan.labels),
                # The docker client's proxies are the user's, with passwords. BuildKit is not told of them either.
                use_config_proxy=False,
                buildargs=dict(plan.build_arguments),
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
                            Progress(
                                phase=Phase.BUILD,
                                message=line,
                                completed=log.number or None,
                                total=log.total or None,
                            )
                        )
    except BuildError as error:
        raise unreadable_dockerfile(error, plan.dockerfile, doing) from error


def _error_of(event: dict[str, Any], plan: BuildPlan, log: "ClassicLog") -> RunnerError:
    log.end()
    text = str((event.get("errorDetail") or {}).get("message") or event["error"])
    doing = f"building {plan.tag}"
    # Where a stage begins it can only be its image.
    if log.number <= 1 or log.command.upper().startswith("FROM "):
        image = _image_begun(log.command, plan)
        error = error_of_engine_text(text, f"{doing}: {log.step}", image=image, otherwise=BuildError)
        if isinstance(error, _NOT_HAD):
            error.hint = hint_about_base(image)
        return error
    # The engine's own end is nothing that the Space has said.
    by_text = error_of_engine_text(text, f"{doing}: {log.step}", otherwise=BuildError)
    return by_text if isinstance(by_text, EngineUnavailableError) else failed_step(log, text, doing)


def _image_begun(command: str, plan: BuildPlan) -> str:
    """Return the image that `command`, a FROM, names; that of the plan where a variable stands for it."""
    named = next((word for word in command.split()[1:] if not word.startswith("--")), "$")
    return plan.base_image if "$" in named else named


def _end_containers(client: docker.DockerClient, containers: list[str], patience_s: float = 10.0) -> None:
    """See to it that no container of a build that ended early runs on; mostly the engine removes it in a moment."""
    end = time.monotonic() + patience_s
    for container in containers[-1:]:
        with docker_errors(f"removing the build's container {container}"), suppress(NotFound):
            while time.monotonic() < end:
                facts = client.api.inspect_container(container)
                time.sleep(0.1)
            # A step may print the id of any container, but only those of builds are made of unfinished images.
            if ((facts.get("Config") or {}).get("Labels") or {}).get(f"{LABEL}.built") == UNFINISHED:
                client.api.remove_container(container, v=True, force=True)


@dataclass(slots=True)
class ClassicLog(BuildLog):
    """What the engine's own builder has said, in the events of its stream.

    `containers` are those that steps ran in, `last_layers` the last layer of each stage by its number from 1.
    """

    containers: list[str] = field(default_factory=list)
    last_layers: dict[int, str] = field(default_factory=dict)
    stage: int = 0

    def end(self) -> None:
        """Take what was said last as a line, though its end never came."""
        for _ in self.take({"stream": "\n"}):
            pass

    def take(self, event: dict[str, Any]) -> Iterator[str]:
        """Note what `event` says; yield what is worth showing of it, each on one line that is safe for a terminal."""
        said = str(event.get("stream") or "")
        if "status" in event and "id" not in event:  # of an image that is pulled for a stage; its layers say too much
            said = f"{event['status']}\n"
        # The engine's own words begin a line, whether or not the last one of a command had an end.
        for line in self.cut(("\n" if said.startswith(_ENGINE_SAYS) else "") + said):
            shown = self._read(line)
            if shown is not None:
                yield shown

    def _read(self, line: str) -> str | None:
        step, container, layer = _STEP.match(line), _CONTAINER.match(line), _LAYER.fullmatch(line)
        if step is not None and not self._comes_next(int(step["number"]), int(step["total"])):
            return self.note(line)  # a step may print the like
        if step is not None:
            if step["command"].upper().startswith("FROM "):
                self.stage += 1
            return self.begin(int(step["number"]), int(step["total"]), step["command"])
        if container is not None:
            self.containers.append(container["id"])
        elif layer is not None and self.stage:
            self.last_layers[self.stage] = layer["id"]
        elif not line.startswith(_ENGINE_SAYS):
            return self.note(line)
        return None

    def _comes_next(self, number: int, total: int) -> bool:
        return number == self.number + 1 and total == (self.total or total) and number <= total
