"""`hfsr status`: who could answer now, tier by tier, and who not, and why."""

from collections.abc import Iterator

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.cloud import CloudMember
from hf_spaces_runner.domain.model import FoundServer, OwnModelState
from hf_spaces_runner.domain.status import TierStatus
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr status
  hfsr status --json
"""
_MOST_NAMED = 5
_OFF = "nothing is sent to the cloud: the settings cloud_spaces and cloud_model name nobody"


@command(name="status", epilog=EPILOG, short_help="Show who could answer now: models, Spaces, slots, the cloud.")
def status(presenter: Presenter) -> None:
    """Show who could answer now: local models (the fast tier), Spaces in containers (the heavy tier), and who rests.

    The cloud tier is shown as it was set up: nobody there is asked for this.
    """
    found = Runner(
        on_progress=lambda step: presenter.warning(step.message) if step.warning else None, command="hfsr status"
    ).status()
    if presenter.json:
        presenter.object(_as_json(found))
        return
    presenter.table(("TIER", "MEMBER", "STATE", "MORE"), list(_rows(found)))


def _rows(found: TierStatus) -> Iterator[tuple[str, str, str, str]]:
    for server in found.servers:
        yield "fast", server.address, "up" if server.is_reachable else "no", _models_of(server)
    yield "fast", one_line(found.own.name), "no" if found.own.why_not else "ready", _own_model(found.own)
    if found.engine_problem is not None:
        yield "heavy", "engine", "no", one_line(found.engine_problem)
    else:
        memory = "" if found.memory_bytes is None else f" of {format_size(found.memory_bytes)}"
        caps = f"memory caps {format_size(found.memory_taken_bytes)}{memory}"
        yield "heavy", "engine", "up", f"{found.slots_taken} of {found.max_running} slots taken, {caps}"
    yield "heavy", "registry", "up", f"{found.spaces:,} Spaces known"
    for space in found.running:
        yield (
            "heavy",
            one_line(space.container.labels.space_id),
            "up" if space.container.up else "busy",
            space.url or "",
        )
    for name, why in found.resting.items():
        yield "heavy", one_line(name), "rests", why
    if not found.cloud:
        yield "cloud", "none", "off", _OFF
    for member in found.cloud:
        yield "cloud", member.name, "set up" if member.why_not is None else "no", member.why_not or _more_of(member)


def _more_of(member: CloudMember) -> str:
    if member.stands_for is None:
        return "a model of the Hub's inference providers, with --secret HF_TOKEN; may cost credits"
    return f"a remote Space, in place of {member.stands_for}"


def _own_model(own: OwnModelState) -> str:
    if own.why_not is not None:
        return own.why_not
    here = f"on this machine, {format_size(own.size_bytes or 0)}" if own.is_here else "fetched when it is needed"
    return f"in hfsr's own process; {here}"


def _models_of(server: FoundServer) -> str:
    if server.why_not is not None:
        return server.why_not
    names = [model.name for model in server.models]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{server.kind}: {', '.join(names[:_MOST_NAMED]) or 'no model that chats'}{more}"


def _as_json(found: TierStatus) -> dict[str, object]:
    return {
        "fast": {
            "servers": [
                {
                    "address": server.address,
                    "reachable": server.is_reachable,
                    "why_not": server.why_not,
                    "kind": server.kind or None,
                    "models": [
                        {"name": model.name, "takes_images": model.takes_images, "loaded": model.is_loaded}
                        for model in server.models
                    ],
                }
                for server in found.servers
            ],
            "own_model": {
                "name": found.own.name,
                "reachable": found.own.why_not is None,
                "why_not": found.own.why_not,
                "here": found.own.is_here,
            },
        },
        "heavy": {
            "reachable": found.engine_problem is None,
            "why_not": found.engine_problem,
            "spaces": found.spaces,
            "slots": found.max_running,
            "slots_taken": found.slots_taken,
            "memory_bytes": found.memory_bytes,
            "memory_taken_bytes": found.memory_taken_bytes,
            "running": [
                {"space": space.container.labels.space_id, "up": space.container.up, "url": space.url}
                for space in found.running
            ],
            "resting": found.resting,
        },
        "cloud": {
            "configured": bool(found.cloud),
            "why_not": None if found.cloud else _OFF,
            "members": [
                {
                    "kind": member.kind,
                    "name": member.name,
                    "stands_for": member.stands_for,
                    "may_be_asked": member.why_not is None,
                    "why_not": member.why_not,
                }
                for member in found.cloud
            ],
        },
    }
