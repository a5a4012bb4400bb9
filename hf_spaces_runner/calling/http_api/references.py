"""Follows the references inside an OpenAPI description, with a bound on all the work that they make."""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from hf_spaces_runner.errors import AnswerError

_MAX_REFERENCES = 10
_MAX_PARTS = 10
_MAX_WORK = 300_000
_LOCAL = "#/components/"


class References:
    """Resolves schemas of one `document`; references to other documents are never followed.

    A description of a few bytes can name one large schema again and again, or itself: each look at it is counted.
    """

    def __init__(self, document: Mapping[str, object]) -> None:
        self._document = document
        self._work = 0

    def spend(self, amount: int = 1) -> None:
        """Count work.

        Raises:
            AnswerError: it is too much for any description that is meant well.
        """
        self._work += amount
        if self._work > _MAX_WORK:
            raise AnswerError("the Space's OpenAPI description is too large to be read")

    def resolve(self, value: object) -> Mapping[str, object]:
        """Return the object that `value` is or refers to; empty where that makes no sense."""
        for _ in range(_MAX_REFERENCES):
            self.spend()
            if not isinstance(value, dict):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            target = self._find(reference)
            siblings = {key: value[key] for key in ("default", "description") if key in value}
            value = {**self._copied(target), **siblings} if siblings else target
        return {}

    def schema(self, value: object, depth: int = 0) -> Mapping[str, object]:
        """Return the schema that `value` means: its references followed, its alternatives without null, merged."""
        schema = self.resolve(value)
        if depth >= _MAX_REFERENCES:
            return {}
        for key in ("allOf", "anyOf", "oneOf"):
            parts = schema.get(key)
            if isinstance(parts, list) and parts:
                schema = self._with_parts(schema, key, parts[:_MAX_PARTS], depth)
        types = schema.get("type")
        if isinstance(types, list):
            schema = {**self._copied(schema), "type": _common(types[:_MAX_PARTS])}
        return schema

    def _with_parts(
        self, schema: Mapping[str, object], key: str, parts: list[object], depth: int
    ) -> Mapping[str, object]:
        own = {name: value for name, value in self._copied(schema).items() if name != key}
        read = [self.schema(part, depth + 1) for part in parts]
        if key != "allOf":
            # One thing or null is that thing; of several things any may be meant.
            others = [part for part in read if part.get("type") != "null"]
            return {**self._copied(others[0]), **own} if len(others) == 1 else self._any_of(others, own)
        merged: dict[str, object] = {}
        for part in [*read, own]:
            for name, value in self._copied(part).items():
                old = merged.get(name)
                if isinstance(old, dict) and isinstance(value, dict):
                    merged[name] = {**self._copied(old), **self._copied(value)}
                elif name == "required" and isinstance(old, list) and isinstance(value, list):
                    self.spend(len(old) + len(value))
                    merged[name] = [*old, *value]
                else:
                    merged[name] = value
        return merged

    @staticmethod
    def _any_of(parts: list[Mapping[str, object]], own: dict[str, object]) -> Mapping[str, object]:
        """Return the schema for any of `parts`: text where text is one of them, for text is what people give."""
        return {**own, "type": _common([part.get("type") for part in parts])}

    def _copied(self, schema: Mapping[str, object]) -> Mapping[str, object]:
        self.spend(len(schema))
        return schema

    def _find(self, reference: str) -> Mapping[str, object]:
        if not reference.startswith(_LOCAL):
            return {}
        found: object = self._document
        for step in _steps(reference):
            found = found.get(step) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}


def _common(types: list[object]) -> object:
    """Return the one type of several; text where text is one of them, and none where they have nothing in common."""
    others = [one for one in types if one != "null"]
    if "string" in others:
        return "string"
    return others[0] if others and all(one == others[0] for one in others) else None


def _steps(reference: str) -> Iterator[str]:
    """Yield the steps of a JSON pointer in a URL's fragment (RFC 6901)."""
    for step in reference[2:1000].split("/"):
        yield unquote(step).replace("~1", "/").replace("~0", "~")
