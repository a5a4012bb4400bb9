"""Talks with one Space message by message, for as long as it is up."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from hf_spaces_runner.attempt import ask
from hf_spaces_runner.conversation import Conversation
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.errors import PolicyError

if TYPE_CHECKING:
    from hf_spaces_runner.results.process import ProcessedAnswer


class Chat:
    """A chat: the Space remembers what was said, as it does for a visitor of its page.

    Args:
        conversation: with the Space.
        request: what each message has besides its text: inputs, the endpoint.
        run_id: names the folder of output files, where the request names none.
        why_private: returns why what a request says must not be said but in privacy, None where it may be.
    """

    def __init__(
        self,
        conversation: Conversation,
        request: Request,
        run_id: str,
        why_private: Callable[[Request], str | None] = lambda _: None,
    ) -> None:
        self._conversation = conversation
        self._request = request
        self._run_id = run_id
        self._why_private = why_private

    def say(self, text: str) -> "ProcessedAnswer":
        """Return what the Space answers to `text`.

        Raises:
            PolicyError: the settings want privacy for it, and the Space is not in privacy; nothing was sent.
            RunnerError: the call failed; the chat may go on if the Space is still up.
        """
        why = None if self._request.privacy else self._why_private(replace(self._request, prompt=text))
        if why is not None:
            raise PolicyError(
                f"not sent, as {why}, and this Space is not in privacy mode",
                hint="begin a new chat with --privacy-mode",
                verdict="needs_privacy",
            )
        call = replace(self._conversation.candidate.call, prompt=text)
        return ask(self._conversation, call, self._request.output_directory, self._run_id)
