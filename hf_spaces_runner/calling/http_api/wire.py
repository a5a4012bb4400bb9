"""Encodes values for the wire: paths, queries and bodies, whatever characters a user or a schema puts into them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from hf_spaces_runner.errors import InvalidInputError

_MAX_QUERY = 60_000
"""httpx and most servers take addresses of 64 KiB."""


def well_formed(text: str) -> str:
    """Return `text` with a question mark for each half of a character, which UTF-8 does not have."""
    return text.encode("utf-8", "replace").decode()


def as_text(value: object) -> str:
    """Return `value` as queries, headers and forms write it."""
    return well_formed(value) if isinstance(value, str) else json.dumps(value)


def url_path(path: str) -> str:
    """Return `path` percent-encoded; what is encoded already stays."""
    return quote(path, safe="/%:@!$&'()*+,;=~", errors="replace")


def path_segment(value: object) -> str:
    """Return `value` as one segment of a path, which never means another one."""
    text = quote(as_text(value), safe="")
    return text.replace(".", "%2E") if text in (".", "..") else text


def query_of(values: Mapping[str, object]) -> dict[str, str | Sequence[str]]:
    """Return `values` as a query; lists repeat their name, and what is None is left out.

    Raises:
        InvalidInputError: it is longer than an address may be.
    """
    query: dict[str, str | Sequence[str]] = {
        well_formed(name): [as_text(item) for item in value] if isinstance(value, list | tuple) else as_text(value)
        for name, value in values.items()
        if value is not None
    }
    if len(urlencode(query, doseq=True)) > _MAX_QUERY:
        raise InvalidInputError(
            "the inputs are too long: this Space takes them in the address, which has 60 kB at most"
        )
    return query


def json_body(value: object) -> dict[str, Any]:
    """Return `value` as a JSON body, as httpx takes it."""
    # Not httpx's `json=`: it fails on half characters and on NaN, which users and schemas do contain.
    return {"content": json.dumps(value).encode(), "headers": {"Content-Type": "application/json"}}
