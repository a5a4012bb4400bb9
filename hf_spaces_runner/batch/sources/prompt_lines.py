"""Reads a file of prompts: one a line, blank lines left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.batch.sources.entry import PROMPT_KEY, Entry
from hf_spaces_runner.batch.sources.lines import TOO_LONG, Line, count_lines, open_lines, read_lines
from hf_spaces_runner.batch.sources.shown import shown


@dataclass(frozen=True, slots=True)
class PromptLines:
    """A text file, a prompt a line."""

    path: Path

    @property
    def name(self) -> str:
        """The path, safe to print."""
        return shown(self.path)

    @property
    def columns(self) -> tuple[str, ...]:
        """The line is the column `prompt`."""
        return (PROMPT_KEY,)

    def entries(self) -> Iterator[Entry]:
        """Yield a prompt a line; see `Source`."""
        with open_lines(self.path) as stream:
            for line in read_lines(stream, offset=stream.tell()):
                if line.data is None or line.data.strip():
                    yield prompt_entry(line, shown(self.path))

    def entry_at(self, offset: int, line: int) -> Entry:
        """Return the prompt that begins there; see `SeekableSource`."""
        with open_lines(self.path) as stream:
            stream.seek(offset)
            found = next(read_lines(stream, offset=offset, number=line), Line(line, offset, b""))
        return prompt_entry(found, shown(self.path))

    def count(self) -> int | None:
        """Return the number of lines."""
        return count_lines(self.path)


def prompt_entry(line: Line, name: str) -> Entry:
    """Return the entry that a line of text stands for."""
    source = f"{name}:{line.number}"
    if line.data is None:
        return Entry(source=source, fault=f"{source}: the line is {TOO_LONG}", offset=line.offset, line=line.number)
    try:
        text = line.data.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        fault = f"{source}: it is not UTF-8 (byte {error.start + 1} of the line)"
        start = line.data[:1000].decode("utf-8", errors="replace").rstrip()
        return Entry(source=source, fault=fault, text=start, offset=line.offset, line=line.number)
    return Entry(source=source, row={PROMPT_KEY: text}, offset=line.offset, line=line.number)
