"""`hfsr run --chat`: a line from stdin is a message, and the Space remembers the ones before."""

import sys
from collections.abc import Iterator

from hf_spaces_runner.chat import Chat
from hf_spaces_runner.cli.common import failure_as_json
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import EndableDisplay
from hf_spaces_runner.cli.show_result import show_answer
from hf_spaces_runner.cli.stream import TextStream
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.errors import AnswerError, InvalidInputError, PolicyError, SpaceFailedError
from hf_spaces_runner.runner import Runner


def hold_chat(presenter: Presenter, request: Request, *, streams: bool) -> None:
    """Talk with the Space of `request` until stdin ends; its prompt, if there is one, is the first message.

    What the Space's own code does not like, and what must not be sent, ends that message, and not the chat.

    Raises:
        RunnerError: the Space could not be started, or is gone.
    """
    stream = TextStream(presenter)
    with EndableDisplay(presenter) as display:
        told = stream.listen(display) if streams and not presenter.json else display.show
        with Runner(on_progress=told, command="hfsr run --chat").chat(request) as chat:
            display.end()
            _talk(presenter, chat, stream, request.prompt)


def _talk(presenter: Presenter, chat: Chat, stream: TextStream, first: str | None) -> None:
    if presenter.human:
        presenter.note("Write a message and press Enter; Ctrl-D ends the chat.")
    for text in _messages(first, asks=presenter.human and not presenter.quiet):
        try:
            answer = chat.say(text)
        except (SpaceFailedError, InvalidInputError, AnswerError, PolicyError) as error:
            stream.finish(None)
            presenter.failure(error)
            if presenter.json:
                presenter.object({"prompt": text, **failure_as_json(error)})
            continue
        show_answer(presenter, text, answer, written=stream.finish(answer.text))


def _messages(first: str | None, *, asks: bool) -> Iterator[str]:
    if first is not None:
        yield first
    while True:
        if asks:
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            if asks:
                sys.stderr.write("\n")
            return
        if line.strip():
            yield line.rstrip("\n")
