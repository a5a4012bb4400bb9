"""Reads the flag forms: a prompt without `run`, `--list-spaces`, `--cleanup-cache` and the like."""

import difflib
from collections.abc import Collection, Sequence

_FLAG_FORMS = {
    "--list-spaces": "list",
    "--discover-spaces": "discover",
    "--cleanup-cache": "cleanup",
    "--tier-status": "status",
}
_OF_THE_GROUP = frozenset({"-h", "--help", "--version"})
_SPACE_OPTIONS = ("--hf-space", "--from-hub")


def canonical_arguments(arguments: Sequence[str], *, commands: Collection[str]) -> list[str]:
    """Return `arguments` with the command that a flag form stands for written out.

    `hfsr lst` stays as it is, so that the nearest command can be named, rather than be taken for the prompt "lst".
    """
    words = list(arguments)
    for flag, command in _FLAG_FORMS.items():
        if flag in words[: _first_value(words)]:
            words.remove(flag)
            return [command, *words]
        if words and words[0].startswith(f"{flag}="):
            return [command, words[0].removeprefix(f"{flag}="), *words[1:]]
    if not words or words[0] in commands or words[0] in _OF_THE_GROUP:
        return words
    names_space = any(word.partition("=")[0] in _SPACE_OPTIONS for word in words)
    if not names_space and len(words) == 1 and difflib.get_close_matches(words[0], commands, n=1):
        return words
    if words[0] in {"-v", "--verbose"} and len(words) > 1 and words[1] in commands:
        return [words[1], words[0], *words[2:]]
    return ["run", *words]


def _first_value(words: Sequence[str]) -> int:
    """Return where the options end: a flag form behind a lone `--` is a prompt."""
    return words.index("--") if "--" in words else len(words)
