import io
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.batch.sources.read_items import count_hint, preview_items, read_items
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import UsageError
from tests.unit.batch.sources.reading import faults, items, sent


def rows(name: str, number: int) -> str:
    Path(name).write_text("".join(f'{{"n": {place}}}\n' for place in range(number)))
    return name


def numbers(*words: str, **options: Any) -> list[object]:
    return [sent(item)["n"] for item in items(*words, **options)]


def on_stdin(content: bytes, **options: Any) -> list[Any]:
    return items("-", stdin=io.BytesIO(content), **options)


@pytest.mark.usefixtures("here")
def test_a_prompt_a_line() -> None:
    Path("prompts.txt").write_bytes(b"\xef\xbb\xbffirst\r\n\n  second \n \t\n\xff\n{third}")
    found = items(prompts=Path("prompts.txt"))
    assert [item.prompt for item in found] == ["first", "  second ", None, "{third}"]
    assert faults(found) == ["prompts.txt:5: it is not UTF-8 (byte 1 of the line)"]
    assert found[1].given == {"prompt": "  second "}
    assert found[1].source == "prompts.txt:3"
    filled = items(prompts=Path("prompts.txt"), prompt="Say {prompt}!")
    assert [item.prompt for item in filled] == ["Say first!", "Say   second !", None, "Say {third}!"]
    assert [item.prompt for item in items(prompts=Path("-"), stdin=io.BytesIO(b"a\nb"))] == ["a", "b"]


@pytest.mark.usefixtures("here")
def test_templates_in_prompt_and_constants() -> None:
    Path("photos").mkdir()
    Path("photos/7.jpg").touch()
    Path("t.csv").write_text("city,number,kept\nBern,7,k\nUlm,../t.csv,k\nGraz,8,k\n")
    found = items(
        "t.csv",
        prompt="{city}, {{x}}",
        constants=(
            InputValue(name="title", value="About {city}"),
            InputValue(name="image", path=Path("photos/{number}.jpg")),
            InputValue(name="literal", value="@{city}"),
            InputValue(name="flag", value=True),
        ),
    )
    assert found[0].prompt == "Bern, {x}"
    assert sent(found[0]) == {
        "kept": "k", "title": "About Bern", "image": Path("photos/7.jpg"), "literal": "@Bern", "flag": True,
    }  # fmt: skip
    assert faults(found) == [
        "t.csv:3: column image: ../t.csv.jpg leads out of the folder photos; --allow-outside lets rows name any file",
        "t.csv:4: column image: the file photos/8.jpg does not exist; a text that begins with @ is written with @@",
    ]


@pytest.mark.usefixtures("here")
def test_only_the_columns_that_are_named_are_sent() -> None:
    Path("t.csv").write_text("id,prompt,text,label,note\n7,p,good,pos,x\n8,p,bad,neg,y\n")
    found = items("t.csv", columns=("text", "note"), constants=(InputValue(name="k", value="{label}"),))
    assert [(item.id, item.prompt) for item in found] == [("7", "p"), ("8", "p")]
    assert [sent(item) for item in found] == [
        {"text": "good", "note": "x", "k": "pos"},
        {"text": "bad", "note": "y", "k": "neg"},
    ]
    assert found[0].given["label"] == "pos"  # a row that fails can be given again with other columns
    with pytest.raises(UsageError, match=r"t\.csv: --columns: there is no column txet") as caught:
        items("t.csv", columns=("text", "txet"))
    assert caught.value.hint == "the columns are id, prompt, text, label, note"


