"""The layers of the registry: which entry is found, listed and searched where several have it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hf_spaces_runner.domain.hub_space import Categorised, Category, Found, HubSpace
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.discovered import Discovered
from hf_spaces_runner.registry.layer import FileLayer, MemoryLayer
from hf_spaces_runner.registry.load import load_registry
from hf_spaces_runner.registry.registry import Registry, bundled_registry_directory
from tests.unit.registry.registry_texts import entry, index_of

AS_IN_THE_README = """\
spaces:
  clip-analysis:
    id: clip-analysis
    docker_image: registry.hf.space/openai-clip:latest
    description: CLIP-based image analysis
    category: image_processing
    input_type: text_and_image
    output_type: text
    port: 7860
    status: available
categories:
  image_processing: [clip-analysis]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "registry.yaml"


def load(user_file: Path | None, tmp_path: Path) -> Registry:
    return load_registry(user_file, indexes=tmp_path / "cache", discovered=Discovered(tmp_path / "found.sqlite"))


def space(space_id: str, hub_id: str | None = None, **fields: str) -> Space:
    return Space(id=space_id, docker_image=f"registry.hf.space/{space_id}:latest", space_id=hub_id, **fields)  # type: ignore[arg-type]


def test_a_file_of_the_eight_keys_loads_as_it_is(file: Path, tmp_path: Path) -> None:
    file.write_text(AS_IN_THE_README, encoding="utf-8")
    registry = load(file, tmp_path)
    found = registry.find("clip-analysis")
    assert found is not None
    assert (found.docker_image, found.port) == ("registry.hf.space/openai-clip:latest", 7860)
    assert (found.category, found.status, found.origin) == ("image_processing", "available", str(file))
    assert registry.faults == ()


def test_the_bundled_registry_has_no_faults_and_the_spaces_of_the_main_job_have_their_sources(tmp_path: Path) -> None:
    registry = load(None, tmp_path)
    assert registry.faults == ()
    spaces = {one.id: one for one in registry.spaces()}
    assert {"vader-sentiment", "sphinx-transcription", "face-detection"} <= set(spaces)
    assert set(registry.categories) == set(Category)
    for one in spaces.values():
        assert one.origin == "bundled"
        if one.source is not None:
            assert (one.source / "README.md").is_file()
    assert (bundled_registry_directory() / "registry.yaml").is_file()


def test_an_entry_of_the_user_wins_and_the_others_stay(file: Path, tmp_path: Path) -> None:
    file.write_text("spaces:\n" + entry("vader-sentiment") + entry("own"), encoding="utf-8")
    bundled, merged = load(None, tmp_path), load(file, tmp_path)
    assert [one.id for one in merged.spaces()][:2] == ["vader-sentiment", "own"]
    assert sorted(one.id for one in merged.spaces()) == sorted([*(one.id for one in bundled.spaces()), "own"])
    mine = merged.find("vader-sentiment")
    assert mine is not None
    assert (mine.origin, mine.source, mine.category) == (str(file), None, "specialized")
    assert merged.find("face-detection") == bundled.find("face-detection")
    assert "vader-sentiment" not in {one.id for one in merged.spaces(category="text_processing")}
    assert [one.origin for one in merged.search(["vader"])] == [str(file)]


def test_a_source_stands_beside_its_file(file: Path, tmp_path: Path) -> None:
    file.write_text("spaces:\n" + entry("a", "source: spaces/a") + entry("b", "source: ../../.."), encoding="utf-8")
    registry = load(file, tmp_path)
    sources = [found.source for found in map(registry.find, "ab") if found is not None]
    assert sources == [file.parent / "spaces" / "a", file.parent / "../../.."]


def test_a_file_that_is_not_there_is_told_whatever_is_asked(file: Path, tmp_path: Path) -> None:
    registry = load(file, tmp_path)
    for question in (lambda: registry.find("x"), lambda: registry.faults, lambda: list(registry.spaces())):
        with pytest.raises(InvalidRegistryError, match="No such file"):
            question()


def test_the_faults_of_a_file_are_known_by_their_entries(file: Path, tmp_path: Path) -> None:
    file.write_text("spaces:\n" + entry("a", "prot: 1") + entry("b"), encoding="utf-8")
    registry = load(file, tmp_path)
    (fault,) = registry.faults
    assert registry.faults_of("a") == (fault,)
    assert registry.faults_of("b") == ()
    assert registry.find("a") is None


UPPER = MemoryLayer([space("a", "u/upper"), space("own")], origin="upper")
LOWER = MemoryLayer([space("a", "u/lower"), space("b", "U/Lower-B", sdk="docker"), space("c")], origin="lower")


def test_each_id_is_listed_once_and_upper_layers_come_first() -> None:
    registry = Registry([UPPER, LOWER])
    assert [(one.id, one.origin) for one in registry.spaces()] == [
        ("a", "upper"),
        ("own", "upper"),
        ("b", "lower"),
        ("c", "lower"),
    ]
    assert [one.id for one in registry.spaces(sdk="docker")] == ["b"]
    assert registry.count() == 5


def test_what_is_hidden_is_not_found_by_another_name() -> None:
    registry = Registry([UPPER, LOWER])
    assert registry.find_hub_id("u/lower") is None
    assert registry.find_subdomain("u-lower") is None
    found = registry.find_hub_id("U/LOWER-B")
    assert found is not None
    assert found.id == "b"
    assert registry.find_image("registry.hf.space/a") == registry.find("a")


def test_what_was_found_is_hidden_by_an_entry_for_the_same_space(tmp_path: Path) -> None:
    discovered = Discovered(tmp_path / "found.sqlite")
    categorised = Categorised(category=Category.SPECIALIZED, rule="its name", certainty=0.5)
    discovered.remember(
        [Found(hub=HubSpace(id=hub_id), categorised=categorised, read_at=1.0) for hub_id in ("U/Upper", "u/new")]
    )
    registry = Registry([UPPER, discovered])
    assert [one.id for one in registry.spaces()] == ["a", "own", "u-new"]
    found = registry.find_hub_id("u/upper")
    assert found is not None
    assert found.id == "a"
    assert {one.id for one in registry.search(["upper", "new"])} == {"a", "u-new"}


def test_more_entries_than_a_page_come_once_and_in_order() -> None:
    ids = [f"s{number}" for number in range(1700)]
    registry = Registry([MemoryLayer(space(one) for one in ids), MemoryLayer(space(one) for one in reversed(ids))])
    assert [one.id for one in registry.spaces()] == ids


def test_what_is_found_out_is_added_to_all_that_comes_out() -> None:
    registry = Registry([LOWER], complete=lambda spaces: [Space(id=one.id, docker_image="done") for one in spaces])
    answers = [*registry.spaces(), *registry.search(["lower"]), registry.find("c"), registry.find_hub_id("u/lower-b")]
    assert [one.docker_image for one in answers if one is not None] == ["done"] * 7


def test_the_nearest_ids_are_named() -> None:
    registry = Registry([MemoryLayer([space("clip-analysis"), space("whisper"), space("face")])])
    assert registry.nearest("clip-analisys", 1) == ["clip-analysis"]
    assert registry.nearest("Whisper", 1) == ["whisper"]
    assert Registry.of().nearest("x") == []


def test_several_threads_may_ask_one_registry(file: Path, tmp_path: Path) -> None:
    file.write_text("spaces:\n" + "".join(entry(f"s{number}") for number in range(100)), encoding="utf-8")
    registry = Registry([FileLayer(index_of(file)), Discovered(tmp_path / "found.sqlite"), LOWER])
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: len(list(registry.spaces())), range(40)))
    assert counts == [103] * 40
