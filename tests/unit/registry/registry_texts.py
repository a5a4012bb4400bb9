"""Registry files for tests: texts of entries, and an index of a file that is made anew."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.registry.fault import Fault
from hf_spaces_runner.registry.index import Index
from hf_spaces_runner.registry.layer import FileLayer
from hf_spaces_runner.registry.registry import Registry

CATEGORY = "specialized"


def entry(key: str, *lines: str, category: str = CATEGORY, own_id: str | None = None, description: str = "d") -> str:
    """Return the text of an entry: its eight keys in ten lines, then `lines`."""
    keys = [
        f"id: {own_id or key}",
        "docker_image: registry.hf.space/x:latest",
        f"description: {description}",
        f"category: {category}",
        "input_type: text",
        "output_type: text",
        "port: 7860",
        "status: available",
        *lines,
    ]
    return f"  {key}:\n" + "".join(f"    {line}\n" for line in keys)


def index_of(file: Path, folder: Path | None = None) -> Index:
    """Return the index of `file` in `folder`; in a new one if there is none."""
    return Index(file, origin="test", folder=folder or Path(tempfile.mkdtemp(dir=file.parent)))


def read(file: Path, folder: Path | None = None) -> tuple[list[Space], tuple[Fault, ...]]:
    """Return what `file` holds: the good entries in their order, and the faults."""
    registry = Registry([FileLayer(index_of(file, folder))])
    return list(registry.spaces()), registry.faults


@contextmanager
def without_root() -> Iterator[None]:
    """Be somebody who may not read and write everything, if this process is root's."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
