"""Has a model in this process answer: found on this machine or fetched, loaded once, asked as a model server is."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.model import OwnModelState
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.local_models.folder import find_folder, weights_bytes
from hf_spaces_runner.local_models.obtain import Permission, Repository, obtain, why_not
from hf_spaces_runner.ready_space import Measured

if TYPE_CHECKING:
    from hf_spaces_runner.local_models.in_process import InProcessModel


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModel:
    """The model that the settings name for this process.

    `name` is a Hub id or a folder. `may_fetch`: the settings allow to fetch it. `is_offline`: the Hub is not to be
    asked. `repository` returns where it is fetched from; `free_memory` returns the machine's, in bytes.
    """

    name: str
    max_new_tokens: int
    may_fetch: bool
    is_offline: bool
    repository: Callable[[str], Repository]
    free_memory: Callable[[], int]

    def why_not(self, request: Request) -> str | None:
        """Return why it cannot answer `request`; None where it can, perhaps after it was fetched."""
        try:
            return why_not(self.name, self._permission(request))
        except RunnerError as error:
            return error.message

    def state(self) -> OwnModelState:
        """Return how it stands with it, for requests that allow nothing by themselves. The Hub is not asked."""
        found = None
        with suppress(RunnerError):
            found = find_folder(self.name)
        return OwnModelState(
            name=self.name,
            why_not=self.why_not(Request(space=None)),
            is_here=found is not None,
            size_bytes=None if found is None else weights_bytes(found),
        )

    def caller(self, request: Request, measured: Measured, on_progress: ProgressCallback) -> Caller:
        """Return what calls it, fetched now if it was not on this machine.

        Raises:
            RunnerError: it cannot be had; see `obtain`.
        """
        from hf_spaces_runner.calling.in_process import InProcessCaller  # noqa: PLC0415 - few runs get here

        with measured.phase(Phase.PULL):
            folder = obtain(self.name, self._permission(request), self.repository, on_progress)
        return InProcessCaller(
            lambda deadline: self._load(folder, deadline, measured, on_progress), max_new_tokens=self.max_new_tokens
        )

    def _load(
        self, folder: Path, deadline: Deadline, measured: Measured, on_progress: ProgressCallback
    ) -> "InProcessModel":
        from hf_spaces_runner.local_models.loading import load  # noqa: PLC0415 - few runs get here

        with measured.phase(Phase.READY):
            on_progress(Progress(phase=Phase.READY, message=f"loading the model {self.name}"))
            model = load(self.name, folder, deadline=deadline, free_memory_bytes=self.free_memory())
            on_progress(Progress(phase=Phase.READY, message=f"{self.name} is loaded: {model.room}", done=True))
        return model

    def _permission(self, request: Request) -> Permission:
        return Permission(
            is_allowed=self.may_fetch or request.may_fetch_model,
            privacy=request.privacy,
            is_offline=self.is_offline,
        )
