"""Edits the text of a registry file: one entry is added, replaced, removed or changed, and all else stays as it is."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import yaml

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.edit_lists import listed_ids, without_id
from hf_spaces_runner.registry.entry_text import entry_text, scalar_text
from hf_spaces_runner.registry.layout import MAX_ENTRY_BYTES, OddLayoutError, lines_of
from hf_spaces_runner.registry.pieces import Piece, end_of_entry, line_below, pieces_of
from hf_spaces_runner.registry.yaml_source import YamlProblem, composed, parse_yaml

_BOM = b"\xef\xbb\xbf"
_HINT = "correct it by hand; hfsr registry validate shows what is wrong"
_LAYOUT = "the entries do not stand each on lines of its own, below `spaces:`"


class RegistryText:
    """The text of the file called `name`, as bytes.

    An entry reaches from its id to its last value, with the comments in it and those that follow it at once and are
    indented as its keys are. All other comments, and blank lines, belong to nobody and stay.

    Raises, from every method:
        InvalidRegistryError: it is not laid out so that an entry can be changed alone.
    """

    def __init__(self, content: bytes, *, name: str) -> None:
        self._name = name
        self._bom = _BOM if content.startswith(_BOM) else b""
        self._lines = self._read(content[len(self._bom) :])
        self._newline = b"\r\n" if self._lines and self._lines[0].endswith(b"\r\n") else b"\n"
        self._pieces = self._cut()
        for piece in self._sections("spaces"):
            if not piece.is_head:
                self._value_of(piece)
        self._before = [(piece.id, self._bytes(piece)) for piece in self._entries()]
        self._ids = [entry_id for entry_id, _ in self._before]
        self._expected: dict[str, Mapping[str, object] | None] = {}

    @property
    def content(self) -> bytes:
        """The text as it is now."""
        return self._bom + b"".join(self._lines)

    @property
    def changed(self) -> bool:
        """Whether an entry was added, replaced, removed or changed."""
        return bool(self._expected)

    @property
    def categories(self) -> list[str] | None:
        """The categories that stand under `categories:`; None where that cannot be read."""
        names: list[str] = []
        for piece in self._sections("categories"):
            lists = listed_ids(self._bytes(piece).decode("utf-8", "replace"))
            if lists is None:
                return None
            names += lists
        return names

    def has(self, entry_id: str) -> bool:
        """Return whether there is an entry of that id."""
        return self._find(entry_id) is not None

    def add(self, fields: Mapping[str, object]) -> None:
        """Add an entry behind the last one."""
        last = next(reversed(list(self._entries())), None)
        if last is None:
            at, indent = self._open_section(), 2
        else:
            at, indent = line_below(self._lines, last), last.indent
        self._end_line(at)
        self._change(at, at, self._with_newlines(entry_text(fields, indent=indent)))
        self._ids.append(str(fields["id"]))
        self._expect(str(fields["id"]), fields)

    def replace(self, entry_id: str, fields: Mapping[str, object]) -> None:
        """Put an entry in the place of the one that is there."""
        piece = self._found(entry_id)
        new = self._with_newlines(entry_text(fields, indent=piece.indent))
        self._change(piece.first, end_of_entry(self._lines, piece), new)
        self._expect(entry_id, fields)

    def remove(self, entry_id: str) -> bool:
        """Remove an entry, and its id from the lists of categories. Return whether there was one."""
        piece = self._find(entry_id)
        if piece is None:
            return False
        self._change(piece.first, end_of_entry(self._lines, piece), b"")
        self._ids.remove(entry_id)
        self._expect(entry_id, None)
        return True

    def set_status(self, entry_id: str, status: str) -> bool:
        """Give an entry another status. Return whether there is one."""
        piece = self._find(entry_id)
        if piece is None:
            return False
        fields = self._fields(self._bytes(piece))
        if fields is None:
            raise self._cannot(f"line {piece.first + 1}: the entry {entry_id!r} is broken")
        text = self._bytes(piece).decode()
        node = _status_node(composed(text))
        if node is None:
            raise self._cannot(f"line {piece.first + 1}: the entry {entry_id!r} has no status")
        start, end = node.start_mark.index, node.end_mark.index
        old = text[start:end]
        if node.style in {"|", ">"} and "#" in old:
            raise self._cannot(f"line {piece.first + 1}: the status of {entry_id!r} has several lines")
        colon = " " if text[start - 1] == ":" else ""
        new = f"{text[:start]}{colon}{scalar_text(status)}{old[len(old.rstrip()) :]}{text[end:]}"
        self._change(piece.first, piece.end, new.encode())
        self._expect(entry_id, {**fields, "status": status})
        return True

    def check(self) -> None:
        """Check that the text now says what it is meant to, and of every other entry what it said before."""
        after = [(piece, self._bytes(piece)) for piece in self._entries()]
        untouched = [(piece, text) for piece, text in after if piece.id not in self._expected]
        before = [(entry_id, text) for entry_id, text in self._before if entry_id not in self._expected]
        if [piece.id for piece, _ in after] != self._ids or len(before) != len(untouched):
            raise self._cannot("other entries would change")
        for (_, old), (piece, new) in zip(before, untouched, strict=True):
            # Comments and blank lines may stand behind another entry now.
            if old != new and self._fields(old) != self._fields(new):
                raise self._cannot(f"the entry {piece.id!r} would change, too")
        for piece, text in after:
            if piece.id in self._expected and len(text) > MAX_ENTRY_BYTES:
                raise self._cannot(f"the entry {piece.id!r} would be longer than {MAX_ENTRY_BYTES // 1024**2} MiB")
            if piece.id in self._expected and self._fields(text) != self._expected[piece.id]:
                raise self._cannot(f"the entry {piece.id!r} would not be as it is meant")

    def _expect(self, entry_id: str, fields: Mapping[str, object] | None) -> None:
        self._expected[entry_id] = None if fields is None else dict(fields)
        self._unlist(entry_id, None if fields is None else str(fields.get("category")))

    def _read(self, content: bytes) -> list[bytes]:
        try:
            return list(lines_of(BytesIO(content)))
        except OddLayoutError as error:
            raise self._cannot(f"{error}: it is longer than {MAX_ENTRY_BYTES // 1024**2} MiB") from error

    def _cut(self) -> list[Piece]:
        try:
            return pieces_of(self._lines)
        except OddLayoutError as error:
            raise self._cannot(f"{error}: {_LAYOUT}") from error

    def _change(self, first: int, end: int, new: bytes) -> None:
        # By line feeds only, as it is read: bytes.splitlines ends a line at a lone carriage return, too.
        self._lines[first:end] = BytesIO(new).readlines()
        self._pieces = self._cut()

    def _entries(self) -> Iterator[Piece]:
        return (piece for piece in self._pieces if piece.is_entry)

    def _sections(self, name: str) -> Iterator[Piece]:
        return (piece for piece in self._pieces if not piece.is_entry and piece.id == name)

    def _bytes(self, piece: Piece) -> bytes:
        return b"".join(self._lines[piece.first : piece.end])

    def _find(self, entry_id: str) -> Piece | None:
        found = [piece for piece in self._entries() if piece.id == entry_id]
        if len(found) > 1:
            raise self._cannot(
                f"the entry {entry_id!r} stands twice: in the lines {found[0].first + 1} and {found[1].first + 1}"
            )
        return found[0] if found else None

    def _found(self, entry_id: str) -> Piece:
        piece = self._find(entry_id)
        assert piece is not None  # noqa: S101 - asked for before
        return piece

    def _fields(self, text: bytes) -> dict[str, Any] | None:
        """Return the keys of the entry that `text` is; None where it is broken."""
        try:
            value = parse_yaml(text.decode())
        except (YamlProblem, UnicodeDecodeError):
            return None
        fields = next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else None
        return fields if isinstance(fields, dict) else None

    def _open_section(self) -> int:
        """Return the line where the first entry goes, below a `spaces:` that is there or is written now."""
        section = next(self._sections("spaces"), None)
        if section is not None and not section.is_head:
            self._empty(section)
            section = next(self._sections("spaces"), None)
        if section is not None:
            return line_below(self._lines, section)
        self._end_line(len(self._lines))
        self._change(len(self._lines), len(self._lines), b"spaces:" + self._newline)
        return len(self._lines)

    def _empty(self, section: Piece) -> None:
        """Take the value away from a `spaces: {}`, so that entries can follow."""
        text = self._bytes(section).decode()
        start, end = self._value_of(section)
        self._change(section.first, section.end, (text[:start].rstrip(" \t") + text[end:]).encode())

    def _value_of(self, section: Piece) -> tuple[int, int]:
        """Return where the value of a `spaces: {}` begins and ends; none but an empty one can stand there."""
        try:
            text = self._bytes(section).decode()
            value = parse_yaml(text)
        except (YamlProblem, UnicodeDecodeError):
            value, text = None, ""
        root = composed(text) if isinstance(value, dict) and value.get("spaces", "") in ({}, None) else None
        if isinstance(root, yaml.MappingNode):
            node = root.value[0][1]
            start, end = node.start_mark.index, node.end_mark.index
            if "#" not in text[start:end]:
                return start, end
        raise self._cannot(f"line {section.first + 1}: {_LAYOUT}")

    def _unlist(self, entry_id: str, category: str | None) -> None:
        """Take `entry_id` out of the lists of categories that are not `category`."""
        for piece in list(self._sections("categories")):
            text = self._bytes(piece).decode("utf-8", "replace")
            try:
                new = without_id(text, entry_id, but_in=category)
            except OddLayoutError as error:
                raise self._cannot(str(error)) from error
            if new != text:
                self._change(piece.first, piece.end, new.encode())

    def _end_line(self, at: int) -> None:
        if at and not self._lines[at - 1].endswith(b"\n"):
            self._lines[at - 1] += self._newline

    def _with_newlines(self, text: str) -> bytes:
        return text.encode().replace(b"\n", self._newline)

    def _cannot(self, why: str) -> InvalidRegistryError:
        return InvalidRegistryError(f"{self._name}: cannot be edited: {why}; it is as it was", hint=_HINT)


def _status_node(root: yaml.Node | None) -> yaml.ScalarNode | None:
    fields = root.value[0][1] if isinstance(root, yaml.MappingNode) else None
    pairs = fields.value if isinstance(fields, yaml.MappingNode) else ()
    node = next((value for key, value in pairs if key.value == "status"), None)
    return node if isinstance(node, yaml.ScalarNode) else None
