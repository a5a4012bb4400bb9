import json
from pathlib import Path

import pytest

from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.batch.item_dirs import ItemFolders, Traces
from hf_spaces_runner.batch.item_json import item_body, item_line
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.result import OutputFile, Status
from hf_spaces_runner.errors import UsageError

ITEM = Item(
    index=12,
    id="sub/a.jpg",
    source="photos/sub/a.jpg",
    prompt="what is it",
    inputs=(InputValue(path=Path("photos/sub/a.jpg")), InputValue(name="n", value=3)),
)
NAMES = ("image.png", "result.json")
RESULT = ItemResult(
    status=Status.OK,
    files=tuple(OutputFile(path=Path("files/a") / name, media_type="x", size_bytes=3) for name in NAMES),
)
BODY = item_body(RESULT)
TRACES = Traces(log="one\ntwo\n\ud800", state={"running": True, "exit_code": None})


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    (tmp_path / "files/a").mkdir(parents=True)
    for name in NAMES:
        (tmp_path / "files/a" / name).write_bytes(b"png")
    return BatchFolder(tmp_path)


def test_all_that_is_known_of_an_item_is_in_its_folder(folder: BatchFolder) -> None:
    ItemFolders(folder).write(ITEM, BODY, TRACES)
    (made,) = folder.items.iterdir()
    assert made.name == "000012-a.jpg"
    assert json.loads((made / "request.json").read_text()) == {
        "index": 12,
        "id": "sub/a.jpg",
        "source": "photos/sub/a.jpg",
        "prompt": "what is it",
        "inputs": [
            {"name": None, "value": None, "path": "photos/sub/a.jpg"},
            {"name": "n", "value": 3, "path": None},
        ],
        "fault": None,
    }
    assert (made / "result.json").read_bytes() == item_line(ITEM, BODY)
    assert (made / "container.log").read_text() == "one\ntwo\n?"
    assert json.loads((made / "state.json").read_text()) == {"running": True, "exit_code": None}
    assert (made / "image.png").read_bytes() == (made / "result-2.json").read_bytes() == b"png"
    assert len(list(made.iterdir())) == 6


def test_a_folder_of_an_earlier_run_is_left_as_it_is(folder: BatchFolder) -> None:
    folders = ItemFolders(folder)
    folders.write(ITEM, BODY, TRACES)
    folders.write(ITEM, BODY)
    assert (folders.path_of(ITEM) / "container.log").exists()


def test_a_folder_that_says_something_else_is_written_again(folder: BatchFolder) -> None:
    folders = ItemFolders(folder)
    folders.write(ITEM, item_body(ItemResult(status=Status.FAILED)), TRACES)
    folders.write(ITEM, BODY)
    made = folders.path_of(ITEM)
    assert (made / "result.json").read_bytes() == item_line(ITEM, BODY)
    assert not (made / "container.log").exists()
    assert [path.name for path in folder.items.iterdir()] == [made.name]


def test_an_output_that_was_removed_is_left_out(folder: BatchFolder) -> None:
    (folder.root / "files/a/image.png").unlink()
    folders = ItemFolders(folder)
    folders.write(ITEM, BODY, TRACES)
    assert not (folders.path_of(ITEM) / "image.png").exists()
    assert (folders.path_of(ITEM) / "result-2.json").exists()


@pytest.mark.parametrize("name", ["../../evil", "a/b", ".", "x" * 5000, "a\nb\0\x1b[0m", "\udcff"])
def test_whatever_an_item_is_called_its_folder_is_below(folder: BatchFolder, name: str) -> None:
    folders = ItemFolders(folder)
    item = Item(index=1, id=name, source="s")
    folders.write(item, BODY)
    (made,) = folder.items.iterdir()
    assert made == folders.path_of(item)
    assert made.name.startswith("000001-")


def test_what_a_killed_run_left_is_swept(folder: BatchFolder) -> None:
    folders = ItemFolders(folder)
    folders.sweep()
    folders.write(ITEM, BODY)
    (folder.items / ".half-x").mkdir()
    (folder.items / ".half-x/file").touch()
    folders.sweep()
    assert [path.name for path in folder.items.iterdir()] == ["000012-a.jpg"]


def test_a_file_in_its_place_is_an_error(folder: BatchFolder) -> None:
    folder.items.write_text("theirs")
    with pytest.raises(UsageError, match="cannot write"):
        ItemFolders(folder).write(ITEM, BODY)
    assert folder.items.read_text() == "theirs"
