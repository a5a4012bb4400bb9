"""The front matter of a Space's README.md: what is read, what is kept, and where a fault stands."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.front_matter import parse_front_matter

README = Path("spaces/x/README.md")


def parse(*lines: str) -> FrontMatter:
    return parse_front_matter("\n".join(["---", *lines, "---", "# Text", ""]), README)


def test_the_keys_of_a_real_space() -> None:
    parsed = parse(
        "title: Face Detection",
        "emoji: 🙂",
        "colorFrom: blue",
        "sdk: gradio",
        "sdk_version: 5.49.1",
        "python_version: '3.11'",
        "app_file: src/app.py",
        "pinned: false",
        "models: [a/b, c/d]",
    )
    assert parsed.sdk is Sdk.GRADIO
    assert (parsed.title, parsed.sdk_version, parsed.python_version) == ("Face Detection", "5.49.1", "3.11")
    assert parsed.app_file == "src/app.py"
    assert (parsed.emoji, parsed.color_from, parsed.pinned, parsed.models) == ("🙂", "blue", False, ("a/b", "c/d"))


def test_what_keeps_nobody_from_building_is_passed_over() -> None:
    parsed = parse("sdk: gradio", "colorFrom: mauve", "short_description: " + "x" * 100, "unknown: [1]")
    assert (parsed.sdk, parsed.color_from, parsed.extra) == (Sdk.GRADIO, "", {"unknown": [1]})


def test_defaults_are_the_hubs() -> None:
    parsed = parse("sdk: docker", "title:", "python_version: null")
    assert (parsed.app_file, parsed.app_port, parsed.title, parsed.python_version) == ("app.py", 7860, "", None)


def test_versions_that_look_like_numbers_keep_their_digits() -> None:
    parsed = parse("sdk: gradio", "sdk_version: 4.40", "python_version: 3.10")
    assert (parsed.sdk_version, parsed.python_version) == ("4.40", "3.10")


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    text = "\ufeff---\r\nsdk: gradio\r\nsdk_version: 5.0.0\r\n---\r\ntext\r\n"
    assert parse_front_matter(text, README).sdk_version == "5.0.0"


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        (["title: x"], "2:1", "sdk: it is missing"),
        (["sdk: gradioo"], "2:6", "sdk: 'gradioo' is none of"),
        (["sdk: gradio", "sdk_version: latest"], "3:14", "sdk_version:"),
        (["sdk: gradio", "sdk_version: 5.0; rm -rf /"], "3:14", "sdk_version:"),
        (["sdk: gradio", "sdk_version: |", "  5.0", "  USER root"], "3:14", "sdk_version:"),
        (["sdk: gradio", "sdk_version: [5]"], "3:14", "sdk_version:"),
        (["sdk: gradio", "python_version: 2.7"], "3:17", "python_version:"),
        (["sdk: gradio", "app_file: ../x.py"], "3:11", "app_file: it must be a path inside"),
        (["sdk: gradio", "app_file: /etc/passwd"], "3:11", "app_file: it must be a path inside"),
        (["sdk: gradio", r'app_file: "a\nb"'], "3:11", "app_file: it must be a path inside"),
        (["sdk: docker", "app_port: 99999"], "3:11", "app_port:"),
        (["sdk: [gradio"], "2:6", "a bracket is not closed"),
        (["sdk: gradio", "\tx: y"], "3:1", ""),
        (["a: &a [x]", "b: *a"], "3:4", "aliases"),
        (["- gradio"], "2:1", "not a list of"),
        ([], "2:1", "not a list of"),
    ],
)
def test_a_fault_names_its_line_and_column(lines: list[str], where: str, said: str) -> None:
    with pytest.raises(InvalidRegistryError) as caught:
        parse(*lines)
    assert caught.value.message.startswith(f"{README}:{where}:")
    assert said in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: no front matter"),
        ("# Title\n", "1:1: no front matter"),
        ("---\nsdk: gradio\n", "1:1: the front matter does not end"),
        ("\n---\nsdk: gradio\n---\n", "2:1: the front matter does not begin on the first line"),
    ],
)
def test_a_file_without_front_matter(text: str, said: str) -> None:
    with pytest.raises(InvalidRegistryError) as caught:
        parse_front_matter(text, README)
    assert caught.value.message == f"{README}:{said}" or caught.value.message.startswith(f"{README}:{said}:")
    assert caught.value.hint


@pytest.mark.parametrize(
    "block",
    ["x: " + "[" * 60_000, "x: " + "[" * 30_000 + "]" * 30_000, "x: " + "a" * 300_000, "{" * 5_000],
    ids=["deep", "closed", "long", "mappings"],
)
def test_hostile_yaml_is_refused(block: str) -> None:
    with pytest.raises(InvalidRegistryError):
        parse(block)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InvalidRegistryError):
        assert parse_front_matter(f"---\n{text}\n---\n", README).sdk in Sdk
