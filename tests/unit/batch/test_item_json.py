import json
from pathlib import Path

import pytest

from hf_spaces_runner.batch.item_json import failed_row, files_of_body, is_body, is_good, item_body, item_line
from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Attempt, CandidateKind, Output, OutputFile, Status, Timings
from hf_spaces_runner.errors import Evidence

ITEM = Item(index=12, id="a.jpg", source="rows.csv:13", given={"image": "@a.jpg", "n": 1, "_note": "mine"})
ATTEMPT = Attempt(
    kind=CandidateKind.SPACE, name="a-space", status=Status.FAILED, evidence=Evidence(log="one\ntwo"), error="no"
)
GOOD = ItemResult(
    status=Status.OK,
    answered_by="a-space",
    text="two\nlines",
    outputs=(Output(label="Image", kind=OutputKind.IMAGE, path=Path("files/a/image.png")),),
    files=(OutputFile(path=Path("files/a/image.png"), media_type="image/png", size_bytes=5, width=2, height=3),),
    timings=Timings(call_s=0.12345),
)
BAD = ItemResult(status=Status.FAILED, attempts=(ATTEMPT,), error="no", verdict="space_error", hint="look")
SKIPPED = ItemResult(status=Status.SKIPPED)


def test_a_line_says_all_that_is_promised() -> None:
    line = item_line(ITEM, item_body(GOOD))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "index": 12,
        "id": "a.jpg",
        "source": "rows.csv:13",
        "status": "ok",
        "text": "two\nlines",
        "outputs": [{"label": "Image", "kind": "image", "value": None, "path": "files/a/image.png"}],
        "files": [{"path": "files/a/image.png", "media_type": "image/png", "bytes": 5, "width": 2, "height": 3}],
        "answered_by": "a-space",
        "attempts": [],
        "timings": {"pull_s": 0.0, "wait_s": 0.0, "start_s": 0.0, "ready_s": 0.0, "call_s": 0.123},
        "error": None,
        "verdict": None,
        "hint": None,
    }


def test_a_failed_item_says_why() -> None:
    said = json.loads(item_line(ITEM, item_body(BAD)))
    assert (said["status"], said["error"], said["verdict"], said["hint"]) == ("failed", "no", "space_error", "look")
    assert said["attempts"][0]["evidence"]["log"] == ["one", "two"]


def test_the_body_knows_neither_index_nor_id() -> None:
    body = item_body(GOOD)
    moved = json.loads(item_line(Item(index=13, id="b", source="s"), body))
    assert (moved["index"], moved["id"], moved["source"]) == (13, "b", "s")
    assert not {"index", "id", "source"} & set(json.loads(body))


def test_a_failed_item_can_be_given_again() -> None:
    row = failed_row(ITEM, item_body(BAD))
    assert row is not None
    assert row.endswith(b"\n")
    assert json.loads(row) == {
        "image": "@a.jpg",
        "n": 1,
        "_note": "mine",
        "_id": "a.jpg",
        "_error": "no",
        "_verdict": "space_error",
    }


@pytest.mark.parametrize(("result", "good"), [(GOOD, True), (BAD, False), (SKIPPED, False)])
def test_only_what_is_good_is_good(result: ItemResult, good: bool) -> None:
    body = item_body(result)
    assert is_good(body) is good
    assert (failed_row(ITEM, body) is None) is good


@pytest.mark.parametrize("text", ["\ud800", "\u2028\x85\x9b1m\x1b[0m", "naïve 🐈", "a\r\nb\0"])
def test_whatever_a_space_or_a_file_is_called_is_one_line_of_ascii(text: str) -> None:
    item = Item(index=0, id=text, source=text, given={"x": text, "y": Path("p")})
    body = item_body(ItemResult(status=Status.FAILED, text=text, error=text))
    row = failed_row(item, body)
    assert row is not None
    for line in (item_line(item, body), row):
        assert len(line.decode("ascii").splitlines()) == 1
        assert "\x1b" not in line.decode("ascii")
    assert json.loads(item_line(item, body))["id"] == text
    assert json.loads(row)["x"] == text


def test_the_files_of_a_body_are_read_back() -> None:
    assert files_of_body(item_body(GOOD)) == [("files/a/image.png", 5)]
    assert files_of_body(item_body(BAD)) == []


@pytest.mark.parametrize(
    "body",
    [
        b"garbage",
        b"[]",
        b"5",
        b"[" * 100_000,
        b'{"status":"ok","files":[]}',
        item_body(GOOD).replace(b'"files":[', b'"files":[5,'),
        item_body(GOOD).replace(b'"bytes":5', b'"bytes":"5"'),
        item_body(GOOD).replace(b'"error":null', b'"error":[]'),
        item_body(GOOD).replace(b'"answered_by":', b'"answered_by":{},"x":'),
        item_body(GOOD).replace(b",", b",\n", 1),
    ],
)
def test_what_others_put_into_a_journal_is_no_body(body: bytes) -> None:
    assert not is_body(body)


@pytest.mark.parametrize("result", [GOOD, BAD])
def test_each_body_can_be_read_again(result: ItemResult) -> None:
    assert is_body(item_body(result))
