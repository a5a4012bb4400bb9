"""Reads the rules of the settings that switch privacy mode on: words, and kinds of files."""

import re
import unicodedata

KINDS = ("image", "audio", "video", "text", "file")
"""The kinds that a rule may name; `file` is every file."""

_MAX_LENGTH = 200
_EXTENSION = re.compile(r"(?:\.[^\s./\\]+)+")
# What nobody sees (Unicode: Default_Ignorable_Code_Point): soft hyphens, joiners, directions, selectors, tags.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)

# One sign has many forms, which Unicode keeps apart: apostrophes, and what joins two words.
_SIGNS = str.maketrans(
    {**dict.fromkeys("\u2018\u2019\u02bc\u055a", "'"), **dict.fromkeys("\u2010\u2012\u2013\u2212", "-")}
)


def folded(text: str, *, unseen: str = "") -> str:
    """Return `text` in the form in which rules are compared: all ways to write the same are one, and case is none.

    That is Unicode's NFKC_Casefold, with `unseen` in place of each run of characters that nobody sees, and one form of
    apostrophes and hyphens.
    """
    if text.isascii():
        return text.lower()
    seen = _UNSEEN.sub(unseen, text)
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", seen).casefold())
    return unicodedata.normalize("NFKC", once.casefold()).translate(_SIGNS)


def has_unseen(text: str) -> bool:
    """Return whether `text` holds characters that nobody sees."""
    return not text.isascii() and _UNSEEN.search(text) is not None


def privacy_word(text: str) -> str:
    """Return the word or phrase that `text` names, as `folded` writes it, with single spaces.

    Raises:
        ValueError: it is none; the message says why, for people.
    """
    word = " ".join(folded(text).split())
    if not any(character.isalnum() for character in word):
        raise ValueError("a word of privacy_words has a letter or a digit")
    if len(word) > _MAX_LENGTH or not word.isprintable():
        raise ValueError(f"a word of privacy_words is printable, and has {_MAX_LENGTH} characters at most")
    return word


def privacy_kind(text: str) -> str:
    """Return the kind of files that `text` names: one of `KINDS`, or an extension with its dot, as `folded` writes it.

    Raises:
        ValueError: it is neither; the message says what it may be, for people.
    """
    kind = folded(text).strip()
    if kind in KINDS:
        return kind
    if _EXTENSION.fullmatch(kind) and kind.isprintable() and len(kind) <= _MAX_LENGTH:
        return kind
    near = f"; did you mean .{kind}?" if _EXTENSION.fullmatch(f".{kind}") and kind.isprintable() else ""
    raise ValueError(f"a kind of privacy_kinds is {', '.join(KINDS)}, or an extension such as .pdf{near}")
