import codecs
import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_spaces_runner.batch.item_json import failed_row, item_body
from hf_spaces_runner.batch.sources.read_items import read_items
from hf_spaces_runner.batch.sources.spec import MAX_LINE_BYTES, SourceSpec
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.errors import UsageError
from tests.unit.batch.sources.reading import faults, items, sent, unprivileged

KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=9).filter(lambda key: not key.startswith("_"))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    SCALARS | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)
ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def write(name: str, content: str | bytes) -> str:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def without_at(value: object) -> bool:
    """Whether no text in `value` names a file, and none is written with two at signs."""
    return "@" not in json.dumps(value)


@ONE_FOLDER
@given(rows=st.lists(st.dictionaries(KEYS, VALUES.filter(without_at), max_size=5), min_size=1, max_size=5))
@pytest.mark.usefixtures("here")
def test_any_row_of_json_comes_through(rows: list[dict[str, object]]) -> None:
    write("t.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    found = items("t.jsonl")
    assert len(found) == len(rows)
    for item, row in zip(found, rows, strict=True):
        expected = {key: one for key, one in row.items() if key not in {"id", "prompt"} and one is not None}
        assert sent(item) == expected
        assert item.given == row


@ONE_FOLDER
@given(
    header=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=4),
    data=st.data(),
    delimiter=st.sampled_from([",", ";", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
)
@pytest.mark.usefixtures("here")
def test_any_row_of_csv_comes_through(
    header: list[str], data: st.DataObject, delimiter: str, line_end: str, mark: bool
) -> None:
    columns = [f"c{number}{name}_".strip() for number, name in enumerate(header)]
    cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
        lambda cell: not cell.startswith("@")
    )
    rows = data.draw(st.lists(st.lists(cells, min_size=len(columns), max_size=len(columns)), min_size=1))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([[f"c{number}" for number in range(len(columns))], *rows])
    name = "t.tsv" if delimiter == "\t" else "t.csv"
    write(name, codecs.BOM_UTF8 * mark + text.getvalue().encode())
    assert [list(sent(item).values()) for item in items(name)] == rows
    in_order = {item.source: item.inputs for item in items(name)}
    assert {item.source: item.inputs for item in items(name, shuffle=True)} == in_order


@pytest.mark.usefixtures("here")
def test_columns_become_inputs_by_name() -> None:
    write("t.csv", "id,prompt,steps,note,_mine\r\nfirst,A cat,20,,x\r\n,,,,\r\n")
    first, second = items("t.csv", constants=(InputValue(name="seed", value="7"),))
    assert (first.id, first.source, first.prompt) == ("first", "t.csv:2", "A cat")
    assert sent(first) == {"steps": "20", "seed": "7"}
    assert (second.id, second.prompt, sent(second)) == ("1", None, {"seed": "7"})


@pytest.mark.usefixtures("here")
def test_a_broken_line_of_json_is_a_failed_item_with_its_line() -> None:
    lines = [
        b'{"a": 1}',
        b"",
        b'{"a": ',
        b"[1]",
        b"null",
        b'"text"',
        b"7",
        b'{"a": "\xff"}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"}",
        b'{"a": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"": 1}',
        b'\0{"a": 1}',
        b'{"a": [' + b"[]," * 400_000 + b"1]}",
        b"   \t ",
        b'{"a": NaN, "b": 2}\r',
    ]
    found = items(write("t.jsonl", b"\n".join(lines)))
    assert sent(found[0]) == {"a": 1}
    assert sent(found[-1]) == {"b": 2}
    broken = found[1:-1]
    assert all(
        item.fault and item.fault.startswith(f"t.jsonl:{number}: ") for number, item in enumerate(broken, start=3)
    )
    assert [str(item.fault).partition(": ")[2] for item in broken] == [
        "it is not JSON: Expecting value (character 8)",
        'it is a list, not an object like {"prompt": "..."}',
        'it is null, not an object like {"prompt": "..."}',
        'it is a text, not an object like {"prompt": "..."}',
        'it is a number, not an object like {"prompt": "..."}',
        "it is not UTF-8 (byte 8 of the line)",
        "Infinity is not a number that can be sent",
        "1e999 is too large a number",
        "a number has too many digits",
        "it is nested too deeply",
        "column a holds half a character (a lone surrogate), which is no UTF-8",
        "the name of a column holds half a character (a lone surrogate), which is no UTF-8",
        "it has a key without a name",
        "it is not JSON: Expecting value (character 1)",
        "it holds too many values",
    ]


@pytest.mark.usefixtures("here")
def test_a_broken_row_of_csv_is_a_failed_item_with_its_line() -> None:
    rows = [
        b"a,b",
        b"1,2",
        b"",
        b"1",
        b"1,2,3",
        b"\xff,2",
        b"\0,2",
        b'"x"y,2',
        b'5" disk,2',
        b'"two\nlines","a ""quote"""',
        b'"never,closed',
        b"3,4",
    ]
    found = items(write("t.csv", b"\r\n".join(rows)))
    assert [sent(item) for item in found if item.fault is None] == [
        {"a": "1", "b": "2"},
        {"a": '5" disk', "b": "2"},
        {"a": "two\nlines", "b": 'a "quote"'},
        {"a": "3", "b": "4"},
    ]
    assert faults(found) == [
        "t.csv:4: 1 cells, where the header has 2",
        "t.csv:5: 3 cells, where the header has 2",
        "t.csv:6: it is not UTF-8 (byte 1 of the line)",
        "t.csv:7: it holds a NUL byte",
        "t.csv:8: behind a closing quote there is more text; a quote within quotes is written twice",
        "t.csv:12: a quote is opened and never closed",
    ]
    assert found[-1].source == "t.csv:13"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b,a\n1,2,3\n", "t.csv:1: the column a stands there twice"),
        (b",text\n0,x\n", "t.csv:1: column 1 has no name"),
        (b"\n\n a ,a\n", "t.csv:3: the column a stands there twice"),
        (b"\xff\n1\n", "the header cannot be read: it is not UTF-8"),
        (b"a\rb\r", "carriage return stands alone"),
        (b'"a,b\n', "a quote is opened and never closed"),
        (codecs.BOM_UTF16_LE + "a,b\n1,2\n".encode("utf-16-le"), "t.csv is UTF-16, not UTF-8"),
        (b"", "no items in t.csv"),
        (b"\n \r\n", "no items in t.csv"),
        (b"a,b\n", "no items in t.csv"),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_table_without_a_header_that_holds_ends_it_before_anything_runs(content: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        items(write("t.csv", content))


@pytest.mark.usefixtures("here")
def test_a_header_of_very_many_columns_takes_no_hours() -> None:
    names = [f"c{number}" for number in range(200_000)]
    found = items(write("t.csv", f"{','.join(names)}\n{',' * (len(names) - 1)}\n".encode()))
    assert len(found[0].given) == len(names)


@pytest.mark.parametrize("header", ['"a; b",c', '"a; b"\tc', '"a; b"|c', '"a, b";c'])
@pytest.mark.usefixtures("here")
def test_the_delimiter_is_the_one_of_the_header(header: str) -> None:
    found = items(write("t.csv", f"{header}\ny{header[-2]}x\n"))
    assert [sent(item) for item in found] == [{header[1:5]: "y", "c": "x"}]


@pytest.mark.usefixtures("here")
def test_utf_16_in_json_lines_is_said_before_anything_runs() -> None:
    with pytest.raises(UsageError, match="UTF-16") as caught:
        items(write("t.jsonl", '{"a": 1}\n'.encode("utf-16")))
    assert "iconv" in str(caught.value.hint)


@pytest.mark.usefixtures("here")
def test_lines_longer_than_the_limit_are_failed_items_and_reading_goes_on() -> None:
    long = b"x" * MAX_LINE_BYTES
    found = items(write("t.jsonl", b'{"a": 1}\n{"a": "' + long + b'"}\n{"a": 2}\n{"a": "' + long))
    assert [sent(item) for item in found if item.fault is None] == [{"a": 1}, {"a": 2}]
    assert faults(found) == [f"t.jsonl:{number}: the line is longer than 16 MiB" for number in (2, 4)]
    found = items(write("t.csv", b"a,b\n1,2\n1," + long + b'\n3,4\n5,"' + b"y\n" * 200_000 + b'"\n'), limit=4)
    assert [sent(item) for item in found if item.fault is None] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert faults(found) == [
        "t.csv:3: the line is longer than 16 MiB",
        "t.csv:5: the row is longer than 16 MiB, or has too many lines: is a quote not closed?",
    ]
    cell = b"z" * (MAX_LINE_BYTES - 10)
    assert len(str(sent(items(write("t.csv", b"a\n" + cell + b"\n"))[0])["a"])) == len(cell)


@pytest.mark.usefixtures("here")
def test_files_of_a_row_come_from_the_table_s_folder_and_not_from_outside() -> None:
    Path("t/pictures").mkdir(parents=True)
    for name in ("t/pictures/a.png", "t/b.png", "secret", "t/@odd"):
        write(name, b"x")
    Path("t/pictures/leak").symlink_to("../../secret")
    Path("t/pictures/inside").symlink_to("../b.png")
    secret = str(Path("secret").resolve())
    rows = {
        "@pictures/a.png": Path("t/pictures/a.png"),
        "@pictures/../b.png": Path("t/pictures/../b.png"),
        "@pictures/inside": Path("t/pictures/inside"),
        "@@pictures": "@pictures",
        "@@@": "@@",
        "a@b": "a@b",
    }
    write("t/rows.jsonl", "".join(f"{json.dumps({'x': cell})}\n" for cell in rows))
    assert [sent(item)["x"] for item in items("t/rows.jsonl")] == list(rows.values())
    outside = ["@../secret", f"@{secret}", "@pictures/leak", "@pictures/../../secret"]
    write("t/rows.csv", "x\n" + "".join(f"{cell}\n" for cell in outside))
    found = items("t/rows.csv")
    assert [
        item.fault is not None and "leads out of the folder t; --allow-outside" in item.fault for item in found
    ] == [True] * 4
    allowed = items("t/rows.csv", allow_outside=True)
    assert [Path(str(sent(item)["x"])).resolve() for item in allowed] == [Path(secret)] * 4


@pytest.mark.usefixtures("here")
def test_a_file_of_a_row_that_cannot_be_sent_is_a_failed_item() -> None:
    os.mkfifo("pipe")
    Path("folder").mkdir()
    write("closed", b"")
    Path("closed").chmod(0)
    cells = ["@gone", "@pipe", "@folder", "@", "@a\0b", "@closed", "@" + "n" * 300, "@\udcff"]
    write("t.jsonl", "".join(f"{json.dumps({'x': cell})}\n" for cell in cells))
    with unprivileged():
        found = items("t.jsonl")
    assert [str(item.fault).partition(": column x: ")[2] for item in found] == [
        "the file gone does not exist; a text that begins with @ is written with @@",
        "pipe is a pipe, not a file",
        "folder is a folder",
        "there is no path behind @; a text that begins with @ is written with @@",
        "there is no path behind @; a text that begins with @ is written with @@",
        "closed cannot be read: permission denied",
        f"{'n' * 300} cannot be read: File name too long",
        "the file \\udcff does not exist; a text that begins with @ is written with @@",
    ]


@pytest.mark.usefixtures("here")
def test_a_list_of_files_is_given_one_after_the_other() -> None:
    for name in ("a", "b"):
        write(name, b"")
    rows = [{"f": ["@a", "@b"]}, {"f": ["@@a", "@@b"]}, {"f": ["@a", 1]}, {"f": []}]
    found = items(write("t.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows)))
    assert [(given.name, given.path) for given in found[0].inputs] == [("f", Path("a")), ("f", Path("b"))]
    assert [sent(item) for item in found[1:]] == [{"f": ["@a", "@b"]}, {"f": ["@a", 1]}, {"f": []}]


@pytest.mark.usefixtures("here")
def test_a_table_may_be_sent_as_a_file() -> None:
    write("t.csv", "a\n1\n")
    assert [sent(item) for item in items("t.csv", "t.csv", as_files=True)] == [{None: Path("t.csv")}] * 2


@pytest.mark.usefixtures("here")
def test_a_table_that_vanishes_or_breaks_off_is_one_failed_item() -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        write(name, "x\n1\n")
    reading = read_items(SourceSpec(inputs=("a.csv", "b.csv", "c.csv")))
    Path("b.csv").unlink()
    assert [item.fault for item in reading] == [None, "b.csv does not exist: the rest of it is not read", None]


def failed_rows(found: list[Item]) -> bytes:
    """Return what a batch writes into its failed.jsonl for `found`."""
    body = item_body(ItemResult(status=Status.FAILED, error="it failed", verdict="space_error"))
    return b"".join(failed_row(item, body) or b"" for item in found)


@pytest.mark.usefixtures("here")
def test_failed_items_can_be_given_again_from_elsewhere() -> None:
    for name in ("t/a.png", "t/b.png", "d/sub/c.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        write(name, b"x")
    write(os.fsdecode(b"d/\xff"), b"x")
    write(
        "t/rows.jsonl",
        '{"id": "me", "x": "@a.png", "city": "Bern"}\n{"x": ["@a.png", "@b.png"], "y": "@@at", "city": "Ulm"}\n',
    )
    write("t/more.csv", 'city,n\n"Zürich, CH",5\n')
    given = {"prompt": "In {city}", "constants": (InputValue(name="k", value="{city}!"),)}
    rows = items("t/rows.jsonl", "t/more.csv", **given)
    files = items("d")
    Path("out").mkdir()

    def meaning(found: list[Item]) -> list[object]:
        return [
            (item.id, item.prompt, [(one.name, one.value, one.path and one.path.resolve()) for one in item.inputs])
            for item in found
        ]

    write("out/failed.jsonl", failed_rows(rows))
    assert meaning(items("out/failed.jsonl", allow_outside=True, **given)) == meaning(rows)
    write("out/failed.jsonl", failed_rows(files))
    again = items("out/failed.jsonl", allow_outside=True)
    assert [one[1:] for one in meaning(again)] == [one[1:] for one in meaning(files)]  # type: ignore[index]
    twice = write("out/twice.jsonl", failed_rows(again))
    assert meaning(items(twice, allow_outside=True)) == meaning(again)
    assert all("--allow-outside" in fault for fault in faults(items("out/failed.jsonl")))


@pytest.mark.usefixtures("here")
def test_a_broken_row_stays_broken_when_it_is_given_again() -> None:
    found = items(write("t.csv", "a,b\n1\n"))
    assert found[0].given == {"_broken": "t.csv:2: 1 cells, where the header has 2", "_text": "1"}
    again = items(write("failed.jsonl", failed_rows(found)))
    assert faults(again) == ["failed.jsonl:1: this row was broken where it came from: " + str(found[0].fault)]
    assert again[0].id == found[0].id
    assert items(write("failed.jsonl", failed_rows(again)))[0].given == found[0].given


@pytest.mark.usefixtures("here")
def test_parquet_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="needs pyarrow") as caught:
        items(write("t.parquet", "x"))
    assert "hf-spaces-runner[parquet]" in str(caught.value.hint)
    assert len(items("t.parquet", as_files=True)) == 1
