import os
from pathlib import Path

import pytest

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.labels import RunLabels
from hf_spaces_runner.domain.launch import LaunchSpec, VolumeMount
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.orchestrator.leftovers import find_leftovers, remove_leftover
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.orchestrator.stamps import Stamps
from hf_spaces_runner.planning.clean_up import Leftover, LeftoverKind
from tests.fakes.engine import FakeEngine, FakeImage, Program

DEAD = own_name().rpartition(":")[0] + ":1"
VOLUME = VolumeMount(name="cache", target="/c", open_directory="open")


def found(engine: FakeEngine, home: Path) -> dict[str, Leftover]:
    return {item.name: item for item in find_leftovers(engine, scratch=home / "scratch", stamps=Stamps(home))}


def spec(name: str, *, owner: str = DEAD) -> LaunchSpec:
    labels = RunLabels(run_id="r-1", space_id="a", owner=owner, created_at=1_767_268_800)
    return LaunchSpec(image="image", name=f"hfsr-{name}-r-1", labels=labels.as_labels(), volumes=(VOLUME,))


def test_a_machine_without_anything_of_ours_has_no_leftovers(tmp_path: Path) -> None:
    assert found(FakeEngine(), tmp_path) == {}


def test_what_a_dead_process_left_is_orphaned(tmp_path: Path) -> None:
    engine = FakeEngine()
    scratch = tmp_path / "scratch" / f"run~{DEAD}"
    scratch.mkdir(parents=True)
    (scratch / "file").write_bytes(b"12345")
    os.utime(scratch, (1000, 1000))
    engine.make(spec("a")).start()
    engine.make(LaunchSpec(image="image", name="not-ours"))
    leftovers = found(engine, tmp_path)
    assert set(leftovers) == {"hfsr-a-r-1", "cache", str(scratch)}
    container, folder = leftovers["hfsr-a-r-1"], leftovers[str(scratch)]
    assert (container.kind, container.orphaned, container.in_use) == (LeftoverKind.CONTAINER, True, False)
    assert container.last_used_at == 1_767_268_800
    assert (leftovers["cache"].kind, leftovers["cache"].in_use) == (LeftoverKind.MODEL_CACHE, True)
    assert (folder.orphaned, folder.in_use, folder.size_bytes, folder.last_used_at) == (True, False, 5, 1000)


def test_what_somebody_works_with_is_in_use(tmp_path: Path) -> None:
    engine = FakeEngine()
    (tmp_path / "scratch" / f"run~{own_name()}").mkdir(parents=True)
    engine.make(spec("a", owner=own_name())).start()
    assert all(item.in_use and not item.orphaned for item in found(engine, tmp_path).values())


def test_a_space_that_is_up_is_in_use_until_it_ends(tmp_path: Path) -> None:
    engine = FakeEngine()
    container = engine.make(spec("a"))
    container.start()
    container.stay_up()
    up = found(engine, tmp_path)["hfsr-a-r-1-up"]
    assert (up.in_use, up.orphaned) == (True, False)
    container.program = Program(state=ContainerState(status=ContainerStatus.EXITED, exit_code=1))
    ended = found(engine, tmp_path)["hfsr-a-r-1-up"]
    assert (ended.in_use, ended.orphaned) == (False, False)


def test_the_use_of_a_cache_is_noted(tmp_path: Path) -> None:
    engine, stamps = FakeEngine(), Stamps(tmp_path)
    with engine.create(spec("a")):
        pass
    stamps.note_volume("cache")
    stamps.note_volume("cache")
    os.utime(stamps.volumes / "cache", (5000, 5000))
    cache = found(engine, tmp_path)["cache"]
    assert (cache.last_used_at, cache.in_use) == (5000, False)


def test_images_are_ours_by_their_label_or_because_we_pulled_them(tmp_path: Path) -> None:
    engine, stamps = FakeEngine(), Stamps(tmp_path)
    engine.listed_images = [
        FakeImage(id="1", tags=("built:1",), built_here=True, created_at=1000, size_bytes=10),
        FakeImage(id="2", tags=("pulled:1", "other:1"), size_bytes=20),
        FakeImage(id="3", tags=("hf-spaces-runner/foreign:1",)),
        FakeImage(id="4", tags=(), built_here=True, in_use=True, created_at=2000),
    ]
    stamps.note_image(Image(id="2", reference="pulled:1", digest="sha256:x", pulled_now=True))
    stamps.note_image(Image(id="3", reference="hf-spaces-runner/foreign:1", digest="sha256:y"))
    images = {item.name: item for item in found(engine, tmp_path).values()}
    assert set(images) == {"built:1", "pulled:1", "4"}
    assert (images["built:1"].last_used_at, images["built:1"].size_bytes) == (1000, 10)
    # It stays under its other name, so nothing is freed.
    assert images["pulled:1"].size_bytes == 0
    assert images["4"].in_use
    stamps.note_image(Image(id="1", reference="built:1"))
    assert found(engine, tmp_path)["built:1"].last_used_at > 1_700_000_000


def test_a_place_where_nothing_can_be_noted_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="nothing can be written in"):
        Stamps(tmp_path / "file").note_volume("cache")


def test_what_is_removed_is_gone_and_may_be_removed_again(tmp_path: Path) -> None:
    engine, stamps = FakeEngine(), Stamps(tmp_path)
    (tmp_path / "scratch" / f"run~{DEAD}" / "deep").mkdir(parents=True)
    engine.listed_images = [FakeImage(id="1", tags=("pulled:1",))]
    stamps.note_volume("cache")
    stamps.note_image(Image(id="1", reference="pulled:1", digest="sha256:x", pulled_now=True))
    engine.make(spec("a"))
    leftovers = sorted(found(engine, tmp_path).values(), key=lambda leftover: leftover.kind)
    assert len(leftovers) == 4
    for leftover in leftovers * 2:
        remove_leftover(engine, leftover, stamps=stamps)
    assert found(engine, tmp_path) == {}
    assert not stamps.is_pulled_by_us("pulled:1")
    assert stamps.volume_used_at("cache") is None


def test_a_scratch_folder_that_goes_away_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(Path, "iterdir", lambda folder: iter([folder / "gone~x"]))
    assert found(FakeEngine(), tmp_path) == {}
