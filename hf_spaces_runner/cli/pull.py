"""`hfsr pull`: has a Space's image ready before it is needed."""

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.from_hub import from_hub_option
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import progress_display
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr pull vader-sentiment
  hfsr pull user/name
  hfsr pull --from-hub user/name
  hfsr pull registry.hf.space/user-name:latest --pull missing
"""


@command(name="pull", epilog=EPILOG, short_help="Pull or build the image of a Space.")
@click.argument("space", required=False)
@from_hub_option()
@click.option(
    "--pull",
    "policy",
    type=click.Choice([policy.value for policy in PullPolicy]),
    default=PullPolicy.ALWAYS.value,
    help="missing asks the image registry only if the image is not here.  [default: always]",
)
def pull(presenter: Presenter, *, space: str, policy: str) -> None:
    """Pull the image of SPACE, or build it from its source, without running it."""
    with progress_display(presenter) as on_progress:
        image = Runner(on_progress=on_progress).pull(space, PullPolicy(policy))
    if presenter.json:
        presenter.object(
            {"image": image.reference, "id": image.id, "image_digest": image.digest, "bytes": image.size_bytes}
        )
    elif presenter.human:
        presenter.result(f"{image.reference}  {format_size(image.size_bytes)}  {image.digest or image.id}")
    else:
        presenter.result(image.reference)
