from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from hf_spaces_runner.batch.sources.read_items import count_hint
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.errors import UsageError
from tests.unit.batch.sources.reading import faults, items, sent


def write(columns: dict[str, list[object]], **options: Any) -> str:
    parquet.write_table(pa.table(columns), "t.parquet", **options)
    return "t.parquet"


@pytest.mark.usefixtures("here")
def test_an_item_a_row() -> None:
    Path("a.png").touch()
    name = write(
        {
            "id": ["x", "y"],
            "prompt": ["A cat", None],
            "file": ["@a.png", "@../a.png"],
            "number": [1.5, float("nan")],
            "when": [datetime(2026, 1, 2, tzinfo=UTC)] * 2,
            "price": [Decimal("1.50")] * 2,
            "tags": [["a", "b"], []],
            "size": [{"w": 1}, {"w": None}],
        }
    )
    first, second = items(name)
    assert (first.id, first.source, first.prompt) == ("x", "t.parquet:1", "A cat")
    assert sent(first) == {
        "file": Path("a.png"),
        "number": 1.5,
        "when": "2026-01-02T00:00:00+00:00",
        "price": "1.50",
        "tags": ["a", "b"],
        "size": {"w": 1},
    }
    assert "--allow-outside" in str(second.fault)


@pytest.mark.usefixtures("here")
def test_many_rows_in_groups_in_order_and_shuffled() -> None:
    name = write({"n": list(range(1000))}, row_group_size=64)
    assert [sent(item)["n"] for item in items(name)] == list(range(1000))
    assert count_hint(SourceSpec(inputs=(name,))) == 1000
    mixed = [sent(item)["n"] for item in items(name, shuffle=True)]
    assert mixed != sorted(mixed, key=str)
    assert sorted(mixed, key=lambda n: int(str(n))) == list(range(1000))


@pytest.mark.usefixtures("here")
def test_what_cannot_be_sent_is_a_failed_item() -> None:
    found = items(write({"x": [b"bytes", b""]}))
    assert faults(found) == [
        f"t.parquet:{number}: bytes: bytes cannot be sent; write them to files and name those" for number in (1, 2)
    ]
    assert faults(items(write({"x": [float("inf")]}))) == ["t.parquet:1: an infinite number cannot be sent"]


@pytest.mark.usefixtures("here")
def test_a_file_that_is_no_table() -> None:
    Path("t.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(UsageError, match="is no Parquet file") as caught:
        items("t.parquet")
    assert "--as-files" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="no column 'town'"):
        items(write({"city": ["Bern"]}), prompt="{town}")


@pytest.mark.usefixtures("here")
def test_a_broken_group_of_rows_is_one_failed_item_and_reading_goes_on() -> None:
    name = write({"n": [f"text {number}" for number in range(1000)]}, row_group_size=250)
    column = parquet.ParquetFile(name).metadata.row_group(2).column(0)
    start = column.dictionary_page_offset
    data = bytearray(Path(name).read_bytes())
    data[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    Path(name).write_bytes(data)
    found = items(name)
    assert [item.source for item in found if item.fault] == ["t.parquet:501"]
    assert "rows 501 to 750 cannot be read" in faults(found)[0]
    assert [sent(item)["n"] for item in found if not item.fault] == [
        f"text {number}" for number in range(1000) if not 500 <= number < 750
    ]
