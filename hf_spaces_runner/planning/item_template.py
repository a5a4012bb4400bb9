"""Fills the columns of a row into a text: `{city}` is the value of the column `city`, `{{` and `}}` are braces."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

_PARTS = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}\n]{1,200})\}|(?P<lone>[{}])")


class TemplateError(ValueError):
    """The text is no template, or a row lacks a column of it; the message says which, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text with places for columns. A name is looked up as it stands; nothing behind it is ever evaluated.

    `parts` are texts and names in turn, a text first and last.
    """

    parts: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the order in which they stand; one that stands twice is there twice."""
        return self.parts[1::2]

    def fill(self, row: Mapping[str, object]) -> str:
        """Return the text with the values of `row`; what was filled in is not looked at again.

        Raises:
            TemplateError: `row` has no such column.
        """
        self.check(row)
        return "".join(as_text(row[part]) if place % 2 else part for place, part in enumerate(self.parts))

    def check(self, columns: Collection[str]) -> None:
        """Check that each name is among `columns`.

        Raises:
            TemplateError: one is not.
        """
        missing = next((name for name in self.columns if name not in columns), None)
        if missing is not None:
            known = [name for name in columns if name]
            names = f"the columns are {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}"  # noqa: PLR2004 - a line
            raise TemplateError(
                f"no column {missing!r} for {{{missing}}}: {names if known else 'there are no columns'}"
            )


def parse_template(text: str) -> Template:
    """Return the template that `text` is.

    Raises:
        TemplateError: a brace stands alone, or holds no name, as in JSON.
    """
    parts, literal, end = [], "", 0
    for match in _PARTS.finditer(text):
        if match["lone"]:
            raise TemplateError(f"a {match['lone']} stands alone at character {match.start() + 1}")
        literal += text[end : match.start()]
        end = match.end()
        if match["name"] is None:
            literal += match[0][0]
        elif '"' in match["name"]:  # JSON: said at once, not for each row that has no such column
            raise TemplateError(f"{match[0]} names no column")
        else:
            parts += [literal, match["name"].strip()]
            literal = ""
    return Template(parts=(*parts, literal + text[end:]))


def as_text(value: object) -> str:
    """Return `value` as it stands in a text: a string as it is, nothing for null, all else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
