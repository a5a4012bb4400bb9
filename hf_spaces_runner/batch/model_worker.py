"""Asks a language model about the items of a batch where no container can be."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from hf_spaces_runner.attempt import Answered
from hf_spaces_runner.batch.item_call import Desk
from hf_spaces_runner.batch.worker import WorkerSession
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.result import Attempt, Status
from hf_spaces_runner.errors import CallError
from hf_spaces_runner.ready_space import Measured

AskModel = Callable[[Request, Measured], Answered]
"""Has the model answer a request."""


class ModelWorker:
    """The model of `hop` as if it were a container, which nobody starts and nobody ends. See `Worker`.

    Args:
        hop: leads to the model.
        request: what each item has besides its own inputs.
        ask: has the model answer a request.
        concurrency: how many calls it takes at a time.
        desk: what calls need besides the model.
    """

    cold_start_s = 0.0

    def __init__(
        self,
        hop: Hop,
        request: Request,
        ask: AskModel,
        *,
        concurrency: int,
        desk: Desk,
    ) -> None:
        self.name = hop.name
        self.concurrency = concurrency
        self._hop = hop
        self._request = request
        self._ask = ask
        self._desk = desk
        self._aborted = False

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave it as it is."""

    @contextmanager
    def session(self) -> Iterator[WorkerSession]:
        """Yield a line to it."""
        yield self

    def call(self, item: Item) -> ItemResult:
        """Return what the model answers to `item`."""
        if self._aborted:
            raise CallError(f"{self.name} is asked no more: the batch is over", verdict="batch_over")
        self._desk.check(item)
        measured, started = Measured(), time.monotonic()
        wanted = replace(
            self._request, prompt=item.prompt, inputs=item.inputs, output_directory=self._desk.clear_place(item)
        )
        answered = self._ask(wanted, measured)
        timings = replace(measured.timings(), call_s=round(time.monotonic() - started, 4))
        attempt = Attempt(kind=self._hop.kind, name=self.name, status=Status.OK, timings=timings)
        return self._desk.result(self.name, answered.processed, attempt)

    def is_alive(self) -> bool:
        """Whether it may be asked: nobody here watches over it."""
        return not self._aborted

    def memory_share(self) -> float:
        """How much of a memory cap it uses: it has none."""
        return 0.0

    def abort(self) -> None:
        """Let it be asked no more; a call that is under way ends by itself."""
        self._aborted = True
