"""`hfsr run`: reads what to run, shows how it goes on, prints the result."""

import os
import sys
from pathlib import Path

import click

from hf_spaces_runner.cli.common import command, duration, failure_as_json, size
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import progress_display
from hf_spaces_runner.cli.run_inputs import read_environment, read_inputs, read_prompt, read_secrets
from hf_spaces_runner.cli.show_plan import show_plan
from hf_spaces_runner.cli.show_result import attempt_as_json, show_result
from hf_spaces_runner.domain.request import Limits, PullPolicy, Request
from hf_spaces_runner.domain.result import Attempt, RunResult
from hf_spaces_runner.errors import RunnerError, UsageError
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr run "I love it" --hf-space vader-sentiment
  hfsr run --hf-space sphinx-transcription -i @talk.wav --json
  hfsr run --hf-space face-detection -i image=@photo.jpg -o faces
  hfsr run "A cat" --hf-space user/name --endpoint /predict -i steps=20
  hfsr run "Translate me" --hf-space user/name --secret HF_TOKEN --memory 8g
  echo "I love it" | hfsr run - --hf-space vader-sentiment
  hfsr run "I love it" --hf-space vader-sentiment --dry-run
"""


@command(name="run", epilog=EPILOG, short_help="Run a Space once and print what it answers.")
@click.argument("prompt", required=False)
@click.option("--hf-space", "space", metavar="SPACE", help="A registry id, user/name, a Space's URL, or an image.")
@click.option(
    "-i", "--input", "inputs", multiple=True, metavar="[NAME=]VALUE|[NAME=]@FILE", help="An input; repeatable."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Where output files go.")
@click.option("--endpoint", metavar="NAME", help="The function to call, where the Space has several.")
@click.option("--memory", type=size, metavar="SIZE", help="Memory cap, such as 512m or 2g.  [default: 2g]")
@click.option("--cpus", type=click.FloatRange(min=0, min_open=True), metavar="N", help="CPU cap.")
@click.option("--gpus", metavar="all|N", help="GPUs to give to the Space.")
@click.option(
    "-e", "--env", "variables", multiple=True, metavar="NAME[=VALUE]", help="A variable for the Space; repeatable."
)
@click.option("--env-file", type=click.Path(path_type=Path), metavar="FILE", help="Variables, one NAME=VALUE a line.")
@click.option(
    "--secret", "secret_names", multiple=True, metavar="NAME", help="A variable whose value must appear nowhere."
)
@click.option(
    "--pull", type=click.Choice([policy.value for policy in PullPolicy]), help="When to ask the image registry."
)
@click.option("--timeout", type=duration, metavar="TIME", help="Longest time for the call.  [default: 5m]")
@click.option("--startup-timeout", type=duration, metavar="TIME", help="Longest time until ready.  [default: 10m]")
@click.option("--slot-timeout", type=duration, metavar="TIME", help="Longest wait for a free slot.  [default: 10m]")
@click.option("--read-only", is_flag=True, help="Give the container a read-only root; only /tmp is writable.")
@click.option("--keep", is_flag=True, help="Keep the container afterwards, and print where it listens.")
@click.option("--dry-run", is_flag=True, help="Print the plan and the docker run line; do nothing.")
def run(
    presenter: Presenter,
    *,
    prompt: str | None,
    space: str | None,
    inputs: tuple[str, ...],
    output: Path | None,
    endpoint: str | None,
    memory: int | None,
    cpus: float | None,
    gpus: str | None,
    variables: tuple[str, ...],
    env_file: Path | None,
    secret_names: tuple[str, ...],
    pull: str | None,
    timeout: float | None,
    startup_timeout: float | None,
    slot_timeout: float | None,
    read_only: bool,
    keep: bool,
    dry_run: bool,
) -> None:
    """Run a Space once with PROMPT and inputs, print what it answers, and leave nothing behind.

    PROMPT goes to the first input that takes text; - reads it from stdin.
    """
    if space is None:
        raise UsageError("which Space? --hf-space is missing", hint="hfsr list shows the Spaces of the registry")
    request = Request(
        space=space,
        prompt=read_prompt(prompt, None if sys.stdin is None else sys.stdin.buffer),
        inputs=read_inputs(inputs),
        endpoint=endpoint,
        output_directory=output,
        limits=Limits(
            memory_bytes=memory,
            cpus=cpus,
            gpus=gpus,
            timeout_s=timeout,
            startup_timeout_s=startup_timeout,
            slot_timeout_s=slot_timeout,
        ),
        environment=read_environment(variables, env_file, os.environ),
        secrets=read_secrets(secret_names, os.environ),
        pull=None if pull is None else PullPolicy(pull),
        read_only=read_only,
        keep=keep,
    )
    if dry_run:
        show_plan(presenter, Runner(), request)
        return
    result = _execute(presenter, request)
    show_result(presenter, result)


def _execute(presenter: Presenter, request: Request) -> RunResult:
    attempts: list[Attempt] = []
    try:
        with progress_display(presenter) as on_progress:
            return Runner(on_progress=on_progress, on_attempt=attempts.append).execute(request)
    except RunnerError as error:
        if presenter.json:
            presenter.failure(error)
            presenter.object(
                {
                    **failure_as_json(error),
                    "space": request.space,
                    "attempts": [attempt_as_json(item) for item in attempts],
                }
            )
            click.get_current_context().exit(error.exit_code)
        raise
