"""`hfsr registry check`: asks image registries whether the images of Spaces are there, without pulling them."""

import os
from collections.abc import Sequence
from itertools import islice

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.counted import counted_progress
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.show_space import reference_of
from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr registry check
  hfsr registry check whisper-transcription user/name
  hfsr registry check --discovered --json
"""
_MOST = 100_000


@command(name="check", epilog=EPILOG, short_help="Ask image registries for the images of Spaces.")
@click.argument("references", nargs=-1, metavar="[SPACE]...")
@click.option("--discovered", is_flag=True, help="Also the Spaces that were found on the Hub.")
def check(presenter: Presenter, *, references: Sequence[str], discovered: bool) -> None:
    """Ask for the image of each SPACE, or of all in the registry, without pulling it: there, how large, for whom.

    Eight are asked for at a time, with the login of docker login where there is one. The status of the entries
    follows what was found. Exits with 1 if an image cannot be had.
    """
    from hf_spaces_runner.image_checks import check_spaces  # noqa: PLC0415 - it loads what speaks HTTP

    settings = load_settings(os.environ)
    known = KnownSpaces(settings, os.environ, on_warning=presenter.warning, on_note=presenter.note)
    if references:
        chosen = [known.find(reference, asks_hub=True) for reference in references]
    else:
        all_known = (space for space in known.registry.spaces() if discovered or space.origin != "discovered")
        chosen = list(islice(all_known, _MOST))
    built = [space for space in chosen if space.source is not None]
    pulled = [space for space in chosen if space.source is None]
    checks: list[tuple[Space, ImageCheck]] = []
    with counted_progress(presenter, "Checking", len(pulled)) as advance:

        def note(space: Space, found: ImageCheck) -> None:
            checks.append((space, found))
            advance()

        check_spaces(pulled, settings=settings, environment=os.environ, discovered=known.discovered, on_checked=note)
    order = {space.id: place for place, space in enumerate(pulled)}
    checks.sort(key=lambda one: order[one[0].id])  # as they were asked for, not as they were answered
    _show(presenter, checks, built)
    if any(found.status is not ImageStatus.AVAILABLE for _, found in checks):
        click.get_current_context().exit(1)


def _show(presenter: Presenter, checks: Sequence[tuple[Space, ImageCheck]], built: Sequence[Space]) -> None:
    if presenter.json:
        presenter.object(
            {
                "checks": [
                    {
                        "space": reference_of(space),
                        "image": found.image,
                        "status": found.status,
                        "digest": found.digest,
                        "compressed_bytes": found.compressed_bytes,
                        "architectures": list(found.architectures),
                        "message": found.message,
                    }
                    for space, found in checks
                ],
                "built_here": [space.id for space in built],
            }
        )
        return
    rows = [
        (
            reference_of(space),
            str(found.status),
            "" if found.compressed_bytes is None else format_size(found.compressed_bytes),
            ", ".join(found.architectures),
            found.message,
        )
        for space, found in checks
    ]
    presenter.table(("SPACE", "IMAGE", "TO PULL", "MADE FOR", "SAID"), rows)
    if built:
        presenter.note(f"Built here, so nobody was asked: {', '.join(space.id for space in built)}")
