"""Runs one batch: items from their sources through the containers of a Space into the output folder, resumable."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

from hf_spaces_runner.batch.folder import BatchFolder, hold_batch_folder
from hf_spaces_runner.batch.item_call import Desk
from hf_spaces_runner.batch.item_dirs import ItemFolders, Traces
from hf_spaces_runner.batch.item_json import files_of_body, is_body, is_good, item_body
from hf_spaces_runner.batch.item_rescue import Rescue, failed_item
from hf_spaces_runner.batch.journal import RESUME_HINT, Journal
from hf_spaces_runner.batch.members import Workplace
from hf_spaces_runner.batch.pool import Known, Pool, failed_result
from hf_spaces_runner.batch.pool_state import PoolState
from hf_spaces_runner.batch.results_file import ResultsFile
from hf_spaces_runner.batch.sources.read_items import read_items
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.batch.staffing import Staffing
from hf_spaces_runner.batch.tally import Tally
from hf_spaces_runner.domain.batch_summary import BatchSummary, summary_as_json
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.secret import redact
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import InvalidInputError, NoSpaceLeftError, PolicyError, RunnerError
from hf_spaces_runner.fallback import hidden_secrets
from hf_spaces_runner.logs import logged_run
from hf_spaces_runner.orchestrator.scratch import scratch_directory
from hf_spaces_runner.planning.pool_policy import PoolRules, Stop
from hf_spaces_runner.runner import Begun, Runner

_COLUMNS_HINT = (
    "columns go to the inputs of their names: --columns text sends the column text alone, {text} fills it in"
)
_NOTHING_YET = PoolState(
    containers=(),
    waiting=0,
    again=0,
    done=0,
    failed=0,
    rate=None,
    starts=0,
    deaths=0,
    recycled=0,
    cold_starts_s=0.0,
    stopped=None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How a batch is run. `output` is its folder, `command` what others are told who want that folder meanwhile.

    `concurrency` is how many calls a container takes at a time, as many as the Space says where None. `in_order`:
    results stand in the order of the input. `resumes`: what an earlier run finished is not done again, but for what
    failed with `reruns_failed`. `item_dirs`: each item has a folder of its own. `falls_back`: an item that fails by
    itself is asked of those who follow the Space.
    """

    output: Path
    command: str = "library"
    rules: PoolRules = field(default_factory=PoolRules)
    concurrency: int | None = None
    in_order: bool = True
    resumes: bool = True
    reruns_failed: bool = False
    item_dirs: bool = False
    falls_back: bool = False
    deadline_s: float | None = None


