import queue
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hf_spaces_runner.orchestrator.folder_watch import watched_folder

PATIENCE_S = 60.0


def nobody_warns(text: str) -> None:
    pytest.fail(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / ".venv" / "space"  # a folder above it is called like one that is passed over
    (folder / ".git").mkdir(parents=True)
    return folder


@pytest.fixture
def news(folder: Path) -> Iterator["queue.Queue[tuple[str, ...]]"]:
    found: queue.Queue[tuple[str, ...]] = queue.Queue()
    with watched_folder(folder, found.put, nobody_warns):
        assert found.get(timeout=PATIENCE_S) == ()  # what happened before it watched
        yield found


def seen(news: "queue.Queue[tuple[str, ...]]", name: str) -> bool:
    """Return whether `name` is among the next names; they come in one or in several lots."""
    while True:
        names = news.get(timeout=PATIENCE_S)
        if name in names:
            return True


def test_a_change_is_told_and_version_control_is_not(folder: Path, news: "queue.Queue[tuple[str, ...]]") -> None:
    (folder / ".git" / "index").write_text("x")
    (folder / "app.pyc").write_text("x")
    (folder / ".app.py.swp").write_text("x")
    (folder / "app.py").write_text("x")
    assert news.get(timeout=PATIENCE_S) == ("app.py",)


def test_a_folder_that_comes_later_is_watched_as_well(folder: Path, news: "queue.Queue[tuple[str, ...]]") -> None:
    (folder / "a").mkdir()
    assert seen(news, "a")
    (folder / "a" / "b.txt").write_text("x")
    assert seen(news, "a/b.txt")


def test_one_that_was_away_is_watched_again(folder: Path, news: "queue.Queue[tuple[str, ...]]") -> None:
    aside = folder.parent / "aside"
    folder.rename(aside)
    while news.get(timeout=PATIENCE_S) != ():
        pass
    shutil.copytree(aside, folder)
    while news.get(timeout=PATIENCE_S) != ():
        pass
    (folder / "app.py").write_text("x")
    assert seen(news, "app.py")


def test_where_there_is_no_room_for_a_watch_the_folder_is_looked_through(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import watchfiles  # noqa: PLC0415 - its own function is put back around

    real, found, warnings = watchfiles.watch, queue.Queue[tuple[str, ...]](), list[str]()

    def watch(*paths: Path, force_polling: bool | None, **options: object) -> Iterator[object]:
        if not force_polling:
            raise OSError("OS file watch limit reached.")
        yield from real(*paths, force_polling=True, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(watchfiles, "watch", watch)
    with watched_folder(folder, found.put, warnings.append):
        assert found.get(timeout=PATIENCE_S) == ()
        (folder / "app.py").write_text("x")
        assert seen(found, "app.py")
    assert len(warnings) == 1
    assert warnings[0].startswith("OS file watch limit reached.: ")
