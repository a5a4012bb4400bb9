"""Reads items for the tests, and writes them so that they can be compared."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hf_spaces_runner.batch.sources.read_items import read_items
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.domain.item import Item


def items(*words: str | Path, **options: Any) -> list[Item]:
    return list(read_items(SourceSpec(inputs=words, **options)))


def sent(item: Item) -> dict[str | None, object]:
    """Return what an item sends, by name; a file is its path."""
    assert item.fault is None, item.fault
    return {given.name: given.value if given.path is None else given.path for given in item.inputs}


def faults(found: list[Item]) -> list[str]:
    return [item.fault for item in found if item.fault is not None]


@contextmanager
def unprivileged() -> Iterator[None]:
    """Take the rights of root away, to which every file is open, for as long as it lasts."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
