"""Gives the tests a current folder that everybody may enter."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty folder as the current one; unlike `tmp_path`, it can be reached without the rights of root."""
    folder = Path(tempfile.mkdtemp(prefix="hfsr-test-"))
    folder.chmod(0o755)
    monkeypatch.chdir(folder)
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)  # shutil.rmtree goes no deeper than Python calls
