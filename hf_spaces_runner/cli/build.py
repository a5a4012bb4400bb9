"""`hfsr build`: builds the image of a Space from its folder, or shows the Dockerfile that it would be built by."""

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import progress_display
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.request import PullPolicy, Request
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr build ./my-space
  hfsr build ./my-space --dry-run
  hfsr build vader-sentiment
"""


@command(name="build", epilog=EPILOG, short_help="Build the image of a Space from its folder.")
@click.argument("space", metavar="FOLDER")
@click.option("--dry-run", is_flag=True, help="Print the Dockerfile; build nothing.")
def build(presenter: Presenter, *, space: str, dry_run: bool) -> None:
    """Build the Space in FOLDER as the Hub would, and print the name of its image.

    One that is built already is not built again. A Space of the registry that has a source folder may be named as well.
    """
    with progress_display(presenter) as on_progress:
        runner = Runner(on_progress=on_progress, command="hfsr build")
        found = runner.find(space)
        if found.source is None:
            raise UsageError(
                f"{found.id} is not built from a folder: its image is pulled, as {found.docker_image}",
                hint=f"hfsr pull {space} gets it; a folder is named like ./my-space",
            )
        if dry_run:
            plan = runner.plan(Request(space=space)).candidates[0].image.build
            assert plan is not None  # noqa: S101 - it has a source
            _show_plan(presenter, plan)
            return
        image = runner.pull(space, PullPolicy.MISSING)
    if presenter.json:
        presenter.object({"space": found.id, "image": image.reference, "id": image.id, "bytes": image.size_bytes})
    elif presenter.human:
        presenter.result(f"{image.reference}  {format_size(image.size_bytes)}")
    else:
        presenter.result(image.reference)


def _show_plan(presenter: Presenter, plan: BuildPlan) -> None:
    if presenter.json:
        presenter.object(
            {
                "image": plan.tag,
                "base_image": plan.base_image,
                "python_version": plan.python_version,
                "dockerfile": plan.dockerfile,
                "files": list(plan.files),
            }
        )
        return
    presenter.result(plan.dockerfile.removesuffix("\n"))
    presenter.note(f"It would be built as {plan.tag}, with {len(plan.files):,} files.")
