"""Writes what became of an item: the body that the journal keeps, and the lines that a run makes of it."""

import dataclasses
import json

from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.results.result_json import attempt_as_json, file_as_json, output_as_json

_GOOD = b'{"status":"%b",' % Status.OK.encode()


def item_body(result: ItemResult) -> bytes:
    """Return `result` as a JSON object in ASCII, without what may change when the item is run again with others.

    Times are in seconds, to the millisecond.
    """
    return _written(
        {
            "status": result.status,
            "text": result.text,
            "outputs": [output_as_json(output) for output in result.outputs],
            "files": [file_as_json(file) for file in result.files],
            "answered_by": result.answered_by,
            "attempts": [attempt_as_json(attempt) for attempt in result.attempts],
            "timings": {name: round(seconds, 3) for name, seconds in dataclasses.asdict(result.timings).items()},
            "error": result.error,
            "verdict": result.verdict,
            "hint": result.hint,
        }
    )


def item_line(item: Item, body: bytes) -> bytes:
    """Return the line of results.jsonl for `item`, whose result is `body`: one object, and a line end."""
    head = _written({"index": item.index, "id": item.id, "source": item.source})
    return b"%b,%b\n" % (head[:-1], body[1:])


def failed_row(item: Item, body: bytes) -> bytes | None:
    """Return the line of failed.jsonl for `item`, which can be given as input again; None where it did not fail.

    That is what its source said, and three keys with an underscore, which never go to a Space.
    """
    if is_good(body):
        return None
    result = json.loads(body)
    marks = {"_id": item.id, "_error": result["error"], "_verdict": result["verdict"]}
    return _written({**item.given, **marks}) + b"\n"


def is_good(body: bytes) -> bool:
    """Whether the item succeeded."""
    return body.startswith(_GOOD)


def files_of_body(body: bytes) -> list[tuple[str, int]]:
    """Return the files that the item brought: paths relative to the batch's folder, and sizes in bytes."""
    return [(file["path"], file["bytes"]) for file in json.loads(body)["files"]]


def is_body(body: bytes) -> bool:
    """Whether `body` is such as `item_body` makes, so that it can be read here: a journal may be somebody else's."""
    try:
        said = json.loads(body)
        texts = [said[name] for name in ("error", "verdict", "hint", "answered_by")]
        files = [(file["path"], file["bytes"]) for file in said["files"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    return (
        b"\n" not in body
        and body.startswith(b'{"status":')
        and all(text is None or isinstance(text, str) for text in texts)
        and all(isinstance(path, str) and isinstance(size_bytes, int) for path, size_bytes in files)
    )


def _written(value: object) -> bytes:
    # ASCII: what a Space wrote may hold lone surrogates, line ends of other alphabets, and what moves a terminal.
    return json.dumps(value, separators=(",", ":"), default=str).encode("ascii")


assert b'{"status":"%b",' % Status.OK.encode() == _GOOD  # noqa: S101 - the two are changed together
