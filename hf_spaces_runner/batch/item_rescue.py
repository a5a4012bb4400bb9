"""Says how an item failed, and asks those who follow the Space about it where the user wants that."""

import threading
from dataclasses import replace

from hf_spaces_runner.batch.item_call import Desk
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.result import Attempt, Status
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.fallback import hide_secrets
from hf_spaces_runner.results.process import ProcessedAnswer
from hf_spaces_runner.runner import Begun, Runner


def failed_item(error: RunnerError, hop: Hop, request: Request) -> ItemResult:
    """Return how an item ended that the Space of `hop` failed with `error` on; secrets of `request` are not in it."""
    hide_secrets(error, request)
    attempt = Attempt(
        kind=hop.kind,
        name=hop.name,
        status=Status.FAILED,
        error=error.message,
        verdict=error.verdict,
        hint=error.hint,
        evidence=error.evidence,
    )
    return ItemResult(
        status=Status.FAILED, attempts=(attempt,), error=error.message, verdict=error.verdict, hint=error.hint
    )


class Rescue:
    """Asks the others of the chain about single items, each in a run of its own, one at a time.

    Args:
        runner: runs them.
        begun: the batch's request.
        desk: where files go.
    """

    def __init__(self, runner: Runner, begun: Begun, desk: Desk) -> None:
        self._runner = runner
        self._begun = begun
        self._desk = desk
        self._lock = threading.Lock()
        self._failed: set[str] = set()

    def leave_out(self, name: str) -> None:
        """Ask nothing of `name` any more: it could not be started for the batch."""
        self._failed.add(name)

    def ask(self, item: Item, error: RunnerError, hop: Hop) -> ItemResult:
        """Return what another one answers to `item`, with which `hop` failed; the failure where none does."""
        failed = failed_item(error, hop, self._begun.request)
        request = replace(
            self._begun.request, prompt=item.prompt, inputs=item.inputs, output_directory=self._desk.clear_place(item)
        )
        try:
            with self._lock:
                result = self._runner.execute(request, without={*self._failed, hop.name})
        except RunnerError as another:
            last = replace(failed_item(another, hop, request).attempts[0], name="those who follow")
            return replace(failed, attempts=(*failed.attempts, last))
        answer = ProcessedAnswer(text=result.text, outputs=result.outputs, files=result.files)
        answered = self._desk.result(result.space, answer, result.attempts[-1])
        return replace(answered, attempts=(*failed.attempts, *result.attempts))
