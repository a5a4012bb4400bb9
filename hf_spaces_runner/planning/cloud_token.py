"""Decides who may see the user's Hub token: the Hub's own hosts, over https, and nobody who only looks like them."""

import re

TOKEN = "HF_TOKEN"  # noqa: S105 - a name, not a token
"""The secret whose value is a token of the Hub."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOSTS = rf"(?:huggingface\.co|router\.huggingface\.co|{_LABEL}\.hf\.space)"
_REST = r"(?:[/?#][!-\[\]-~]*)?"
"""Printable ASCII, but for the backslash, which some read as a slash."""

_MAY_SEE = re.compile(rf"https://{_HOSTS}(?::443)?{_REST}")


def may_see_token(url: str) -> bool:
    """Return whether a token may go to `url`.

    The whole address must be as we write it ourselves, in small letters: then no two parsers can read it differently.
    """
    return _MAY_SEE.fullmatch(url) is not None
