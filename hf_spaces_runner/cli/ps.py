"""`hfsr ps`: the Spaces that run, wait or have ended, and what they take."""

import time

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.container import ContainerStatus
from hf_spaces_runner.domain.running_space import RunningSpace
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr ps
  hfsr ps --json
"""


@command(name="ps", epilog=EPILOG, short_help="List the Spaces that run.")
def ps(presenter: Presenter) -> None:
    """List the Spaces that run on the engine, whoever started them: where, since when, and what they take."""
    spaces = Runner(command="hfsr ps").up_spaces.running()
    now = time.time()
    if presenter.json:
        presenter.object({"spaces": [_as_json(space, now) for space in spaces]})
    elif presenter.quiet:
        for space in spaces:
            presenter.result(space.container.name)
    elif spaces:
        heads = ("SPACE", "STATE", "URL", "MEMORY", "PEAK", "CAP", "AGE", "STARTED BY", "CONTAINER")
        presenter.table(heads, [_row(space, now) for space in spaces])
    else:
        presenter.note("No Space runs. hfsr up SPACE starts one that stays.")


def _state(space: RunningSpace) -> str:
    match space.container.status:
        case ContainerStatus.CREATED:
            return "waits"
        case ContainerStatus.EXITED:
            return "ended"
        case ContainerStatus.RUNNING:
            return "up" if space.container.up else "runs"


def _row(space: RunningSpace, now: float) -> tuple[str, ...]:
    labels, memory = space.container.labels, space.memory
    # A label may be a Space's to write: its image may bring some.
    return tuple(
        one_line(cell)
        for cell in (
            labels.space_id,
            _state(space),
            space.url or "",
            format_size(memory.now_bytes) if memory else "",
            format_size(memory.peak_bytes) if memory else "",
            format_size(labels.memory_bytes),
            format_duration(max(0, round(now - labels.created_at))),
            f"{labels.command} ({labels.user})" if labels.user else labels.command,
            space.container.name,
        )
    )


def _as_json(space: RunningSpace, now: float) -> dict[str, object]:
    listed = space.container
    labels, memory = listed.labels, space.memory
    return {
        "space": labels.space_id,
        "state": _state(space),
        "url": space.url,
        "port": listed.port or None,
        "container": listed.name,
        "run_id": labels.run_id,
        "memory_bytes": memory.now_bytes if memory else None,
        "peak_memory_bytes": memory.peak_bytes if memory else None,
        "memory_cap_bytes": labels.memory_bytes,
        "age_s": round(max(0.0, now - labels.created_at), 1),
        "owner": labels.owner,
        "user": labels.user,
        "command": labels.command,
        "network": labels.network,
        "privacy": labels.privacy,
        "stops_at": labels.deadline_at if listed.up else None,
        "idle_stop_s": labels.idle_stop_s,
    }
