"""Reads the words of `hfsr batch`: which of them is the prompt, and where the results go."""

import glob
import re
from pathlib import Path

from hf_spaces_runner.domain.safe_name import safe_name
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError

_STDIN = "-"
_LIKE_A_PATH = re.compile(r"[^\s{}]*(?:/[^\s{}]*|\.[A-Za-z0-9]{1,8})")


def split_words(words: tuple[str, ...], prompt: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the prompt and the inputs that `words` are: the first of them is the prompt unless it is an input.

    An input is there, is a pattern that something matches, or is `-`. `prompt` is what `--prompt` says; then all words
    are inputs.

    Raises:
        UsageError: the first word looks like a path, and nothing is there.
    """
    if prompt is not None or not words or _is_input(words[0]):
        return prompt, words
    if _LIKE_A_PATH.fullmatch(words[0]):
        raise UsageError(
            f"input {one_line(words[0])} does not exist", hint="if it is the prompt, give it with --prompt"
        )
    return words[0], words[1:]


def output_folder(named: Path | None, space: str) -> Path:
    """Return where the results go: the same folder each time, so that the same command goes on where it was.

    Raises:
        UsageError: nothing is named, or the root of the file system.
    """
    if named is not None and (not named.name and named.is_absolute()):
        raise UsageError(f"-o {named}: results go into a folder of their own", hint="name one, as in -o results")
    return Path(f"hfsr-batch-{safe_name(space.rstrip('/').rpartition('/')[2], 'space')}") if named is None else named


def _is_input(word: str) -> bool:
    if word == _STDIN:
        return True
    try:
        there = Path(word).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        there = False
    return there or (any(sign in word for sign in "*?[") and next(glob.iglob(word, recursive=True), None) is not None)  # noqa: PTH207
