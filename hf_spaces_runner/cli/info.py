"""`hfsr info`: everything that is known of one Space without starting it."""

import os

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.list import space_as_json
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.registry.load import load_registry
from hf_spaces_runner.registry.references import find_space
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr info vader-sentiment
  hfsr info https://huggingface.co/spaces/user/name --json
"""
_EXAMPLES = {"text": '"your text"', "image": "-i @photo.jpg", "audio": "-i @talk.wav", "video": "-i @clip.mp4"}


@command(name="info", epilog=EPILOG, short_help="Show what is known of one Space.")
@click.argument("space")
def info(presenter: Presenter, *, space: str) -> None:
    """Show what is known of SPACE: a registry id, user/name, a Space's URL, or an image."""
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


def _example(space: Space) -> str:
    words = space.input_type.split("_")
    inputs = [example for kind, example in _EXAMPLES.items() if kind in words] or [_EXAMPLES["text"]]
    name = space.id if space.origin != "reference" else space.space_id or space.docker_image
    return f"hfsr run {' '.join(inputs)} --hf-space {name}"