@pytest.mark.usefixtures("here")
def test_a_constant_wins_over_the_column_of_its_name() -> None:
    Path("t.csv").write_text("id,steps\nx,1\n")
    constants = (InputValue(name="steps", value="9"), InputValue(name="id", value="{id}"))
    assert sent(items("t.csv", constants=constants)[0]) == {"steps": "9", "id": "x"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": "{town}"}, "t.csv: no column 'town'"),
        ({"prompt": "{"}, "the prompt: a { stands alone"),
        ({"prompt": "no braces"}, "t.csv: the row has a prompt, and so has the command line"),
        ({"constants": (InputValue(name="a", value="{town}"),)}, "t.csv: no column 'town'"),
        ({"constants": (InputValue(name="a", value="}"),)}, "-i a: a } stands alone"),
        ({"constants": (InputValue(name="a", path=Path("gone.jpg")),)}, "input file gone.jpg does not exist"),
        ({"constants": (InputValue(name="a", path=Path("{{gone}}")),)}, "input file {gone} does not exist"),
        ({"offset": -1}, "an offset counts from 0"),
        ({"limit": 0}, "a limit from 1"),
        ({"offset": 1}, "no items are left behind the first 1 of t.csv"),
        ({"prompts": Path("t.csv")}, "give one of them"),
        ({"inputs": ("-",)}, "stdin, which is closed"),
        ({"inputs": ("-", "-"), "stdin": io.BytesIO()}, "given twice"),
        ({"inputs": ("-",), "stdin": io.BytesIO(b"\n \n")}, "no items in -"),
        ({"inputs": ()}, "no inputs"),
        ({"inputs": (), "prompts": Path("gone")}, "--prompts gone: does not exist"),
        ({"inputs": (), "prompts": Path()}, "--prompts .: is a folder"),
        ({"inputs": ("~nobody-of-this-name/x",)}, "nobody of that name"),
        ({"inputs": ("file",), "prompt": "{city}"}, "file: no column 'city' for {city}: there are no columns"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_cannot_be_ends_it_before_anything_runs(options: dict[str, Any], message: str) -> None:
    Path("t.csv").write_text("prompt,city\na,b\n")
    Path("file").touch()
    with pytest.raises(UsageError) as caught:
        read_items(SourceSpec(**{"inputs": ("t.csv",), **options}))
    assert message in str(caught.value)


@pytest.mark.usefixtures("here")
def test_where_no_header_is_known_a_missing_column_is_a_failed_item() -> None:
    Path("t.jsonl").write_text('{"city": "Bern"}\n{"town": "Ulm"}\n{"city": "Graz", "prompt": "x"}\n')
    assert faults(items("t.jsonl", prompt="In {city}")) == [
        "t.jsonl:2: no column 'city' for {city}: the columns are town",
        "t.jsonl:3: the row has a prompt, and so has the command line: write {prompt} where that of the row goes",
    ]


@pytest.mark.usefixtures("here")
def test_a_list_on_stdin_holds_paths_or_rows() -> None:
    Path("a b.jpg").touch()
    Path("t.csv").write_text("x\n1\n")
    Path("folder").mkdir()
    found = on_stdin(
        b'\xef\xbb\xbfa b.jpg\r\n\n  {"x": 1, "id": "row"}\nt.csv\ngone\nfolder\n'
        b'{"x"\n{"f": "@t.csv"}\n{"f": "@/etc/passwd"}'
    )
    assert [item.id for item in found] == ["a b.jpg", "row", "t.csv", "gone", "folder", "5", "6", "7"]
    assert [sent(item) for item in found if item.fault is None] == [
        {None: Path("a b.jpg")}, {"x": 1}, {None: Path("t.csv")}, {"f": Path("t.csv")},
    ]  # fmt: skip
    assert faults(found)[:2] == ["stdin:5 gone: does not exist", "stdin:6 folder: is a folder"]
    assert "not JSON" in faults(found)[2]
    assert "--allow-outside" in faults(found)[3]


@pytest.mark.usefixtures("here")
def test_paths_on_stdin_may_end_in_nul_and_hold_newlines() -> None:
    names = ["two\nlines", "{brace", os.fsdecode(b"\xff"), "x"]
    for name in names:
        Path(name).touch()
    found = on_stdin(b"x\0" + b"\0".join(os.fsencode(name) for name in names) + b"\0")
    assert [sent(item)[None] for item in found] == [Path("x"), *map(Path, names)]
    assert len(on_stdin(b"x\0" + b"a" * (40 * 1024**2) + b"\0x\0" + b"b" * (20 * 1024**2))) == 4


@pytest.mark.usefixtures("here")
def test_items_from_a_pipe_come_as_soon_as_they_are_written() -> None:
    reader, writer = os.pipe()
    with open(reader, "rb") as stdin, open(writer, "wb", buffering=0) as pipe:  # noqa: PTH123 - descriptors
        pipe.write(b'{"n": 1}\n')
        reading = read_items(SourceSpec(inputs=("-",), stdin=stdin))
        assert sent(next(reading)) == {"n": 1}
        pipe.write(b'{"n": 2}\n')
        assert sent(next(reading)) == {"n": 2}


@pytest.mark.usefixtures("here")
def test_a_part_of_the_items() -> None:
    rows("a.jsonl", 6)
    rows("b.jsonl", 4)
    assert numbers("a.jsonl", "b.jsonl", offset=4, limit=4) == [4, 5, 0, 1]
    found = items("a.jsonl", offset=4)
    assert [(item.index, item.source) for item in found] == [(0, "a.jsonl:5"), (1, "a.jsonl:6")]


@pytest.mark.usefixtures("here")
def test_a_shuffle_gives_each_item_once_in_the_order_of_its_seed() -> None:
    rows("t.jsonl", 50)
    Path("t.csv").write_text("n\n" + "".join(f"{number}\n" for number in range(50)))
    Path("prompts").write_text("".join(f"{number}\n" for number in range(50)))
    Path("d").mkdir()
    for number in range(30):
        Path(f"d/{number}").touch()
    plain = {
        item.source: (item.id if "d/" in item.source else "", item.inputs) for item in items("t.jsonl", "t.csv", "d")
    }
    found = items("t.jsonl", "t.csv", "d", shuffle=True)
    assert {item.source: (item.id if "d/" in item.source else "", item.inputs) for item in found} == plain
    assert [item.index for item in found] == list(range(130))
    assert [item.source for item in found] != list(plain)
    assert numbers("t.jsonl", shuffle=True, seed=1) == numbers("t.jsonl", shuffle=True, seed=1)
    assert numbers("t.jsonl", shuffle=True, seed=1) != numbers("t.jsonl", shuffle=True, seed=2)
    assert numbers("t.jsonl", shuffle=True, limit=5) == numbers("t.jsonl", shuffle=True)[:5]
    prompts = [item.prompt for item in items(prompts=Path("prompts"), shuffle=True)]
    assert sorted(map(str, prompts), key=int) == [str(number) for number in range(50)]
    piped = on_stdin(b'd/3\n{"n": 1}\n{"n"\nd/gone\n', shuffle=True)
    assert sorted(item.source for item in piped) == ["stdin:1 d/3", "stdin:2", "stdin:3", "stdin:4 d/gone"]
    assert len(faults(piped)) == 2


@pytest.mark.usefixtures("here")
def test_a_table_that_vanishes_after_the_shuffle_gives_failed_items() -> None:
    rows("t.jsonl", 3)
    reading = read_items(SourceSpec(inputs=("t.jsonl",), shuffle=True))
    Path("t.jsonl").unlink()
    assert len(faults(list(reading))) == 2  # the first had been read


@pytest.mark.usefixtures("here")
def test_a_look_at_the_first_items_and_how_many_there_are() -> None:
    rows("t.jsonl", 9)
    Path("t.csv").write_text("n\n1\n2\n3")
    Path("d").mkdir()
    Path("d/x").touch()
    Path("prompts").write_text("a\nb\n")
    every = SourceSpec(inputs=("t.jsonl", "t.csv", "d", "d/*"))
    assert [item.source for item in preview_items(every, 3)] == ["t.jsonl:1", "t.jsonl:2", "t.jsonl:3"]
    assert len(preview_items(every, 99)) == count_hint(every) == 14
    assert count_hint(SourceSpec(inputs=("t.jsonl",), offset=4, limit=3)) == 3
    assert count_hint(SourceSpec(inputs=("t.jsonl",), offset=8, limit=3)) == 1
    assert count_hint(SourceSpec(inputs=("t.jsonl",), offset=80)) == 0
    assert count_hint(SourceSpec(prompts=Path("prompts"))) == 2
    assert count_hint(SourceSpec(inputs=("d", "-"), stdin=io.BytesIO(b"x"))) is None


MEASURE = """
import sys
from hf_spaces_runner.batch.sources.read_items import count_hint, read_items
from hf_spaces_runner.batch.sources.spec import SourceSpec
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
next(read_items(SourceSpec(inputs=("small.jsonl",))))
before = peak()
spec = SourceSpec(inputs=sys.argv[1:2], shuffle="shuffle" in sys.argv, limit=1000 if "shuffle" in sys.argv else None)
hint = count_hint(spec)
print(sum(1 for item in read_items(spec)), hint, peak() - before)
"""


def measured(*words: str) -> tuple[int, int, int]:
    """Return how many items there are, the hint, and by how many KiB the memory grew over that of the first item."""
    done = subprocess.run([sys.executable, "-c", MEASURE, *words], check=True, capture_output=True, text=True)
    number, hint, kib = map(int, done.stdout.split())
    return number, hint, kib


@pytest.mark.usefixtures("here")
def test_a_million_rows_need_no_more_memory_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[4]))
    rows("small.jsonl", 10)
    with Path("large.jsonl").open("wb") as file:
        file.writelines(b'{"prompt": "Number %d", "n": %d}\n' % (place, place) for place in range(1_000_000))
    number, hint, kib = measured("large.jsonl")
    assert (number, hint) == (1_000_000, 1_000_000)
    assert kib < 8 * 1024


@pytest.mark.usefixtures("here")
def test_a_shuffle_keeps_numbers_in_memory_and_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[4]))
    rows("small.jsonl", 10)
    Path("large.csv").write_text("n,text\n" + "".join(f"{number},{'word ' * 60}\n" for number in range(100_000)))
    number, _, kib = measured("large.csv", "shuffle")
    assert number == 1000
    assert kib < 12 * 1024  # the rows are 30 MB


@pytest.mark.usefixtures("here")
def test_a_line_of_a_gigabyte_is_a_failed_item_in_little_memory() -> None:
    with Path("t.jsonl").open("wb") as file:
        file.write(b'{"n": 0}\n')
        file.seek(1024**3)
        file.write(b'\n{"n": 1}\n')
    tracemalloc.start()
    try:
        found = items("t.jsonl")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [item.fault for item in found] == [None, "t.jsonl:2: the line is longer than 16 MiB", None]
    assert peak < 80 * 1024**2
