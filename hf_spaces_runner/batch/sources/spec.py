"""What a batch is to read, as it was asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hf_spaces_runner.domain.request import InputValue

MAX_LINE_BYTES = 16 * 1024**2
"""A line, or a row of several lines, that is longer becomes a failed item: what is read of it at once stays bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """The sources of a batch and which of their items are wanted.

    `inputs` are words of the command line: files, folders, patterns (`**`), tables, `-` for a list on `stdin`; a `Path`
    is never a pattern. Files whose names end in `.jsonl`, `.ndjson`, `.csv`, `.tsv` or `.parquet` are tables, an item a
    row, unless `as_files`; in folders all files are input files. `prompts` is a file with a prompt a line (`-`: stdin).

    `prompt` and the texts of `constants` are templates: `{column}`; what they use is not sent for itself. `constants`
    come with each item and win over columns of the same name. Of a row only `columns` are sent, where they are named;
    templates may use the others all the same. A table names files (`@path`) below its own folder only,
    one on stdin below the current folder, unless `allow_outside`; that also lets in links that lead out of a folder.

    `shuffle` comes first, then `offset`, then `limit`, so that the two together draw a sample. The same `seed` over the
    same sources gives the same order. `exclude` are folders that are left out wherever they are met: the batch's own
    output.
    """

    inputs: tuple[str | Path, ...] = ()
    prompts: Path | None = None
    prompt: str | None = None
    constants: tuple[InputValue, ...] = ()
    columns: tuple[str, ...] = ()
    as_files: bool = False
    allow_outside: bool = False
    limit: int | None = None
    offset: int = 0
    shuffle: bool = False
    seed: int = 0
    exclude: tuple[Path, ...] = ()
    stdin: BinaryIO | None = None
