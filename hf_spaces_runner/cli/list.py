"""`hfsr list`: the Spaces of the registry, by category."""

import os

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.registry.load import load_registry
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr list
  hfsr list --category audio_processing
  hfsr list --json
"""


@command(name="list", epilog=EPILOG, short_help="List the Spaces of the registry.")
@click.option("--category", metavar="NAME", help="Only the Spaces of this category.")
def list_spaces(presenter: Presenter, *, category: str | None) -> None:
    """List the Spaces of the registry: id, category, what goes in, what comes out, and a description."""
    loaded = load_settings(os.environ)
    registry = load_registry(loaded.values.registry, Snapshots(loaded.places.snapshots))
    if category is not None and category not in registry.categories:
        raise UsageError(
            f"no category {category!r} in the registry", hint=f"there are: {', '.join(sorted(registry.categories))}"
        )
    spaces = [space for space in registry.spaces.values() if category in {None, space.category}]
    if presenter.json:
        presenter.object({"spaces": [space_as_json(space) for space in spaces]})
    elif presenter.quiet:
        for space in spaces:
            presenter.result(space.id)
    else:
        rows = [
            (space.id, space.category, f"{space.input_type} -> {space.output_type}", space.status, space.description)
            for space in spaces
        ]
        presenter.table(("ID", "CATEGORY", "IN -> OUT", "STATUS", "DESCRIPTION"), rows)


def space_as_json(space: Space) -> dict[str, object]:
    """Return the public JSON form of a Space: the keys of the registry's file, and where the entry comes from."""
    return {
        "id": space.id,
        "docker_image": space.docker_image,
        "description": space.description,
        "category": space.category,
        "input_type": space.input_type,
        "output_type": space.output_type,
        "port": space.port,
        "status": space.status,
        "space_id": space.space_id,
        "sdk": space.sdk,
        "app_file": space.app_file,
        "source": None if space.source is None else str(space.source),
        "endpoint": space.endpoint,
        "inputs": dict(space.inputs),
        "env": dict(space.env),
        "memory": space.memory_bytes,
        "cap_add": list(space.cap_add),
        "gpu": space.gpu,
        "digest": space.digest,
        "origin": space.origin,
    }
