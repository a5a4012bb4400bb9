import os
import socket
from pathlib import Path

import pytest

from hf_spaces_runner.domain.launch import LABEL, LaunchSpec, VolumeMount
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.orchestrator.leftovers import find_leftovers, note_use, remove_leftover
from hf_spaces_runner.planning.clean_up import Leftover, LeftoverKind
from tests.fakes.engine import FakeEngine


def found(engine: FakeEngine, home: Path) -> dict[str, Leftover]:
    return {item.name: item for item in find_leftovers(engine, scratch=home / "scratch", stamps=home / "stamps")}


def spec(name: str, *, keep: str = "no", created: str = "1767268800", volume: str = "cache") -> LaunchSpec:
    labels = {f"{LABEL}.run": "r", f"{LABEL}.owner": "host:7", f"{LABEL}.created": created, f"{LABEL}.keep": keep}
    return LaunchSpec(
        image="image", name=name, labels=labels, volumes=(VolumeMount(name=volume, target="/c", open_directory="open"),)
    )


def test_a_machine_without_anything_of_ours_has_no_leftovers(tmp_path: Path) -> None:
    assert found(FakeEngine(), tmp_path) == {}


def test_containers_volumes_and_scratch_folders_are_found(tmp_path: Path) -> None:
    engine = FakeEngine()
    scratch = tmp_path / "scratch" / "run.4242"
    scratch.mkdir(parents=True)
    (scratch / "file").write_bytes(b"12345")
    os.utime(scratch, (1000, 1000))
    with engine.launch(spec("a")), engine.launch(LaunchSpec(image="image", name="not-ours")):
        leftovers = found(engine, tmp_path)
    assert set(leftovers) == {"a", "cache", str(scratch)}
    container = leftovers["a"]
    assert (container.kind, container.owner, container.running) == (LeftoverKind.CONTAINER, "host:7", True)
    assert container.last_used_at == 1_767_268_800
    assert (leftovers["cache"].kind, leftovers["cache"].running) == (LeftoverKind.MODEL_CACHE, True)
    folder = leftovers[str(scratch)]
    assert (folder.owner, folder.size_bytes, folder.last_used_at) == (f"{socket.gethostname()}:4242", 5, 1000)


def test_a_kept_container_has_no_owner_and_a_strange_date_is_the_oldest(tmp_path: Path) -> None:
    engine = FakeEngine()
    with engine.launch(spec("a", keep="yes", created="²")):
        pass
    container = found(engine, tmp_path)["a"]
    assert (container.owner, container.last_used_at) == ("", 0.0)


def test_the_use_of_a_cache_is_noted(tmp_path: Path) -> None:
    engine = FakeEngine()
    with engine.launch(spec("a")):
        pass
    note_use(tmp_path / "stamps", "cache")
    note_use(tmp_path / "stamps", "cache")
    os.utime(tmp_path / "stamps" / "cache", (5000, 5000))
    cache = found(engine, tmp_path)["cache"]
    assert (cache.last_used_at, cache.running) == (5000, False)


def test_a_place_where_nothing_can_be_noted_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="nothing can be written in"):
        note_use(tmp_path / "file", "cache")


def test_what_is_removed_is_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    engine = FakeEngine()
    (tmp_path / "scratch" / "run.1" / "deep").mkdir(parents=True)
    note_use(tmp_path / "stamps", "cache")
    with engine.launch(spec("a", keep="yes")):
        pass
    leftovers = sorted(found(engine, tmp_path).values(), key=lambda leftover: leftover.kind)
    assert len(leftovers) == 3
    for leftover in leftovers * 2:
        remove_leftover(engine, leftover, stamps=tmp_path / "stamps")
    assert found(engine, tmp_path) == {}
    assert list((tmp_path / "stamps").iterdir()) == []


def test_a_scratch_folder_that_goes_away_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(Path, "iterdir", lambda folder: iter([folder / "gone.1"]))
    assert found(FakeEngine(), tmp_path) == {}
