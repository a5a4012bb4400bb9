"""The program that leads from a running Space's cache to what is preloaded in its image."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

from hf_spaces_runner.registry.registry import bundled_registry_directory

SHA, OLD = "a" * 40, "b" * 40


def start_program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start", bundled_registry_directory() / "preload" / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fill(cache: Path, model: str, commit: str, **files: str) -> Path:
    """Put a model into `cache` as huggingface_hub lays it out, and return its folder."""
    folder = cache / f"models--{model}"
    for place in ("blobs", f"snapshots/{commit}", "refs"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    (folder / "refs/main").write_text(commit)
    for name, content in files.items():
        (folder / "blobs" / f"hash-of-{content}").write_text(content)
        (folder / f"snapshots/{commit}" / name).symlink_to(f"../../blobs/hash-of-{content}")
    return folder


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Path, Path]:
    """Return the program, the cache in its image, and the one of the running Space."""
    program = start_program()
    preloaded, used = tmp_path / "image", tmp_path / "volume" / "hub"
    preloaded.mkdir()
    monkeypatch.setattr(program, "PRELOADED", preloaded)
    monkeypatch.setattr(program.sys, "argv", ["start.py"])
    monkeypatch.setenv("HF_HOME", str(used.parent))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HUGGINGFACE_HUB_CACHE", raising=False)
    return program, preloaded, used


def test_each_file_is_led_to(places: tuple[ModuleType, Path, Path]) -> None:
    program, preloaded, used = places
    fill(preloaded, "user--one", SHA, config="c1")
    program.main()
    program.main()  # a second container of the Space
    found = used / "models--user--one" / "snapshots" / SHA / "config"
    assert found.read_text() == "c1"
    assert found.resolve() == preloaded / "models--user--one" / "blobs" / "hash-of-c1"
    assert (used / "models--user--one/refs/main").read_text() == SHA
    assert "HF_HUB_CACHE" not in os.environ


def test_what_the_cache_has_stays_and_links_to_an_earlier_image_are_mended(
    places: tuple[ModuleType, Path, Path],
) -> None:
    program, preloaded, used = places
    own = fill(used, "user--one", OLD, other="o1")
    (own / "blobs/hash-of-c1").symlink_to("/gone/hash-of-c1")
    fill(preloaded, "user--one", SHA, config="c1")
    program.main()
    assert (own / f"snapshots/{OLD}/other").read_text() == "o1"
    assert (own / f"snapshots/{SHA}/config").read_text() == "c1"
    # What a branch stands for is what is surely there.
    assert (own / "refs/main").read_text() == SHA


def test_a_cache_that_may_only_be_read_is_led_to_as_well(
    places: tuple[ModuleType, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, preloaded, used = places
    fill(preloaded, "user--one", SHA, config="c1")
    fill(used, "user--two", OLD, other="o1")
    real = program.lead

    def lead(source: Path, target: Path) -> None:
        if target == used:
            raise PermissionError(30, "Read-only file system")
        real(source, target)

    monkeypatch.setattr(program, "lead", lead)
    monkeypatch.setenv("HF_HUB_CACHE", str(used))
    program.main()
    merged = Path(os.environ["HF_HUB_CACHE"])
    assert merged != used
    assert (merged / f"models--user--one/snapshots/{SHA}/config").read_text() == "c1"
    assert (merged / f"models--user--two/snapshots/{OLD}/other").read_text() == "o1"


def test_nothing_is_done_where_the_space_looks_in_the_image_itself(
    places: tuple[ModuleType, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, preloaded, _ = places
    fill(preloaded, "user--one", SHA, config="c1")
    before = sorted(preloaded.rglob("*"))
    monkeypatch.setenv("HF_HUB_CACHE", str(preloaded))
    program.main()
    assert sorted(preloaded.rglob("*")) == before
