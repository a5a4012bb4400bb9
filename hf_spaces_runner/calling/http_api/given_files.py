"""Reads the files that the user gives, for requests that carry them inside."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import BinaryIO

from hf_spaces_runner.calling.http_api.media_type import type_of
from hf_spaces_runner.calling.user_file import UserBytes, UserFile, opened_file
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import InvalidInputError

MAX_INLINE_BYTES = 100 * 1024**2
"""The largest file that goes into JSON: in base64, and in memory several times."""


@contextmanager
def opened(given: object, name: str) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the safe name and the content of `given`, the value of the parameter `name`.

    Raises:
        InvalidInputError: it is no file of the user's, or cannot be read.
    """
    if not isinstance(given, UserFile | UserBytes):
        raise InvalidInputError(
            f"{name} takes a file of this machine: the Space fetches no address itself",
            hint=f"download the file, and give it with -i {name}=@PATH",
        )
    with opened_file(given) as named:
        yield named


def in_base64(given: object, name: str) -> str:
    """Return the content of `given` in base64; raises as `opened`, and where the file is too large for that."""
    return base64.b64encode(_content(given, name)[1]).decode()


def as_data_url(given: object, name: str) -> str:
    """Return `given` as a `data:` URL; raises as `in_base64`."""
    file_name, content = _content(given, name)
    return f"data:{type_of(PurePath(file_name))};base64,{base64.b64encode(content).decode()}"


def _content(given: object, name: str) -> tuple[str, bytes]:
    with opened(given, name) as (file_name, file):
        content = file.read(MAX_INLINE_BYTES + 1)
    if len(content) > MAX_INLINE_BYTES:
        raise InvalidInputError(
            f"the file {file_name} is too large to go into JSON: {format_size(MAX_INLINE_BYTES)} at most"
        )
    return file_name, content
