"""`hfsr build`: builds the image of a Space from its folder, or shows the Dockerfile that it would be built by."""

from dataclasses import replace

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.container_options import variable_options
from hf_spaces_runner.cli.from_hub import from_hub_option
from hf_spaces_runner.cli.older_packages import trying_older_packages
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import progress_display
from hf_spaces_runner.domain.image import BuildPlan, Image
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.domain.request import PullPolicy, Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.build_python import SOURCE_FOLDER
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr build ./my-space
  hfsr build ./my-space --dry-run
  hfsr build ./my-space -e MODEL=user/name
  hfsr build vader-sentiment
  hfsr build --from-hub user/name@v1.0
  hfsr build ./old-space --as-of 2023-07-01
"""


@command(name="build", epilog=EPILOG, short_help="Build the image of a Space from its folder.")
@click.argument("space", metavar="[FOLDER]", required=False)
@from_hub_option()
@click.option("--dry-run", is_flag=True, help="Print the Dockerfile; build nothing.")
@variable_options
def build(presenter: Presenter, *, space: str, dry_run: bool, asked: Request) -> None:
    """Build the Space in FOLDER as the Hub would, and print the name of its image.

    One that is built already is not built again. A Space of the registry that has a source folder may be named as well.
    Variables (-e, --env-file) that its Dockerfile declares with ARG are build arguments, and stay in the image. A
    secret is there for the steps that mount it (RUN --mount=type=secret,id=NAME), and stays nowhere.

    An old Space whose requirements name no versions may need the packages of its day: --as-of DATE takes them. Where
    packages contradict each other, a terminal is asked whether to take those of the day of the last commit.
    """
    if dry_run:
        with progress_display(presenter) as on_progress:
            runner, _ = _found(space, on_progress)
            plan = runner.plan(replace(asked, space=space)).candidates[0].image.build
        assert plan is not None  # noqa: S101 - it has a source
        _show_plan(presenter, plan)
        return
    found, image = trying_older_packages(presenter, asked, lambda wanted: _build(presenter, space, wanted))
    if presenter.json:
        presenter.object({"space": found.id, "image": image.reference, "id": image.id, "bytes": image.size_bytes})
    elif presenter.human:
        presenter.result(f"{image.reference}  {format_size(image.size_bytes)}")
    else:
        presenter.result(image.reference)


def _found(space: str, on_progress: ProgressCallback) -> tuple[Runner, Space]:
    runner = Runner(on_progress=on_progress, command="hfsr build")
    found = runner.find(space, asks_hub=True)
    if found.source is None:
        raise UsageError(
            f"{found.id} is not built from a folder: its image is pulled, as {found.docker_image}",
            hint=f"hfsr pull {space} gets it; --from-hub USER/NAME builds its source, ./my-space that in a folder",
        )
    return runner, found


def _build(presenter: Presenter, space: str, asked: Request) -> tuple[Space, Image]:
    env = {name: value for name, value in asked.environment.items() if name not in asked.secrets}
    with progress_display(presenter) as on_progress:
        runner, found = _found(space, on_progress)
        image = runner.pull(
            space, PullPolicy.MISSING, env=env, secrets=asked.secrets, builder=asked.builder, as_of=asked.as_of
        )
    return found, image


def _show_plan(presenter: Presenter, plan: BuildPlan) -> None:
    if presenter.json:
        presenter.object(
            {
                "image": plan.tag,
                "base_image": plan.base_image,
                "python_version": plan.python_version,
                "dockerfile": plan.dockerfile,
                "files": [*plan.files, *plan.links],
                "context": {name: str(path) for name, path in plan.files.items()},
                "warnings": list(plan.warnings),
                "notes": list(plan.notes),
            }
        )
        return
    presenter.result(plan.dockerfile.removesuffix("\n"))
    for warning in plan.warnings:
        presenter.warning(warning)
    presenter.note(
        f"It would be built as {plan.tag}, with {len(plan.files) + len(plan.links):,} files. {_context(plan)}"
    )
    for note in plan.notes:
        presenter.note(note)


def _context(plan: BuildPlan) -> str:
    """Return what docker build needs beside the Dockerfile."""
    beside = [name for name in plan.files if not name.startswith(f"{SOURCE_FOLDER}/")]
    if len(beside) == len(plan.files):
        return "Its context is the folder."
    own = f", and beside it {', '.join(beside)}" if beside else ""
    return f"Its context is the folder as {SOURCE_FOLDER}/{own}; --json says where each file lies."
