"""`hfsr info`: everything that is known of one Space without starting it."""

import os
from dataclasses import replace

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.container_options import container_options
from hf_spaces_runner.cli.list import space_as_json
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.registry.load import load_registry
from hf_spaces_runner.registry.references import find_space
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr info vader-sentiment
  hfsr info vader-sentiment --endpoints
  hfsr info https://huggingface.co/spaces/user/name --json
"""
_EXAMPLES = {"text": '"your text"', "image": "-i @photo.jpg", "audio": "-i @talk.wav", "video": "-i @clip.mp4"}


@command(name="info", epilog=EPILOG, short_help="Show what is known of one Space.")
@click.argument("space")
@click.option("--endpoints", "shows_endpoints", is_flag=True, help="Show what can be called; starts the Space for it.")
@click.option("--auth-user", metavar="NAME", help="With --endpoints: log in to the Space itself, as hfsr run does.")
@container_options
def info(presenter: Presenter, *, space: str, shows_endpoints: bool, auth_user: str | None, asked: Request) -> None:
    """Show what is known of SPACE: a registry id, user/name, a Space's URL, or an image.

    With --endpoints it is started, unless it is up, and asked for its functions; the other options are for that.
    """
    if shows_endpoints:
        _show_endpoints(presenter, replace(asked, space=space, auth_user=auth_user))
        return
    loaded = load_settings(os.environ)
    registry = load_registry(loaded.values.registry, Snapshots(loaded.places.snapshots))
    known = find_space(space, registry, loaded.values.image_registry)
    if presenter.json:
        presenter.object({**space_as_json(known), "command": _example(known)})
        return
    for name, value in space_as_json(known).items():
        if value not in (None, "", [], {}, False):
            shown = format_size(value) if name == "memory" and isinstance(value, int) else value
            presenter.result(f"{name:13} {shown}")
    presenter.result(f"{'run it':13} {_example(known)}")


def _show_endpoints(presenter: Presenter, request: Request) -> None:
    # What starts Spaces takes longer to load than the other half of this command to run.
    from hf_spaces_runner.cli.progress import progress_display  # noqa: PLC0415
    from hf_spaces_runner.cli.show_endpoints import endpoint_as_json, show_endpoints  # noqa: PLC0415
    from hf_spaces_runner.runner import Runner  # noqa: PLC0415

    with progress_display(presenter) as on_progress:
        found = Runner(on_progress=on_progress, command="hfsr info").endpoints(request)
    endpoints = sorted(found, key=lambda endpoint: not endpoint.public)
    if presenter.json:
        shown = [endpoint_as_json(request.space, endpoint) for endpoint in endpoints]
        presenter.object({"space": request.space, "endpoints": shown})
    else:
        show_endpoints(presenter, request.space, endpoints)


def _example(space: Space) -> str:
    words = space.input_type.split("_")
    inputs = [example for kind, example in _EXAMPLES.items() if kind in words] or [_EXAMPLES["text"]]
    name = space.id if space.origin != "reference" else space.space_id or space.docker_image
    return f"hfsr run {' '.join(inputs)} --hf-space {name}"
