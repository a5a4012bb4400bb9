"""Decides whether the rules of the settings make a request private: by its words, or by the kinds of its files.

What a file holds is not looked at: a rule for its kind makes it private, and so does one for a word of its name.
Where it is not clear, a rule applies: a run that is more private than it had to be does no harm.
"""

import mimetypes
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from hf_spaces_runner.domain.privacy_rule import folded, has_unseen, privacy_kind, privacy_word
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.planning.input_kinds import kind_of_file

_PROMPT, _INPUT, _NAME = "the prompt", "an input", "the name of a file"
_DATA = re.compile(r"\s*data:([\w.+-]+/[\w.+-]+)?[;,]", re.ASCII | re.IGNORECASE)
_ADDRESS = re.compile(r"\s*https?://[^\s/]\S*\s*", re.ASCII | re.IGNORECASE)
_NOT_TOLD = "application/octet-stream"
_DEEPEST = 100
# Scripts that put no spaces between words, or hang endings on them: a word of theirs counts wherever it stands.
_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u11ff\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_WITHIN_A_WORD = rf"[^\W_{_UNSPACED}]"
_BETWEEN_WORDS = r"[\W_]+"
_JOINS_WORDS = re.compile(r"(?<=[^\W_])[\s_-]+(?=[^\W_])|\s+")
_CUTS_OF_NAMES = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


def why_private(request: Request, words: Collection[str], kinds: Collection[str]) -> str | None:
    """Return which rule makes `request` private, for people; None where none does.

    Of what goes in, the reason shows nothing but the word of the rule.

    Args:
        request: its prompt, values and names of files are looked at, and the addresses that a Space would fetch.
        words: words and phrases. They count as whole words, however their letters are written.
        kinds: kinds of files, or extensions. A file whose name does not tell its kind is of each.

    Raises:
        ValueError: a rule is none; see `privacy_word` and `privacy_kind`.
    """
    rules = [privacy_word(word) for word in words]
    if rules:
        for place, text in _texts(request):
            forms = _forms(text, is_name=place is _NAME)
            found = next((word for word in rules if any(_is_in(word, form) for form in forms)), None)
            if found is not None:
                return f"{place} has the word {found!r} of the setting privacy_words"
    for kind in map(privacy_kind, kinds):
        if any(_is_of(kind, *told) for told in _files(request)):
            return f"a file that goes in is of the kind {kind} of the setting privacy_kinds"
    return None


def _texts(request: Request) -> Iterator[tuple[str, str]]:
    """Yield every text that goes in, with where it stands."""
    if request.prompt is not None:
        yield _PROMPT, request.prompt
    for given in request.inputs:
        if given.path is not None:
            yield _NAME, given.path.name
        yield from ((_INPUT, text) for text in _strings(given.value))


def _files(request: Request) -> Iterator[tuple[str, str | None]]:
    """Yield the name of every file that goes in, and its media type where not the name, but something else tells it."""
    for given in request.inputs:
        if given.path is not None:
            yield given.path.name, None
    values = [request.prompt, *(text for given in request.inputs for text in _strings(given.value))]
    for value in values:
        if value is None:
            continue
        data = _DATA.match(value)
        if data is not None:
            media_type = (data[1] or "text/plain").lower()
            yield f"file{mimetypes.guess_extension(media_type, strict=False) or ''}", media_type
        elif _ADDRESS.fullmatch(value):
            yield _name_in(value.strip()), None


def _name_in(address: str) -> str:
    try:
        return PurePosixPath(urlsplit(address).path).name
    except ValueError:  # brackets that make no sense
        return ""


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts in `value`, which is JSON; the keys of objects, too."""
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _strings(key, depth + 1)
            yield from _strings(inner, depth + 1)
    elif depth < _DEEPEST and isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner, depth + 1)


def _forms(text: str, *, is_name: bool) -> set[str]:
    """Return the forms of `text` in which words are looked for."""
    # Words grow together in the names of files: PatientScan2.png has scan in it.
    written = {text, _CUTS_OF_NAMES.sub(" ", text)} if is_name else {text}
    # What nobody sees stands within a word, or between two.
    return {folded(form) for form in written} | {folded(form, unseen=" ") for form in written if has_unseen(form)}


def _is_in(word: str, form: str) -> bool:
    # Most texts do not even hold its letters, and that is soon found out.
    return _parts(word)[0] in form and _pattern(word).search(form) is not None


@lru_cache(maxsize=1024)
def _pattern(word: str) -> re.Pattern[str]:
    """Return what finds `word`, as `privacy_word` wrote it, in a text that was folded."""
    before = "" if _IS_UNSPACED.match(word[0]) or not word[0].isalnum() else f"(?<!{_WITHIN_A_WORD})"
    after = "" if _IS_UNSPACED.match(word[-1]) or not word[-1].isalnum() else f"(?!{_WITHIN_A_WORD})"
    return re.compile(before + _BETWEEN_WORDS.join(re.escape(part) for part in _parts(word)) + after)


def _parts(word: str) -> list[str]:
    # Who writes x-ray means x ray, too, and the other way round.
    return _JOINS_WORDS.split(word)


def _is_of(kind: str, name: str, media_type: str | None) -> bool:
    if kind == "file":
        return True
    if kind.startswith("."):
        return f"{kind}." in f"{folded(name)}."
    if media_type is not None:
        return media_type == _NOT_TOLD or media_type.partition("/")[0] == kind
    return kind_of_file(name) == kind or mimetypes.guess_type(name, strict=False)[0] in {None, _NOT_TOLD}
