"""Finds out what each word of a batch stands for, and checks it before anything runs."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hf_spaces_runner.batch.sources.csv_table import open_csv
from hf_spaces_runner.batch.sources.entry import Source
from hf_spaces_runner.batch.sources.input_files import FolderFiles, OneFile
from hf_spaces_runner.batch.sources.jsonl_table import JsonlTable
from hf_spaces_runner.batch.sources.lines import open_lines
from hf_spaces_runner.batch.sources.parquet_table import open_parquet
from hf_spaces_runner.batch.sources.pattern import Pattern, parse_pattern
from hf_spaces_runner.batch.sources.prompt_lines import PromptLines
from hf_spaces_runner.batch.sources.shown import fault_of, shown, why_not
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.batch.sources.stdin_list import StdinList, StdinPrompts
from hf_spaces_runner.errors import UsageError

_JSONL, _CSV, _PARQUET = frozenset({".jsonl", ".ndjson"}), frozenset({".csv", ".tsv"}), frozenset({".parquet"})
_TABLES = _JSONL | _CSV | _PARQUET
_SOURCES = (
    "name files, folders, patterns in quotes ('photos/**/*.jpg'), tables, - for a list on stdin, or --prompts FILE"
)


def open_sources(spec: SourceSpec) -> tuple[Source, ...]:
    """Return the sources in the order in which they were given; a table that is empty is none.

    Raises:
        UsageError: nothing was given, something is not there or cannot be a source, a table cannot be read.
    """
    if not spec.inputs and spec.prompts is None:
        raise UsageError("no inputs", hint=_SOURCES)
    if spec.inputs and spec.prompts is not None:
        raise UsageError("inputs and --prompts: give one of them", hint="a table with a column prompt has both")
    if [str(word) for word in spec.inputs].count("-") > 1:
        raise UsageError("- stands for stdin, which can be read once, and is given twice")
    if spec.prompts is not None:
        return (_prompts(spec.prompts, spec.stdin),)
    return tuple(source for word in spec.inputs for source in _sources(word, spec))


def _prompts(path: Path, stdin: BinaryIO | None) -> Source:
    if str(path) == "-":
        return StdinPrompts(_open_stdin(stdin))
    fault = fault_of(path)
    if fault is not None:
        raise UsageError(f"--prompts {shown(path)}: {fault}")
    open_lines(path).close()
    return PromptLines(path)


def _sources(word: str | Path, spec: SourceSpec) -> Iterator[Source]:
    if word == "-":
        yield StdinList(_open_stdin(spec.stdin))
        return
    if not str(word):
        raise UsageError("an input is empty", hint=_SOURCES)
    path = _expanded(word)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        pattern = parse_pattern(str(path)) if isinstance(word, str) else None
        if pattern is None:
            raise UsageError(f"input {shown(path)} {why_not(error)}", hint=_SOURCES) from error
        yield from _of_pattern(pattern, shown(word), spec)
        return
    if stat.S_ISDIR(mode):
        yield FolderFiles(folder=path, leave_out=_left_out(spec), follow_outside=spec.allow_outside)
    elif stat.S_ISREG(mode):
        yield from _of_file(path, as_files=spec.as_files)
    else:
        raise UsageError(f"input {shown(path)} {fault_of(path)}", hint="a list can come on stdin: -")


def _of_file(path: Path, *, as_files: bool) -> Iterator[Source]:
    kind = path.suffix.lower()
    if as_files or kind not in _TABLES:
        yield OneFile(path)
    elif kind in _JSONL:
        open_lines(path).close()
        yield JsonlTable(path)
    elif kind in _PARQUET:
        yield open_parquet(path)
    elif (table := open_csv(path)) is not None:
        yield table


def _of_pattern(pattern: Pattern, word: str, spec: SourceSpec) -> Iterator[Source]:
    """Yield the files that a pattern means as one source, or each table if the pattern's name is one of a table."""
    files = FolderFiles(
        folder=pattern.folder, pattern=pattern, leave_out=_left_out(spec), follow_outside=spec.allow_outside
    )
    if not pattern.folder.is_dir() or next(files.entries(), None) is None:
        raise UsageError(
            f"no file is meant by {word}", hint="hidden files, and links that lead elsewhere, are left out"
        )
    if spec.as_files or Path(pattern.parts[-1]).suffix.lower() not in _TABLES:
        yield files
        return
    for entry in files.entries():
        if entry.file is None:
            raise UsageError(entry.fault or word)
        yield from _of_file(entry.file, as_files=False)


def _expanded(word: str | Path) -> Path:
    path = Path(word)
    if not str(word).startswith("~") or isinstance(word, Path) or os.path.lexists(path):
        return path
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise UsageError(f"input {shown(path)}: nobody of that name has a home directory here") from error


def _left_out(spec: SourceSpec) -> frozenset[str]:
    return frozenset(os.path.realpath(folder) for folder in spec.exclude)


def _open_stdin(stdin: BinaryIO | None) -> BinaryIO:
    if stdin is None:
        raise UsageError("- stands for stdin, which is closed")
    return stdin
