"""Tells whether the first word of `hfsr run` is a prompt or the folder of a Space: `hfsr run ./my-space "text"`."""

import os
from pathlib import Path

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError


def space_and_prompt(first: str | None, second: str | None, space: str | None) -> tuple[str | None, str | None]:
    """Return the Space and the prompt that the words of `hfsr run` name; `space` is what `--hf-space` says.

    Where it says nothing, a first word that is a folder with a README.md is the Space, and the next word the prompt;
    so is one that begins like a path and has no blanks, which no prompt does.

    Raises:
        UsageError: there is a second word, and the first is no folder.
    """
    if first is not None and space is None and _is_folder(first):
        return first, second
    if second is not None:
        raise UsageError(
            f"unexpected extra argument {one_line(second, limit=40)!r}: a prompt of many words needs quotation marks",
            hint='hfsr run "all the words", or with the folder of a Space first, hfsr run ./my-space "text"',
        )
    return space, first


def _is_folder(word: str) -> bool:
    if (Path(word) / "README.md").is_file():
        return True
    return word.startswith((f".{os.sep}", f"..{os.sep}", f"~{os.sep}")) and not any(map(str.isspace, word))
