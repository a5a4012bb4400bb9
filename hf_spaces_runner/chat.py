"""Talks with one Space message by message, for as long as it is up."""

from dataclasses import replace
from typing import TYPE_CHECKING

from hf_spaces_runner.attempt import ask
from hf_spaces_runner.conversation import Conversation
from hf_spaces_runner.domain.request import Request

if TYPE_CHECKING:
    from hf_spaces_runner.results.process import ProcessedAnswer


class Chat:
    """A chat: the Space remembers what was said, as it does for a visitor of its page.

    Args:
        conversation: with the Space.
        request: what each message has besides its text: inputs, the endpoint.
        run_id: names the folder of output files, where the request names none.
    """

    def __init__(self, conversation: Conversation, request: Request, run_id: str) -> None:
        self._conversation = conversation
        self._request = request
        self._run_id = run_id

    def say(self, text: str) -> "ProcessedAnswer":
        """Return what the Space answers to `text`.

        Raises:
            RunnerError: the call failed; the chat may go on if the Space is still up.
        """
        call = replace(self._conversation.candidate.call, prompt=text)
        return ask(self._conversation, call, self._request.output_directory, self._run_id)
