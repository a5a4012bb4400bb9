"""Pulls an image: progress in bytes over its layers, faults of the registry by name."""

from dataclasses import dataclass, field
from typing import Any

import docker

from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.errors import ImageError
from hf_spaces_runner.images.retry import RetryPolicy
from hf_spaces_runner.images.streams import closing_stream
from hf_spaces_runner.orchestrator.docker_errors import docker_errors, error_of_engine_text, without_secrets


def pull_image(
    client: docker.DockerClient, reference: str, *, platform: str, retry: RetryPolicy, on_progress: ProgressCallback
) -> None:
    """Have the engine pull `reference`. Credentials are those of Docker's own configuration (`docker login`).

    Raises:
        ImageUnauthorizedError: the image registry wants a login, or another one.
        ImageNotFoundError: it has no such image.
        ImageRegistryUnreachableError: it does not answer, or does with faults, also at the last try.
        NoSpaceLeftError: the engine's disk is full.
        WrongArchitectureError: it has the image, and not for `platform`.
        EngineUnavailableError: no engine answers.
    """

    def tell(number: int, error: BaseException) -> None:
        on_progress(
            Progress(phase=Phase.PULL, message=f"try {number} of {retry.attempts} failed, trying again: {error}")
        )

    for attempt in retry.retrying(tell):
        with attempt:
            _pull_once(client, reference, platform, on_progress)
    on_progress(Progress(phase=Phase.PULL, message=f"pulled {reference}", done=True))


def _pull_once(client: docker.DockerClient, reference: str, platform: str, on_progress: ProgressCallback) -> None:
    doing = f"pulling {reference}"
    name = split_image_reference(reference)
    on_progress(Progress(phase=Phase.PULL, message=doing, unit="bytes"))
    layers = _Layers()
    with docker_errors(doing, image=reference, otherwise=ImageError):
        stream = client.api.pull(
            name.repository, tag=name.digest or name.tag or "latest", platform=platform, stream=True, decode=True
        )
        with closing_stream(stream) as events:
            for event in events:
                if "error" in event:
                    raise error_of_engine_text(_text_of(event), doing, image=reference, otherwise=ImageError)
                if layers.take(event):
                    on_progress(
                        Progress(
                            phase=Phase.PULL,
                            message=doing,
                            completed=layers.completed,
                            total=layers.total,
                            unit="bytes",
                        )
                    )
                elif str(event.get("status", "")).startswith("Status:"):
                    on_progress(Progress(phase=Phase.PULL, message=without_secrets(str(event["status"]))))


def _text_of(event: dict[str, Any]) -> str:
    detail = event.get("errorDetail")
    return str(detail.get("message") if isinstance(detail, dict) else event["error"])


@dataclass(slots=True)
class _Layers:
    """The bytes of each layer that are here and that it has, as far as the engine has said."""

    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def completed(self) -> int:
        return sum(here for here, _ in self.sizes.values())

    @property
    def total(self) -> int | None:
        return sum(total for _, total in self.sizes.values()) or None

    def take(self, event: dict[str, Any]) -> bool:
        """Note what `event` says and return whether it changed the sums."""
        layer, status = str(event.get("id", "")), event.get("status")
        detail = event.get("progressDetail") or {}
        before = self.sizes.get(layer)
        if status == "Downloading" and "current" in detail:
            here = int(detail["current"])
            self.sizes[layer] = (here, max(here, int(detail.get("total") or 0)))
        elif status in {"Verifying Checksum", "Download complete", "Pull complete"} and before is not None:
            self.sizes[layer] = (before[1], before[1])
        return self.sizes.get(layer) != before
