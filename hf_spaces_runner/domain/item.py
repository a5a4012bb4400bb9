"""One item of a batch: what goes into the Space for it, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.result import Attempt, Output, OutputFile, Status, Timings


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What is asked of the Space once.

    `index` counts from 0 in the order in which items are read. `id` names it for people: a file's path below the folder
    that was given, or what a row calls itself; else the index. `source` says where it stands (`rows.csv:12`,
    `photos/a.jpg`). `fault` says why it cannot be asked (a broken line); then it has neither prompt nor inputs. `given`
    is what the source said, so that a failed item can be written down as a row and be given again.
    """

    index: int
    id: str
    source: str
    prompt: str | None = None
    inputs: tuple[InputValue, ...] = ()
    given: Mapping[str, object] = field(default_factory=dict)
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """How an item ended. `answered_by` names the Space or model that answered; None where nobody did.

    `error`, `verdict` and `hint` are those of the last attempt where all failed. Paths of files are relative to the
    batch's output folder.
    """

    status: Status
    answered_by: str | None = None
    text: str | None = None
    outputs: tuple[Output, ...] = ()
    files: tuple[OutputFile, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    timings: Timings = field(default_factory=Timings)
    error: str | None = None
    verdict: str | None = None
    hint: str | None = None
