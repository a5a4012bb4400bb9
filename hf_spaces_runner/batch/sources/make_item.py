"""Makes an item of an entry: fills the templates, finds the files that a row names, keeps what was given."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hf_spaces_runner.batch.sources.entry import BROKEN_KEY, FILE_KEY, ID_KEYS, PROMPT_KEY, TEXT_KEY, Entry
from hf_spaces_runner.batch.sources.json_row import is_utf8
from hf_spaces_runner.batch.sources.row_file import file_of, files_in, names_file, unescape
from hf_spaces_runner.batch.sources.shown import fault_of, shown
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.item_template import Template, TemplateError, as_text, parse_template

_MAX_ID_CHARACTERS = 500
_MOST_SHOWN = 8
_BRACES = "write {{ and }} for braces that are part of the text"
_KEPT = frozenset({FILE_KEY, BROKEN_KEY, TEXT_KEY})
_TWO_PROMPTS = "the row has a prompt, and so has the command line: write {prompt} where that of the row goes"


_T = TypeVar("_T")


class _Fault(Exception):  # noqa: N818 - how an item ends, not an error of the batch
    """The entry cannot be asked; the message says why."""


@dataclass(frozen=True, slots=True)
class _Constant:
    given: InputValue
    template: Template | None


class ItemMaker:
    """Makes items with one prompt and the same constants; of rows it sends `columns` alone, all where there are none.

    Raises:
        UsageError: the prompt or a constant is no template.
    """

    def __init__(
        self,
        prompt: str | None,
        constants: Collection[InputValue],
        *,
        columns: Collection[str] = (),
        allow_outside: bool,
    ) -> None:
        self._prompt = None if prompt is None else _parse(prompt, "the prompt")
        self._constants = tuple(_Constant(given, _template_of(given)) for given in constants)
        self._columns = columns
        self._allow_outside = allow_outside
        templates = [self._prompt, *(constant.template for constant in self._constants)]
        # A column that a template uses goes in there, and only there; a constant of its name would win anyway.
        self._used = {name for template in templates if template is not None for name in template.columns}
        self._own = {PROMPT_KEY, ID_KEYS[-1], *(given.name for given in constants if given.name is not None)}

    def check(self, columns: Collection[str], name: str) -> None:
        """Check what was asked for against the columns that every row of the source `name` has.

        Raises:
            UsageError: a template uses or `--columns` names one that is not there, or there are two prompts.
        """
        known = [column for column in columns if not column.startswith("_")]
        try:
            for template in (self._prompt, *(constant.template for constant in self._constants)):
                if template is not None:
                    template.check(known)
        except TemplateError as error:
            raise UsageError(f"{name}: {error}", hint=_BRACES) from error
        missing = next((column for column in self._columns if column not in known), None)
        if missing is not None:
            shortened = ", ".join(known[:_MOST_SHOWN]) + (", ..." if len(known) > _MOST_SHOWN else "")
            raise UsageError(
                f"{name}: --columns: there is no column {shown(missing)}",
                hint=f"the columns are {shortened}" if known else "no column of it has a name",
            )
        if PROMPT_KEY in known and self._prompt is not None and PROMPT_KEY not in self._prompt.columns:
            raise UsageError(f"{name}: {_TWO_PROMPTS}")

    def fixed_files(self) -> tuple[InputValue, ...]:
        """Return the constants that are the same file for each item."""
        return tuple(
            given if constant.template is None else replace(given, path=Path(constant.template.fill({})))
            for constant in self._constants
            if (given := constant.given).path is not None and not (constant.template and constant.template.columns)
        )

    def make(self, entry: Entry, index: int) -> Item:
        """Return the item number `index`; what is wrong with the entry becomes its fault."""
        row = entry.row if entry.row is not None else {}
        given = self._given(entry)
        name = _id(entry, index)
        try:
            _check_whole(entry, row)
            columns = {key: value for key, value in row.items() if not key.startswith("_")}
            prompt = self._prompt_of(columns)
            inputs = (*self._file_of(entry), *self._inputs(columns, entry.base), *self._filled(columns))
        except (_Fault, TemplateError) as error:
            fault = entry.fault or f"{entry.source}: {error}"
            return Item(index=index, id=name, source=entry.source, given=given, fault=fault)
        return Item(index=index, id=name, source=entry.source, prompt=prompt, inputs=inputs, given=given)

    def _prompt_of(self, columns: Mapping[str, object]) -> str | None:
        own = columns.get(PROMPT_KEY)
        if self._prompt is None:
            prompt = as_text(own) if own not in (None, "") else None
        else:
            if own not in (None, "") and PROMPT_KEY not in self._prompt.columns:
                raise _Fault(_TWO_PROMPTS)
            prompt = self._prompt.fill(columns)
        return _sound(prompt, "the prompt")

    def _file_of(self, entry: Entry) -> Iterator[InputValue]:
        """Yield the file that goes in without a name."""
        if entry.file is not None:
            fault = fault_of(entry.file)
            if fault is not None:
                raise _Fault(fault)
            yield InputValue(path=entry.file)
        elif entry.row is not None and entry.row.get(FILE_KEY) is not None:
            yield InputValue(path=self._path(as_text(entry.row[FILE_KEY]), entry.base, FILE_KEY))

    def _inputs(self, columns: Mapping[str, object], base: Path) -> Iterator[InputValue]:
        apart = self._own | self._used
        for name, value in columns.items():
            if value is None or name in apart or (self._columns and name not in self._columns):
                continue
            _sound(name, "the name of a column")
            files = files_in(value)
            if files is None:
                yield InputValue(name=name, value=_sound(unescape(value), f"column {shown(name)}"))
            for file in files or ():
                yield InputValue(name=name, path=self._path(file, base, name))

    def _filled(self, columns: Mapping[str, object]) -> Iterator[InputValue]:
        for constant in self._constants:
            given, template = constant.given, constant.template
            if template is None:
                yield given
                continue
            text = template.fill(columns)
            if given.path is None:
                yield InputValue(name=given.name, value=_sound(text, f"-i {shown(given.name or text)}"))
            elif not template.columns:
                yield InputValue(name=given.name, path=Path(text))
            else:
                # The command line says in which folder, the row what of it: it does not get out of there.
                cut = template.parts[0].rfind("/") + 1
                yield InputValue(name=given.name, path=self._path(text[cut:], Path(text[:cut]), given.name or "-i"))

    def _path(self, text: str, base: Path, name: str) -> Path:
        found = file_of(text, base, allow_outside=self._allow_outside)
        if isinstance(found, str):
            raise _Fault(f"column {shown(name)}: {found}")
        return found

    def _given(self, entry: Entry) -> dict[str, object]:
        """Return a row that gives the entry again, wherever it is read from: its paths are whole."""
        if entry.file is not None:
            return {FILE_KEY: os.path.abspath(entry.file)}  # noqa: PTH100 - resolve() would follow links
        if entry.row is None:
            return {BROKEN_KEY: entry.fault, **({} if entry.text is None else {TEXT_KEY: entry.text})}
        kept = {key: value for key, value in entry.row.items() if not key.startswith("_") or key in _KEPT}
        return {key: names_file(value, entry.base, is_path=key == FILE_KEY) for key, value in kept.items()}


def _check_whole(entry: Entry, row: Mapping[str, object]) -> None:
    if entry.fault is not None:
        raise _Fault(entry.fault)
    if BROKEN_KEY in row:
        raise _Fault(f"this row was broken where it came from: {shown(as_text(row[BROKEN_KEY])[:300])}")


def _id(entry: Entry, index: int) -> str:
    candidates = [entry.id, *((entry.row or {}).get(key) for key in ID_KEYS)]
    for one in candidates:
        if isinstance(one, str | int) and not isinstance(one, bool) and one != "":
            return shown(str(one)[:_MAX_ID_CHARACTERS])
    return str(index)


def _sound(value: _T, what: str) -> _T:
    if not is_utf8(value):
        raise _Fault(f"{what} holds half a character (a lone surrogate), which is no UTF-8")
    return value


def _template_of(given: InputValue) -> Template | None:
    text = given.value if given.path is None else str(given.path)
    if not isinstance(text, str) or not {"{", "}"} & set(text):
        return None
    return _parse(text, f"-i {shown(given.name or text)}")


def _parse(text: str, what: str) -> Template:
    try:
        return parse_template(text)
    except TemplateError as error:
        raise UsageError(f"{what}: {error}", hint=_BRACES) from error
