"""`hfsr run`: reads what to run, shows how it goes on, prints the result."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from hf_spaces_runner.cli.chain_options import chain_options
from hf_spaces_runner.cli.common import command, duration, failure_as_json
from hf_spaces_runner.cli.container_options import container_options
from hf_spaces_runner.cli.folder_word import space_and_prompt
from hf_spaces_runner.cli.from_hub import from_hub_option
from hf_spaces_runner.cli.log_options import log_options
from hf_spaces_runner.cli.older_packages import trying_older_packages
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import EndableDisplay
from hf_spaces_runner.cli.run_inputs import read_inputs, read_prompt
from hf_spaces_runner.cli.show_plan import show_plan
from hf_spaces_runner.cli.show_result import attempt_as_json, show_result
from hf_spaces_runner.cli.stream import TextStream
from hf_spaces_runner.domain.request import Request
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
  hfsr run "Tell a story" --hf-space user/name --stream
  hfsr run --chat --hf-space user/chatbot
  APP_PASSWORD=... hfsr run hello --hf-space user/name --auth-user ada --secret APP_PASSWORD
  hfsr run "Keep it to yourself" --hf-space vader-sentiment --privacy-mode
  hfsr run "I love it" --hf-space vader-sentiment --dry-run
  hfsr run ./my-space "I love it"
  hfsr run "I love it" --from-hub user/name@main
"""


@command(name="run", epilog=EPILOG, short_help="Run a Space once and print what it answers.")
@click.argument("prompt", metavar="[FOLDER] [PROMPT]", required=False)
@click.argument("second", metavar="", required=False)
@click.option(
    "--hf-space", "space", metavar="SPACE", help="A registry id, user/name, a Space's URL, an image, or ./folder."
)
@from_hub_option(needs_space=False)
@click.option(
    "-i", "--input", "inputs", multiple=True, metavar="[NAME=]VALUE|[NAME=]@FILE", help="An input; repeatable."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Where output files go.")
@click.option("--endpoint", metavar="NAME", help="The function to call, where the Space has several.")
@click.option("--stream", "streams", is_flag=True, help="Print the answer while it comes.")
@click.option("--chat", "chats", is_flag=True, help="Go on with a message a line from stdin, until that ends.")
@click.option("--explain", is_flag=True, help="Say how the endpoint was chosen, and how it was called.")
@click.option("--auth-user", metavar="NAME", help="Log in to the Space itself; its password is a --secret.")
@click.option("--timeout", type=duration, metavar="TIME", help="Longest time for the call.  [default: 5m]")
@container_options
@chain_options
@log_options
@click.option("--keep", is_flag=True, help="Leave the Space up afterwards, and print where it listens.")
@click.option("--batch-mode", is_flag=True, help="Begin with a container, which serves many; for --inputs as well.")
@click.option(
    "--inputs",
    "items",
    multiple=True,
    metavar="INPUT",
    help="Run once for each: a file, folder, pattern, table; the same as hfsr batch.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and the docker run line; do nothing.")
def run(
    presenter: Presenter,
    *,
    prompt: str | None,
    second: str | None,
    space: str | None,
    inputs: tuple[str, ...],
    output: Path | None,
    endpoint: str | None,
    timeout: float | None,
    streams: bool,
    chats: bool,
    explain: bool,
    auth_user: str | None,
    keep: bool,
    batch_mode: bool,
    items: tuple[str, ...],
    dry_run: bool,
    asked: Request,
) -> None:
    """Run a Space once with PROMPT and inputs, print what it answers, and leave nothing behind.

    PROMPT goes to the first input that takes text; - reads it from stdin. Where FOLDER holds the source of a Space, it
    is built and run. Without FOLDER and --hf-space, the known Space that fits the words and files best is run, and
    named.
    """
    space, prompt = space_and_prompt(prompt, second, space)
    if space is None and (chats or dry_run or not (prompt or inputs)):
        raise UsageError("which Space? --hf-space is missing", hint="hfsr list shows the Spaces of the registry")
    if chats and prompt == "-":
        raise UsageError("with --chat the messages come from stdin, so the prompt cannot", hint="leave the - out")
    if items:
        from hf_spaces_runner.cli.batch import batch_of_run  # noqa: PLC0415 - few have many inputs

        limits = replace(asked.limits, timeout_s=timeout)
        many = replace(asked, space=space, endpoint=endpoint, limits=limits, auth_user=auth_user, explain=explain)
        batch_of_run(presenter, many, words=items, prompt=prompt, inputs=inputs, output=output, dry_run=dry_run)
        return
    request = replace(
        asked,
        space=space,
        batch_mode=batch_mode,
        prompt=read_prompt(prompt, None if sys.stdin is None else sys.stdin.buffer),
        inputs=read_inputs(inputs),
        endpoint=endpoint,
        output_directory=output,
        limits=replace(asked.limits, timeout_s=timeout),
        keep=keep,
        explain=explain,
        auth_user=auth_user,
    )
    if dry_run:
        with EndableDisplay(presenter) as display:
            show_plan(presenter, Runner(on_progress=display.show, command="hfsr run"), request)
        return
    if chats:
        from hf_spaces_runner.cli.chat import hold_chat  # noqa: PLC0415 - few want it

        hold_chat(presenter, request, streams=streams)
        return
    stream = TextStream(presenter) if streams and not presenter.json else None
    result = trying_older_packages(presenter, request, lambda wanted: _execute(presenter, wanted, stream))
    show_result(presenter, result, written=stream is not None and stream.finish(result.text))


def _execute(presenter: Presenter, request: Request, stream: TextStream | None) -> RunResult:
    attempts: list[Attempt] = []
    try:
        with EndableDisplay(presenter) as display:
            told = display.show if stream is None else stream.listen(display)
            return Runner(on_progress=told, on_attempt=attempts.append, command="hfsr run").execute(request)
    except RunnerError as error:
        if stream is not None:
            stream.finish(None)
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
