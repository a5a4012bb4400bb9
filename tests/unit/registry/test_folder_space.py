"""A folder as the name of a Space: which words mean one, what the Space is like, and what is told where it is none."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hf_spaces_runner.domain.api import ApiKind
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.errors import InvalidRegistryError, RegistryError, UnknownSpaceError
from hf_spaces_runner.registry.entry import SPACE_NAME
from hf_spaces_runner.registry.folder_space import space_of_folder
from hf_spaces_runner.registry.references import find_space
from hf_spaces_runner.registry.registry import Registry

GRADIO = "---\nsdk: gradio\nsdk_version: 5.49.1\ntitle: Mine\n---\n"
KNOWN = Space(id="known", docker_image="registry.hf.space/ada-known:latest", space_id="ada/known", origin="given")
HUB = "registry.hf.space"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: str, readme: str = GRADIO) -> Path:
    path = Path(folder).expanduser()
    path.mkdir(parents=True)
    (path / "README.md").write_text(readme)
    return path.resolve()


def find(reference: str, registry: Registry | None = None) -> Space:
    return find_space(reference, registry or Registry.of(KNOWN), HUB)


@pytest.mark.parametrize(
    ("folder", "reference"),
    [
        ("my-space", "./my-space"),
        ("my-space", "./my-space/"),
        ("my-space", "my-space/"),
        ("my-space", "my-space/../my-space"),
        ("ada/talk", "ada/talk"),
        ("my spaces/a talk", "my spaces/a talk"),
        ("my.spaces/talk", "my.spaces/talk"),
        ("~/talk", "~/talk"),
    ],
)
def test_words_that_mean_a_folder(folder: str, reference: str) -> None:
    made = write(folder)
    found = find(reference)
    assert (found.source, found.origin, found.description) == (made, "folder", "Mine")


def test_its_whole_path_and_the_current_folder_mean_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    made = write("talk")
    monkeypatch.chdir(made)
    assert find(".") == find("./") == find(str(made)) == find("../talk")


def test_a_registry_id_and_a_hub_id_of_the_registry_win() -> None:
    write("known")
    write("ada/known")
    assert find("known") == find("ada/known") == KNOWN
    assert find("./known").origin == find("./ada/known").origin == "folder"


def test_a_hub_id_stays_one_beside_a_folder_that_is_no_space() -> None:
    Path("ada/talk").mkdir(parents=True)
    assert find("ada/talk").space_id == "ada/talk"
    with pytest.raises(UnknownSpaceError, match="is empty"):
        find("./ada/talk")


def test_folders_of_one_name_share_nothing() -> None:
    one, other = (space_of_folder(str(write(name))) for name in ("a/talk", "b/talk"))
    assert one.id != other.id
    assert one.docker_image != other.docker_image
    assert one == space_of_folder("a/../a/talk")


@pytest.mark.parametrize("name", ["My Space", "café", "日本", "-x-", "a" * 200, "x__y..z"])
def test_any_name_makes_an_id_and_an_image(name: str) -> None:
    made = space_of_folder(str(write(name)))
    assert SPACE_NAME.fullmatch(made.id)
    assert str(split_image_reference(made.docker_image)) == made.docker_image
    assert len(made.id) < 50


@pytest.mark.parametrize(
    ("front_matter", "sdk", "port", "kind"),
    [
        ("sdk: gradio\nsdk_version: 5.49.1\n", Sdk.GRADIO, 7860, ApiKind.AUTO),
        ("sdk: docker\napp_port: 8000\n", Sdk.DOCKER, 8000, ApiKind.AUTO),
        ("sdk: streamlit\nsdk_version: 1.40.0\napp_port: 9\n", Sdk.STREAMLIT, 8501, ApiKind.AUTO),
        ("sdk: static\n", Sdk.STATIC, 7860, ApiKind.PAGE),
    ],
)
def test_the_front_matter_says_how_it_is_reached(front_matter: str, sdk: Sdk, port: int, kind: ApiKind) -> None:
    made = space_of_folder(str(write("x", f"---\n{front_matter}---\n")))
    assert (made.sdk, made.port, made.api.kind) == (sdk, port, kind)


def test_what_is_no_folder_of_a_space() -> None:
    Path("empty").mkdir()
    Path("file").write_text("x")
    Path("code").mkdir()
    Path("code/app.py").write_text("x")
    write("outer/inner")
    Path("lower").mkdir()
    Path("lower/readme.md").write_text(GRADIO)
    write("bare", "# A title\n")
    write("wrong", "---\nsdk: fortran\n---\n")
    Path("loop").symlink_to("loop")
    cases = {
        "./nowhere": ("there is no such folder", "name a folder"),
        "./file": ("is a file, and a Space is a folder", "name the folder"),
        "./file/x": ("a part of that path is a file", "name the folder itself"),
        "./empty": ("is empty", "README.md"),
        "./code": ("has no README.md", "add a README.md that begins with ---"),
        "./outer": ("has no README.md", f"did you mean {Path.cwd() / 'outer' / 'inner'}?"),
        "./lower": ("has readme.md, and the Hub reads README.md", "rename it"),
        "./bare": ("README.md:1:1: no front matter", "spaces-config-reference"),
        "./wrong": ("README.md:2:6: sdk: ", "spaces-config-reference"),
        "./loop": ("loop: cannot be read", ""),
        "./nul\0": ("cannot be read", ""),
        "~no-such-user/x": ("~no-such-user/x: ", ""),
    }
    for reference, (message, hint) in cases.items():
        with pytest.raises(RegistryError) as caught:
            find(reference)
        assert message in caught.value.message, reference
        assert hint in (caught.value.hint or ""), reference
        assert caught.value.message.isprintable()


def test_a_path_that_is_not_utf_8_is_refused(here: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(here) + b"/caf\xe9"))
    folder.mkdir()
    (folder / "README.md").write_text(GRADIO)
    with pytest.raises(UnknownSpaceError, match="not UTF-8"):
        find(str(folder))


def test_nothing_else_is_made_up() -> None:
    made = space_of_folder(str(write("x")))
    plain = Space(id=made.id, docker_image=made.docker_image)
    assert replace(made, description="", source=None, origin=plain.origin) == plain


def test_a_readme_that_is_a_link_out_is_not_read() -> None:
    Path("secret").write_text(GRADIO)
    Path("x").mkdir()
    Path("x/README.md").symlink_to("../secret")
    with pytest.raises(InvalidRegistryError, match=r"README\.md"):
        find("./x")
