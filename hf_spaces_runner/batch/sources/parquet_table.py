"""Reads a Parquet table by pyarrow, an optional part: some rows at a time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from hf_spaces_runner.batch.sources.csv_table import check_columns
from hf_spaces_runner.batch.sources.entry import Entry
from hf_spaces_runner.batch.sources.shown import shown, why_not
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError

_HINT = "name a Parquet file; --as-files sends any file to the Space as it is"
_ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetTable:
    """A Parquet file with the names of its columns and its number of rows."""

    path: Path
    columns: tuple[str, ...]
    rows: int

    @property
    def name(self) -> str:
        """The path, safe to print."""
        return shown(self.path)

    def entries(self) -> Iterator[Entry]:
        """Yield the rows, one group of them after the other; one that is broken is a fault. See `Source`."""
        import pyarrow as pa  # noqa: PLC0415 - an optional part, and slow to import
        from pyarrow import parquet  # noqa: PLC0415

        with parquet.ParquetFile(self.path) as file:
            first = 1
            for group in range(file.metadata.num_row_groups):
                number = first
                first += int(file.metadata.row_group(group).num_rows)
                try:
                    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, row_groups=[group]):
                        for row in batch.to_pylist():
                            yield self._entry(number, row)
                            number += 1
                except (pa.ArrowException, OSError) as error:
                    source = f"{shown(self.path)}:{number}"
                    reason = f"rows {number} to {first - 1} cannot be read: {one_line(str(error))}"
                    yield Entry(source=source, fault=f"{source}: {reason}")

    def count(self) -> int:
        """Return the number of rows that the file says it has."""
        return self.rows

    def _entry(self, number: int, row: dict[str, object]) -> Entry:
        source = f"{shown(self.path)}:{number}"
        try:
            plain = {name: _plain(value) for name, value in row.items()}
        except ValueError as error:
            return Entry(source=source, fault=f"{source}: {error}")
        return Entry(source=source, row=plain, base=self.path.parent)


def open_parquet(path: Path) -> ParquetTable:
    """Return the table in `path`.

    Raises:
        UsageError: pyarrow is missing, or the file cannot be read, is no Parquet, or has two columns of one name.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional part, and slow to import
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            f"{shown(path)}: to read Parquet needs pyarrow, which is not installed",
            hint="pip install 'hf-spaces-runner[parquet]', or --as-files to send the file as it is",
        ) from error
    try:
        with parquet.ParquetFile(path) as file:
            columns = tuple(str(name) for name in file.schema_arrow.names)
            rows = int(file.metadata.num_rows)
    except pa.ArrowException as error:
        raise UsageError(f"{shown(path)} is no Parquet file: {one_line(str(error))}", hint=_HINT) from error
    except OSError as error:
        raise UsageError(f"{shown(path)} {why_not(error)}", hint=_HINT) from error
    check_columns(columns, shown(path))
    return ParquetTable(path=path, columns=columns, rows=rows)


def _plain(value: object) -> object:
    """Return `value` as JSON can say it.

    Raises:
        ValueError: it cannot.
    """
    if value is None or isinstance(value, str | int | Decimal):
        return str(value) if isinstance(value, Decimal) else value
    if isinstance(value, float):
        if math.isinf(value):
            raise ValueError("an infinite number cannot be sent")
        return None if math.isnan(value) else value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    what = "bytes cannot be sent; write them to files and name those" if isinstance(value, bytes) else "cannot be sent"
    raise ValueError(f"{type(value).__name__}: {what}")
