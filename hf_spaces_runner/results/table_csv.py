"""Writes a table that a Space answered as CSV."""

import csv
import io
import json


def as_csv(table: object) -> str | None:
    """Return `table`, which has `headers` and `data`, as CSV (RFC 4180, but for line ends); None where it is none."""
    if not isinstance(table, dict):
        return None
    headers, rows = table.get("headers"), table.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if isinstance(headers, list) and headers:
        writer.writerow([_cell(cell) for cell in headers])
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else value
