"""Reads tables: CSV files, and JSON in the forms that people write."""

import csv
import math
from pathlib import Path

from hf_spaces_runner.errors import InvalidInputError

_SNIFFED = 64 * 1024


def read_table(path: Path) -> dict[str, object]:
    """Return the table in the CSV file `path`, its first line as the headers.

    The separator is found out (`,`, `;`, tab or `|`); a column of nothing but numbers becomes numbers.

    Raises:
        InvalidInputError: it cannot be read, is not UTF-8, or is no CSV.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path} is not UTF-8 (byte {error.start})", hint="save it as UTF-8") from error
    except OSError as error:
        raise InvalidInputError(
            f"cannot read the file {path}: {error.strerror or error}", hint="check the path and its permissions"
        ) from error
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), _dialect(text), strict=True))
    except csv.Error as error:
        raise InvalidInputError(f"{path} is no CSV: {error}") from error
    rows = [row for row in rows if row]
    if not rows:
        raise InvalidInputError(f"{path} holds no table: it is empty")
    headers, *data = rows
    for number, row in enumerate(data, start=2):
        if len(row) != len(headers):
            raise InvalidInputError(f"{path}: row {number} has {len(row)} cells, the first one {len(headers)}")
    columns = [_numbers(column) for column in zip(*data, strict=True)]
    return {"headers": headers, "data": [list(row) for row in zip(*columns, strict=True)]}


def as_table(value: object) -> object:
    """Return `value` as Gradio takes tables: a list of rows gets numbered headers, a list of objects their keys.

    Raises:
        ValueError: it is no table.
    """
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        return value
    if not isinstance(value, list):
        raise ValueError("takes a table: a CSV file (@FILE), or a JSON list of rows")  # noqa: TRY004 - see Raises
    if value and all(isinstance(row, dict) for row in value):
        headers = list(dict.fromkeys(key for row in value for key in row))
        return {"headers": headers, "data": [[row.get(key) for key in headers] for row in value]}
    rows = [row if isinstance(row, list) else [row] for row in value]
    columns = max((len(row) for row in rows), default=0)
    return {"headers": [str(number) for number in range(1, columns + 1)], "data": rows}


def _dialect(text: str) -> type[csv.Dialect]:
    try:
        return csv.Sniffer().sniff(text[:_SNIFFED].partition("\n")[0], delimiters=",;\t|")
    except csv.Error:
        return csv.excel  # one column


def _numbers(column: tuple[str, ...]) -> list[object]:
    try:
        numbers: list[object] = [int(cell) if cell.lstrip("+-").isdecimal() else float(cell) for cell in column]
    except ValueError:
        return list(column)
    return (
        numbers
        if all(isinstance(number, int) or math.isfinite(float(str(number))) for number in numbers)
        else list(column)
    )
