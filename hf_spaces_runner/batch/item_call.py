"""Asks a Space about one item over a line that is open, and brings its answer into the batch's folder."""

import itertools
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from hf_spaces_runner.calling.caller import Session
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import ProgressCallback, ignore_progress
from hf_spaces_runner.domain.result import Attempt, CandidateKind, Output, OutputFile, Status, Timings
from hf_spaces_runner.explained_call import explained
from hf_spaces_runner.input_files import check_files
from hf_spaces_runner.planning.chain import inputs_for
from hf_spaces_runner.ready_space import ReadySpace
from hf_spaces_runner.results.process import ProcessedAnswer, process_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where calls of a batch get what they need besides the Space.

    `root` is the folder of the batch, `place_of` says where in it the files of an item go, `scratch` is the scratch
    directory. `check` raises where an item must not be sent at all.
    """

    root: Path
    place_of: Callable[[Item], Path]
    scratch: Path
    check: Callable[[Item], None]
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def folder(self) -> Path:
        """Return a new folder in the scratch directory."""
        folder = self.scratch / f"{next(self._numbers)}"
        folder.mkdir()
        return folder

    def clear_place(self, item: Item) -> Path:
        """Return where the files of `item` go; what a killed run left there is gone."""
        place = self.place_of(item)
        if place.exists():
            shutil.rmtree(place, ignore_errors=True)
        return place

    def result(self, name: str, processed: ProcessedAnswer, attempt: Attempt) -> ItemResult:
        """Return what `name` answered, with the paths of its files relative to the batch's folder."""
        return ItemResult(
            status=Status.OK,
            answered_by=name,
            text=processed.text,
            outputs=tuple(self._placed(output) for output in processed.outputs),
            files=tuple(self._placed_file(file) for file in processed.files),
            attempts=(attempt,),
            timings=attempt.timings,
        )

    def _placed(self, output: Output) -> Output:
        return output if output.path is None else replace(output, path=output.path.relative_to(self.root))

    def _placed_file(self, file: OutputFile) -> OutputFile:
        return replace(file, path=file.path.relative_to(self.root))


def call_of(hop: Hop, candidate: Candidate, item: Item) -> Call:
    """Return the call that asks the Space of `candidate`, to which `hop` leads, about `item`."""
    return replace(candidate.call, prompt=item.prompt, inputs=inputs_for(hop, item.inputs), explain=False)


def ask_item(
    session: Session,
    hop: Hop,
    candidate: Candidate,
    ready: ReadySpace,
    desk: Desk,
    item: Item,
    explain: ProgressCallback | None = None,
) -> ItemResult:
    """Return what the Space answers to `item`; `explain` is told how it is called, where somebody wants to know.

    Raises:
        UsageError: a file that goes in is not there any more.
        RunnerError: see `Session.call`; with what shows the cause.
    """
    check_files(item.inputs)
    desk.check(item)
    space, folder = candidate.space, desk.folder()
    started = time.monotonic()
    try:
        session.start_over()  # no item knows of another
        with explained(ready):
            deadline = Deadline.after(candidate.timeout_s, time.monotonic)
            call = replace(call_of(hop, candidate, item), explain=explain is not None)
            answer = session.call(call, folder, deadline, explain or ignore_progress)
        call_s = time.monotonic() - started
        processed = process_result(
            answer,
            category=space.category,
            output_type=space.output_type,
            output_directory=desk.clear_place(item),
            tables_as_files=True,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    attempt = Attempt(
        kind=CandidateKind.SPACE, name=space.id, status=Status.OK, timings=Timings(call_s=round(call_s, 4))
    )
    return desk.result(space.id, processed, attempt)
