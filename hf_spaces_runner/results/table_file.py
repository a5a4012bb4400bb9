"""Writes a table that a Space answered as a CSV file."""

from dataclasses import replace

from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.domain.safe_name import safe_name
from hf_spaces_runner.results.output_files import OutputFiles
from hf_spaces_runner.results.part import Part
from hf_spaces_runner.results.table_csv import as_csv


def write_table(part: Part, files: OutputFiles | None) -> Part:
    """Return `part` with the path of the CSV file that its table was written to, if it is one; see `OutputFiles`."""
    table = as_csv(part.output.value) if files is not None and part.output.kind is OutputKind.TABLE else None
    if files is None or table is None:
        return part
    written = files.write(f"{safe_name(part.output.label, 'table')}.csv", table, "text/csv")
    return replace(part, output=replace(part.output, path=written.path), files=(*part.files, written))