class Batch:
    """One batch, for one run.

    Args:
        runner: starts the Space.
        request: what all items have in common; its prompt and inputs mean nothing here.
        sources: where the items come from.
        options: how it is run.
        total: how many items there will be, where that is known.
        on_progress: told how the first container comes up, and what people should know.
    """

    def __init__(
        self,
        runner: Runner,
        request: Request,
        sources: SourceSpec,
        options: BatchOptions,
        *,
        total: int | None = None,
        on_progress: ProgressCallback = ignore_progress,
    ) -> None:
        self._runner = runner
        self._request = request
        self._sources = replace(sources, exclude=(*sources.exclude, options.output))
        self._options = options
        self._on_progress = on_progress
        self._peak_bytes: int | None = None
        self._read = 0
        self._at_end = False
        self._claimed: dict[int, tuple[str, int]] = {}
        self._traces: dict[int, Traces] = {}
        self._pool: Pool | None = None
        self.tally = Tally(total)

    def state(self) -> PoolState:
        """Return how things stand with the containers; may be called from any thread."""
        return _NOTHING_YET if self._pool is None else self._pool.state()

    def run(self) -> BatchSummary:
        """Run it to its end; what was finished until then is kept whatever ends it.

        Raises:
            UsageError: there are no items, or the folder cannot be had.
            RunnerError: nobody could be started, or no longer; or the disk is full.
        """
        options = self._options
        fresh = not options.resumes
        deadline = None if options.deadline_s is None else Deadline.after(options.deadline_s, time.monotonic)
        with ExitStack() as stack:
            # All that can be wrong is found out before anything is put aside.
            named = [*self._sources.inputs, *([self._sources.prompts] if self._sources.prompts else [])]
            BatchFolder(options.output).refuse_as_input([path for path in map(_path, named) if path])
            items = read_items(self._sources)
            first = next(items)
            begun = self._begin(first)
            request = begun.request
            secrets = tuple(request.secrets.values())
            stack.enter_context(hidden_secrets(request))
            stack.enter_context(logged_run(begun.identity.run_id, secrets=secrets, privacy=request.privacy))
            folder = stack.enter_context(hold_batch_folder(options.output, command=options.command, fresh=fresh))
            self._warn_of_another(folder)
            results = stack.enter_context(ResultsFile(folder, in_order=options.in_order))
            journal = stack.enter_context(Journal.open(folder, rerun_failed=options.reruns_failed))
            scratch = stack.enter_context(
                scratch_directory(self._runner.settings.places.scratch, begun.identity.run_id)
            )
            folders = ItemFolders(folder) if options.item_dirs else None
            if folders is not None:
                folders.sweep()
            desk = Desk(
                root=folder.root,
                place_of=partial(self._place_of, folder),
                scratch=scratch,
                check=partial(self._check, request.privacy),
            )
            staffing = stack.enter_context(Staffing(self._workplace(begun, desk, deadline)))
            pool = Pool(
                staffing.open_worker,
                self._rules(),
                total=self.tally.total,
                deadline=deadline,
                failed=lambda item, error: _failed(item, error, staffing, request),
                on_note=lambda text: self._warn(redact(text, secrets)),
            )
            self._pool = pool
            entries = self._entries(chain((first,), items), folder, results, journal, staffing)
            try:
                with pool.run(entries) as finished:
                    for item, outcome in finished:
                        self._finish(item, outcome, results, journal, folders)
                journal.flush()
                results.close(whole=self._is_complete)
            except BaseException as error:
                if isinstance(error, NoSpaceLeftError) and str(folder.root) in error.message:
                    error.hint = RESUME_HINT  # it is this disk, not the engine's
                said = error.message if isinstance(error, RunnerError) else "interrupted"
                with suppress(RunnerError):  # such as the full disk that ended it
                    self._write_summary(folder, begun, self._summary(said))
                raise
            is_late = staffing.is_over and not self._is_complete
            summary = self._summary(str(Stop.DEADLINE) if is_late else None)
            self._write_summary(folder, begun, summary)
            return summary

    def _warn_of_another(self, folder: BatchFolder) -> None:
        sources = self._sources
        named = [str(word) for word in sources.inputs] or [f"--prompts {sources.prompts}"]
        # In ASCII: a file's name may be no UTF-8.
        before = folder.note_batch(ascii(f"{self._request.space} over {', '.join(named)}")[1:-1])
        if before is not None:
            said = f"{folder.root} holds another batch ({one_line(before, limit=120)}): results.jsonl is written anew"
            self._warn(f"{said}; what it had done stays in the journal, and -o names another folder")

    @property
    def _is_complete(self) -> bool:
        return self._at_end and self.tally.snapshot().done == self._read

    def _summary(self, stopped: str | None = None) -> BatchSummary:
        return self.tally.summary(
            self.state(), is_complete=self._is_complete, stopped=stopped, peak_memory_bytes=self._peak_bytes
        )

    def _write_summary(self, folder: BatchFolder, begun: Begun, summary: BatchSummary) -> None:
        folder.write_summary({"run_id": begun.identity.run_id, **summary_as_json(summary)})

    def _begin(self, first: Item) -> Begun:
        """Return who may answer, for a request like that for the first item: what it is decides who can."""
        wanted = replace(self._request, prompt=first.prompt, batch_mode=True)
        try:
            return self._runner.begin(replace(wanted, inputs=first.inputs))
        except InvalidInputError:  # one item that does not fit is no reason to ask about none
            return self._runner.begin(replace(wanted, inputs=()))

    def _rules(self) -> PoolRules:
        """Return the rules of the pool: those who are asked about single items need a slot for themselves."""
        rules = self._options.rules
        if not self._options.falls_back:
            return rules
        most = self._runner.settings.values.max_running - 1
        return replace(rules, max_containers=max(1, min(rules.max_containers, most)))

    def _warn(self, text: str) -> None:
        self._on_progress(Progress(phase=Phase.CALL, message=text, warning=True))

    def _workplace(self, begun: Begun, desk: Desk, deadline: Deadline | None) -> Workplace:
        return Workplace(
            answering=self._runner.answering,
            begun=begun,
            desk=desk,
            concurrency=self._options.concurrency,
            deadline=deadline,
            on_progress=self._on_progress,
            on_peak=self._note_peak,
            on_traces=self._note_traces if self._options.item_dirs else None,
            rescue=Rescue(self._runner, begun, desk) if self._options.falls_back else None,
            on_attempt=lambda attempt: self._runner.note(attempt, begun.identity.run_id),
        )

    def _entries(
        self, items: Iterator[Item], folder: BatchFolder, results: ResultsFile, journal: Journal, staffing: Staffing
    ) -> Iterator[Item | Known]:
        """Yield the items, those that an earlier run finished with what became of them.

        The first of the others starts the first container; where another Space is to answer then, its key counts.
        """
        for item in items:
            self._read += 1
            results.expect(item.index)
            while True:
                key = f"fault:{item.source}:{item.fault}" if item.fault else staffing.key_of(item)
                number, body = journal.claim(key or f"unreadable:{item.source}:{item.inputs!r}")
                self._claimed[item.index] = key or f"unreadable:{item.source}:{item.inputs!r}", number
                if body is not None and is_body(body) and folder.has(files_of_body(body)):
                    yield Known(item=item, body=body)
                    break
                if item.fault or not staffing.start():
                    if staffing.is_over:
                        return
                    yield item
                    break
        self._at_end = True

    def _finish(
        self,
        item: Item,
        outcome: ItemResult | bytes,
        results: ResultsFile,
        journal: Journal,
        folders: ItemFolders | None,
    ) -> None:
        key, number = self._claimed.pop(item.index)
        self.tally.add(item, outcome)
        traces = self._traces.pop(item.index, None)
        if isinstance(outcome, bytes):
            results.add(item, outcome)
            body = outcome
        else:
            body = item_body(outcome)
            journal.finish(key, number, body, ok=is_good(body), then=partial(results.add, item, body))
        if folders is not None:
            folders.write(item, body, traces)

    def _place_of(self, folder: BatchFolder, item: Item) -> Path:
        key, number = self._claimed[item.index]
        return folder.files_of(item.id, key, number)

    def _check(self, is_private: bool, item: Item) -> None:
        """Refuse to send what the rules of the settings want to stay here to a container that is not isolated."""
        if is_private:
            return
        why = self._runner.why_private(replace(self._request, prompt=item.prompt, inputs=item.inputs))
        if why is not None:
            raise PolicyError(
                f"{why}, and the batch is not private", hint="add --privacy-mode", verdict="needs_privacy"
            )

    def _note_peak(self, peak_bytes: int | None) -> None:
        if peak_bytes is not None:
            self._peak_bytes = max(self._peak_bytes or 0, peak_bytes)

    def _note_traces(self, item: Item, log: str | None, state: dict[str, object]) -> None:
        self._traces[item.index] = Traces(log=log, state=state)


def _failed(item: Item, error: RunnerError, staffing: Staffing, request: Request) -> ItemResult:
    """Return how `item` ended; where it has a fault nobody was asked about it."""
    if item.fault:
        return failed_result(item, error)
    failed = failed_item(error, staffing.hop, request)
    # Those of the command line are not the only ones: mostly a column has no input to go to.
    from_table = isinstance(error, InvalidInputError) and any(given.name in item.given for given in item.inputs)
    return replace(failed, hint=_COLUMNS_HINT) if from_table else failed


def _path(word: str | Path) -> Path | None:
    return None if word == "-" else Path(word)
