import re
from pathlib import Path

import pytest

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.load import load_registry
from hf_spaces_runner.registry.read import read_registry
from hf_spaces_runner.registry.registry import Registry, bundled_registry_directory
from hf_spaces_runner.registry.snapshot import Snapshots

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


def entry(key: str, *lines: str, category: str = "other", own_id: str | None = None) -> str:
    keys = [
        f"id: {own_id or key}",
        "docker_image: registry.hf.space/x:latest",
        "description: d",
        f"category: {category}",
        "input_type: text",
        "output_type: text",
        "port: 7860",
        "status: available",
        *lines,
    ]
    return f"  {key}:\n" + "".join(f"    {line}\n" for line in keys)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "registry.yaml"


def failure(file: Path, text: str) -> list[str]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRegistryError) as caught:
        read_registry(file, origin="test")
    assert caught.value.exit_code == 3
    assert caught.value.hint
    return caught.value.message.replace(f"{file}:", "").splitlines()


def test_a_file_of_the_eight_keys_loads_as_it_is(file: Path) -> None:
    file.write_text(AS_IN_THE_README, encoding="utf-8")
    registry = read_registry(file, origin=str(file))
    space = registry.spaces["clip-analysis"]
    assert (space.docker_image, space.port) == ("registry.hf.space/openai-clip:latest", 7860)
    assert (space.category, space.status, space.origin) == ("image_processing", "available", str(file))
    assert registry.categories == {"image_processing": ("clip-analysis",)}


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "spaces: {}\n", "categories: {}\n", "---\n"])
def test_a_file_without_entries_is_an_empty_registry(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert read_registry(file, origin="test") == Registry(spaces={}, categories={})


def test_the_bundled_registry_holds_the_spaces_of_the_main_job_with_their_sources(tmp_path: Path) -> None:
    registry = load_registry(None, Snapshots(tmp_path / "cache"))
    assert {"vader-sentiment", "sphinx-transcription", "face-detection"} <= set(registry.spaces)
    for space in registry.spaces.values():
        assert space.origin == "bundled"
        assert space.source is not None
        assert (space.source / "README.md").is_file()
        assert space.id in registry.categories[space.category]
    assert (bundled_registry_directory() / "registry.yaml").is_file()


def test_an_entry_of_the_user_wins_and_the_others_stay(file: Path, tmp_path: Path) -> None:
    file.write_text("spaces:\n" + entry("vader-sentiment", category="mine") + entry("own"), encoding="utf-8")
    bundled, merged = (
        load_registry(None, Snapshots(tmp_path / "cache")),
        load_registry(file, Snapshots(tmp_path / "cache")),
    )
    assert set(merged.spaces) == {*bundled.spaces, "own"}
    assert merged.spaces["vader-sentiment"].origin == str(file)
    assert merged.spaces["vader-sentiment"].source is None
    assert merged.spaces["face-detection"] == bundled.spaces["face-detection"]


def test_categories_are_merged_and_follow_an_entry_that_moves(file: Path, tmp_path: Path) -> None:
    file.write_text(
        "spaces:\n"
        + entry("vader-sentiment", category="mine")
        + entry("own-audio", category="audio_processing")
        + "categories:\n  audio_processing: [own-audio]\n",
        encoding="utf-8",
    )
    merged = load_registry(file, Snapshots(tmp_path / "cache"))
    assert merged.categories["audio_processing"] == ("sphinx-transcription", "own-audio")
    assert merged.categories["mine"] == ("vader-sentiment",)
    assert "vader-sentiment" not in merged.categories.get("text_processing", ())
    listed = [space_id for ids in merged.categories.values() for space_id in ids]
    assert sorted(listed) == sorted(merged.spaces)


def test_an_entry_that_no_category_lists_is_in_its_own(file: Path) -> None:
    file.write_text("spaces:\n" + entry("b", category="x") + entry("a", category="x"), encoding="utf-8")
    assert read_registry(file, origin="test").categories == {"x": ("b", "a")}


def test_a_source_stands_beside_its_file(file: Path) -> None:
    file.write_text("spaces:\n" + entry("a", "source: spaces/a") + entry("b", "source: ../../.."), encoding="utf-8")
    spaces = read_registry(file, origin="test").spaces
    assert spaces["a"].source == file.parent / "spaces" / "a"
    assert spaces["b"].source == file.parent / "../../.."


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[]\n", [r"1:1: the file: .*"]),
        ("just text\n", [r"1:1: the file: .*\(it is 'just text'\)"]),
        ("spaces: 5\n", [r"1:9: spaces: .*dictionary.*\(it is '5'\)"]),
        ("spaces:\n  a: 5\n", [r"2:6: spaces > a: .*\(it is '5'\)"]),
        ("spaces:\n  a:\n", [r"2:5: spaces > a: .*"]),
        ("paces: {}\n", [r"1:8: paces: Extra inputs are not permitted"]),
        (
            "spaces:\n" + entry("a").replace("port: 7860", "port: http"),
            [r"9:11: spaces > a > port: .*integer.*\(it is 'http'\)"],
        ),
        (
            "spaces:\n" + entry("a").replace("port: 7860", "port: 99999"),
            [r"9:11: spaces > a > port: .*65535 \(it is '99999'\)"],
        ),
        ("spaces:\n" + entry("a").replace("    port: 7860\n", ""), [r"3:5: spaces > a > port: Field required"]),
        (
            "spaces:\n" + entry("a", "prot: 1"),
            [r"11:11: spaces > a > prot: Extra inputs are not permitted \(it is '1'\)"],
        ),
        (
            "spaces:\n" + entry("a", "cap_add: [SYS_NICE, ALL]"),
            [r"11:25: spaces > a > cap_add > 1: must name one capability.*ALL.*"],
        ),
        (
            "spaces:\n" + entry("a", "memory: lots"),
            [r"11:13: spaces > a > memory: 'lots' is not a size: write 512m or 2g \(it is 'lots'\)"],
        ),
        (
            "spaces:\n" + entry("a", "env: {DEBUG: 1}"),
            [r"11:18: spaces > a > env > DEBUG: .*valid string \(it is '1'\)"],
        ),
        (
            "spaces:\n" + entry("a", "inputs: {day: 2026-01-01}"),
            [r"11:19: spaces > a > inputs > day: cannot be sent to a Space.*"],
        ),
        ("spaces:\n" + entry("'a b'", own_id="a"), [r"3:5: spaces > a b: String should match pattern.*"]),
        ("spaces:\n" + entry("a", own_id="b"), [r"3:9: spaces > a > id: must be the entry's key, 'a' \(it is 'b'\)"]),
        (
            "spaces:\n" + entry("a") + "categories:\n  other: [a, b]\n",
            [r"12:14: categories > other > 1: no such Space in this file \(it is 'b'\)"],
        ),
        (
            "spaces:\n" + entry("a") + "categories:\n  x: [a]\n",
            [r"12:7: categories > x > 0: a has the category 'other' in its entry"],
        ),
        (
            "spaces:\n"
            + entry("a").replace("port: 7860", "port: 0")
            + entry("b").replace("status: available\n", "status: [x]\n"),
            [r"9:11: spaces > a > port: .*", r"19:13: spaces > b > status: .*valid string"],
        ),
    ],
)
def test_each_fault_is_told_with_its_line_and_column(file: Path, text: str, lines: list[str]) -> None:
    told = failure(file, text)
    assert len(told) == len(lines), told
    for line, expected in zip(told, lines, strict=True):
        assert re.fullmatch(expected, line), line


def test_of_very_many_faults_the_first_are_told_and_the_others_counted(file: Path) -> None:
    told = failure(file, "spaces:\n" + "".join(entry(f"s{number}", "wrong: 1") for number in range(300)))
    assert len(told) == 21
    assert told[-1] == "and 280 more"


def test_what_is_told_of_a_key_with_escapes_is_safe_for_a_terminal(file: Path) -> None:
    (line,) = failure(file, '"\\e]0;owned\\a\\e[31mx": 1\n')
    assert "\x1b" not in line
    assert line.startswith("1:24: x: ")


def test_many_entries_outside_of_the_categories_take_no_quadratic_time(file: Path, tmp_path: Path) -> None:
    file.write_text("spaces:\n" + "".join(entry(f"s{number}") for number in range(3000)), encoding="utf-8")
    merged = load_registry(file, Snapshots(tmp_path / "cache"))
    assert len(merged.categories["other"]) == 3000
