"""What is added to every plan: links, and a note on files that no image gets."""

from dataclasses import replace
from pathlib import Path

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.planning.build_files import with_links_and_notes

FILE, LINK = Path("/space/app.py"), Path("/space/link")
SOURCE = SpaceSource(
    folder=Path("/space"),
    front_matter=FrontMatter(sdk=Sdk.GRADIO, app_file="app.py"),
    requirements=None,
    pre_requirements=None,
    packages=None,
    files={"app.py": SourceFile(path=FILE, sha256="a"), "link": SourceFile(path=LINK, sha256="b", link="app.py")},
    left_out=(),
    sha256="c",
)
PLAN = BuildPlan(
    tag="x:1",
    base_image="y",
    python_version="3.11",
    dockerfile="",
    files={"source/app.py": FILE, "source/link": LINK, "ca-bundle.crt": Path("/ca.crt")},
)


def test_links_are_no_files() -> None:
    made = with_links_and_notes(PLAN, SOURCE)
    assert made.files == {"source/app.py": FILE, "ca-bundle.crt": Path("/ca.crt")}
    assert made.links == {"source/link": "app.py"}
    assert made.notes == ()


def test_what_secrets_may_lie_in_is_named_on_one_line() -> None:
    (note,) = with_links_and_notes(PLAN, replace(SOURCE, secrets=(".env", "a\n\x1b[31m.env"))).notes
    assert "secrets may lie in it: .env, a .env. " in note
    names = tuple(f"{number}/.env" for number in range(1234))
    (note,) = with_links_and_notes(PLAN, replace(SOURCE, secrets=names)).notes
    assert "4/.env and 1,229 more. " in note
