"""Prints what a run would do, without doing it."""

from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.planning.docker_command import docker_run_arguments, docker_run_command
from hf_spaces_runner.runner import Runner


def show_plan(presenter: Presenter, runner: Runner, request: Request) -> None:
    """Print the plan of `request` and, for each candidate, the `docker run` line that starts the same container."""
    plan = runner.plan(request)
    candidates = [(candidate, *runner.preview(candidate)) for candidate in plan.candidates]
    if presenter.json:
        shown = [_as_json(candidate, present, docker_run_arguments(spec)) for candidate, spec, present in candidates]
        presenter.object({"run_id": plan.run_id, "tier": plan.tier, "candidates": shown})
        return
    for number, (candidate, spec, present) in enumerate(candidates, start=1):
        for line in _in_words(candidate, present):
            presenter.note(f"{number}. {line}" if line.startswith("Space") else f"   {line}")
        presenter.result(docker_run_command(spec))


def _in_words(candidate: Candidate, present: bool) -> list[str]:
    space, spec = candidate.space, candidate.launch_spec
    image = "is here" if present else "would be built" if candidate.image.build else "would be pulled"
    return [
        f"Space {space.id} ({space.origin if space.commit is None else space.commit.reference})",
        f"image {candidate.image.reference}: {image}",
        f"memory {format_size(spec.memory_bytes)}, at most {spec.pids_limit} processes, no capabilities"
        + (f" but {', '.join(spec.cap_add)}" if spec.cap_add else ""),
        f"network {spec.network}" + (", read-only root" if spec.read_only else ""),
        f"{format_duration(candidate.startup_timeout_s)} to be ready, {format_duration(candidate.timeout_s)} to answer",
        f"endpoint {candidate.call.endpoint or 'chosen from the schema'}",
        "the container alone is started by:",
    ]


def _as_json(candidate: Candidate, present: bool, arguments: list[str]) -> dict[str, object]:
    return {
        "kind": candidate.kind,
        "name": candidate.space.id,
        "image": candidate.image.reference,
        "image_is_here": present,
        "commit": None if candidate.space.commit is None else candidate.space.commit.sha,
        "endpoint": candidate.call.endpoint,
        "startup_timeout_s": candidate.startup_timeout_s,
        "timeout_s": candidate.timeout_s,
        "docker_run": arguments,
    }
