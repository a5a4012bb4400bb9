from dataclasses import replace

import pytest

from hf_spaces_runner.planning.dev_plan import (
    MAX_ENTRIES,
    Recipe,
    SourceCopy,
    Step,
    find_source_copy,
    is_built_from,
    next_step,
    source_names,
    top_entries,
)

COPY = SourceCopy(prefix="source/", target=None, built_from=("source/requirements.txt",))
BUILT = Recipe(
    tag="a:1",
    base_image="debian:12",
    dockerfile="FROM debian:12\n",
    copy=COPY,
    inputs={"source/requirements.txt": "1"},
    entries={"app.py": False, "requirements.txt": False, "data": True},
)
NEW = replace(BUILT, tag="a:2")
HUB = """\
FROM python:3.11
RUN useradd -m -u 1000 user
USER user
ENV HOME=/home/user PATH=/home/user/.local/bin:$PATH
WORKDIR $HOME/app
COPY --chown=user requirements.txt requirements.txt
RUN pip install -r requirements.txt
COPY --chown=user . $HOME/app
CMD ["python", "app.py"]
"""


@pytest.mark.parametrize(
    ("wanted", "step"),
    [
        (BUILT, Step.NOTHING),
        (NEW, Step.RESTART),
        (replace(NEW, entries={**BUILT.entries, "more.py": False}), Step.RESTART),
        (replace(NEW, inputs={"source/requirements.txt": "2"}), Step.REBUILD),
        (replace(NEW, inputs={}), Step.REBUILD),
        (replace(NEW, dockerfile="FROM debian:12\nRUN true\n"), Step.REBUILD),
        (replace(NEW, base_image="debian:13"), Step.REBUILD),
        (replace(NEW, copy=None), Step.REBUILD),
        (replace(NEW, entries={"app.py": False, "requirements.txt": False}), Step.REBUILD),
        (replace(NEW, entries={**BUILT.entries, "data": False}), Step.REBUILD),
        (replace(NEW, entries={**BUILT.entries, **{f"{n}": False for n in range(MAX_ENTRIES)}}), Step.REBUILD),
    ],
    ids=[
        *("nothing", "the code", "a new file", "requirements", "no requirements", "Dockerfile", "base image"),
        *("made into something", "a folder is gone", "a folder becomes a file", "too many"),
    ],
)
def test_what_a_change_asks_for(wanted: Recipe, step: Step) -> None:
    assert next_step(BUILT, wanted, tried=BUILT.tag) is step


def test_what_was_tried_counts_and_not_what_was_built() -> None:
    assert next_step(BUILT, NEW, tried="a:2") is Step.NOTHING
    assert next_step(BUILT, BUILT, tried="a:2") is Step.RESTART


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("WORKDIR /app\nCOPY . .", SourceCopy(prefix="", target=None)),
        ("WORKDIR /app\nCOPY ./ ./", SourceCopy(prefix="", target=None)),
        ("WORKDIR /app/\nCOPY . /app", SourceCopy(prefix="", target=None)),
        ('WORKDIR /app\nCOPY --chown=1000:1000 ["source/", "/app/"]', SourceCopy(prefix="source/", target=None)),
        ("COPY . /srv/\nWORKDIR /srv\nCMD true", SourceCopy(prefix="", target="/srv")),
        ("WORKDIR /app\nADD https://x/y /y\nCOPY . .", SourceCopy(prefix="", target=None, built_from=("https://x/y",))),
        ("WORKDIR /app\nCOPY . .\nENV A=1\nUSER 1000\nEXPOSE 80", SourceCopy(prefix="", target=None)),
        ("WORKDIR /app\nCOPY . .\nRUN make", None),
        ("WORKDIR /app\nCOPY . .\nCOPY --from=0 /x /x", None),
        ("WORKDIR /app\nRUN true", None),
        ("WORKDIR /app\nCOPY app.py .", None),
        ("WORKDIR /app\nCOPY app.py data .", None),
        ("WORKDIR /app\nADD . .", None),
        ("COPY . .\nWORKDIR /app", None),
        ("WORKDIR /app\nCOPY . $OTHER", None),
        ("WORKDIR /app\nCOPY . ../b", None),
        ("COPY . /", None),
        ("COPY . /app/../etc", None),
        ("WORKDIR /app\nCOPY . .\nFROM debian\nWORKDIR /app\nCOPY --from=0 /app .", None),
        ("WORKDIR /app\nCOPY . .\nRUN make\nFROM debian\nWORKDIR /app\nCOPY . .", None),
    ],
)
def test_where_a_dockerfile_copies_the_source(lines: str, found: SourceCopy | None) -> None:
    assert find_source_copy(f"FROM debian:12\n{lines}\n") == found


def test_the_dockerfile_of_the_hubs_manual() -> None:
    found = find_source_copy(HUB)
    assert found == SourceCopy(prefix="", target=None, built_from=("requirements.txt",))


@pytest.mark.parametrize(
    ("used", "name", "expected"),
    [
        ("requirements.txt", "requirements.txt", True),
        ("requirements.txt", "sub/requirements.txt", False),
        ("package*.json", "package-lock.json", True),
        ("wheels", "wheels/a.whl", True),
        ("wheels", "wheels.py", False),
    ],
)
def test_what_a_build_uses_otherwise(used: str, name: str, expected: bool) -> None:
    assert is_built_from(name, SourceCopy(prefix="", target=None, built_from=(used,))) is expected


def test_the_names_of_a_source() -> None:
    names = source_names(("source/app.py", "source/a/b.txt", "ca-bundle.crt"), COPY)
    assert names == {"app.py": "source/app.py", "a/b.txt": "source/a/b.txt"}
    assert top_entries(names) == {"app.py": False, "a": True}
