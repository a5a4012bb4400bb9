from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.registry.entry import RegistryFile, SpaceEntry

EIGHT: dict[str, Any] = {
    "id": "clip-analysis",
    "docker_image": "registry.hf.space/openai-clip:latest",
    "description": "CLIP-based image analysis",
    "category": "image_processing",
    "input_type": "text_and_image",
    "output_type": "text",
    "port": 7860,
    "status": "available",
}


def entry(**keys: object) -> SpaceEntry:
    return SpaceEntry.model_validate({**EIGHT, **keys})


def test_the_eight_keys_are_enough() -> None:
    space = entry().to_space(registry_directory=Path("/r"), origin="here")
    assert {key: getattr(space, key) for key in EIGHT} == EIGHT
    assert (space.sdk, space.app_file, space.source, space.cap_add, space.origin) == (
        Sdk.GRADIO,
        "app.py",
        None,
        (),
        "here",
    )


@pytest.mark.parametrize("key", EIGHT)
def test_each_of_the_eight_is_required(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        SpaceEntry.model_validate({name: value for name, value in EIGHT.items() if name != key})


@pytest.mark.parametrize(
    ("key", "given", "field", "value"),
    [
        ("space_id", "openai/clip", "space_id", "openai/clip"),
        ("sdk", "docker", "sdk", Sdk.DOCKER),
        ("app_file", "src/main.py", "app_file", "src/main.py"),
        ("source", "spaces/clip", "source", Path("/r/spaces/clip")),
        ("source", "/srv/clip", "source", Path("/srv/clip")),
        ("source", "../clip", "source", Path("/r/../clip")),
        ("endpoint", "/predict", "endpoint", "/predict"),
        ("inputs", {"steps": 20, "text": "$prompt"}, "inputs", {"steps": 20, "text": "$prompt"}),
        ("env", {"DEBUG": "1"}, "env", {"DEBUG": "1"}),
        ("memory", "8g", "memory_bytes", 8 * 1024**3),
        ("memory", 8_000_000, "memory_bytes", 8_000_000),
        ("cap_add", ["sys_nice", "CAP_NET_RAW"], "cap_add", ("SYS_NICE", "NET_RAW")),
        ("gpu", True, "gpu", True),
        ("digest", "sha256:" + "a" * 64, "digest", "sha256:" + "a" * 64),
    ],
)
def test_each_optional_key_reaches_the_space(key: str, given: object, field: str, value: object) -> None:
    assert getattr(entry(**{key: given}).to_space(registry_directory=Path("/r"), origin="x"), field) == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", ""),
        ("id", "-rf"),
        ("id", "../../etc"),
        ("id", "a b"),
        ("id", "a/b"),
        ("id", "a\nb"),
        ("id", "é"),
        ("id", "x" * 129),
        ("docker_image", ""),
        ("docker_image", "Foo Bar"),
        ("docker_image", "registry.hf.space/Upper:latest"),
        ("docker_image", "-v/:/host"),
        ("docker_image", "host/name:tag with space"),
        ("docker_image", "a\x1b[31m"),
        ("description", "two\nlines"),
        ("description", "\x1b[31mred"),
        ("description", "exe\u202etxt"),
        ("description", "x" * 501),
        ("category", "a\tb"),
        ("port", 0),
        ("port", 65536),
        ("port", -1),
        ("port", "http"),
        ("port", 7860.5),
        ("space_id", "clip"),
        ("space_id", "a/b/c"),
        ("space_id", "../b"),
        ("space_id", "aü/b"),
        ("sdk", "flask"),
        ("app_file", ""),
        ("app_file", "/etc/passwd"),
        ("app_file", "../../app.py"),
        ("app_file", "a/../../b"),
        ("app_file", "-c"),
        ("app_file", "a\0b"),
        ("source", "~nobody-of-this-name/x"),
        ("source", "a\0b"),
        ("inputs", {"x": float("nan")}),
        ("inputs", {"x": b"bytes"}),
        ("inputs", ["x"]),
        ("env", {"A=B": "1"}),
        ("env", {"1A": "1"}),
        ("env", {"": "1"}),
        ("env", {"A": 1}),
        ("env", {"A": "x\0y"}),
        ("env", "A=1"),
        ("memory", "lots"),
        ("memory", -5),
        ("memory", 2),
        ("memory", True),
        ("memory", "9" * 400 + "g"),
        ("cap_add", ["ALL"]),
        ("cap_add", ["all"]),
        ("cap_add", ["CAP_ALL"]),
        ("cap_add", ["CAP_CAP_ALL"]),
        ("cap_add", ["SYS_NICE --privileged"]),
        ("cap_add", [""]),
        ("cap_add", "SYS_NICE"),
        ("cap_add", ["SYS_ADMIN"]),
        ("cap_add", ["cap_sys_module"]),
        ("cap_add", ["CHOWN", "DAC_READ_SEARCH"]),
        ("gpu", "maybe"),
        ("digest", "sha256:abc"),
        ("digest", "latest"),
        ("privileged", True),
        ("volumes", ["/:/host"]),
        ("network", "host"),
    ],
)
def test_what_an_entry_must_not_say_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        entry(**{key: value})


@pytest.mark.parametrize(
    "content",
    [
        {"spaces": []},
        {"spaces": {"a b": EIGHT}},
        {"space": {}},
        {"categories": {"x": "clip"}},
        {"categories": {"\x1b[m": []}},
    ],
)
def test_what_a_file_must_not_say_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RegistryFile.model_validate(content)
