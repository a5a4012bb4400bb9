"""Checks that the files of a request are there, before anything starts."""

import os
from collections.abc import Iterable

from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import UsageError


def check_files(inputs: Iterable[InputValue]) -> None:
    """Check each file among `inputs`.

    Raises:
        UsageError: one is not there, is no file, or cannot be read.
    """
    for given in inputs:
        if given.path is None:
            continue
        shown = ascii(str(given.path))[1:-1]
        if not given.path.exists():
            raise UsageError(f"input file {shown} does not exist")
        if not given.path.is_file():
            raise UsageError(f"input {shown} is not a file")
        if not os.access(given.path, os.R_OK):
            raise UsageError(f"input file {shown} cannot be read: permission denied")
