"""Evils of the hostile Space: answers that cost more than they look, and errors that shout."""

import json
from collections.abc import Iterable
from itertools import chain

from tests.engine.hostile.space import ESCAPES, MIB, Piece, Space, completed, evil, failed, many

_FILE = '{"meta": {"_type": "gradio.FileData"}, "path": "'


def _answers(name: str, *pieces: Iterable[Piece]) -> None:
    """Make an evil that returns the JSON in `pieces`."""
    before, after = completed("@").split("@")

    def act(space: Space) -> None:
        space.stream([before])
        space.raw(chain(*pieces, [after]))

    evil("stream", name=name)(act)


_answers("a_million_levels", ["[" * 1_000_000, "]" * 1_000_000])
_answers("a_million_digits", ["[1", "0" * 1_000_000, "]"])
_answers("small_objects", ["[["], many('{"":0},', 10 * MIB), ["0]]"])
_answers("a_gigabyte_of_data_url", [f"[{_FILE}data:image/png;base64,"], many("AAAA", 1000 * MIB), ['"}]'])
_answers("ten_thousand_files", ["[[", ",".join(f'{_FILE}/x/{number}"}}' for number in range(10_000)), "]]"])

# As much as is allowed. The first character makes each other one of the text take four bytes.
_answers("many_small_objects", ["[[", '{"":0},' * 170_000, "0]]"])
_answers("crowd_of_outputs", ["[0", ",0" * 379_999, "]"])
_answers("many_keys", ["[{", ",".join(f'"{number:x}":0' for number in range(390_000)), "}]"])
_answers("all_heavy", ["[[", '"ab",' * 1_190_000, "0]]"])
_answers("all_long", ['["'], many("\U0001f600\x7f\x9b", 11 * MIB), ['"]'])
_answers("text_of_commas", ['["'], many("1,2:[{", 11 * MIB), ['"]'])
_answers("data_url", [f"[{_FILE}data:image/png;base64,"], many("AAAA", 10 * MIB), ['"}]'])


@evil("stream")
def ten_megabytes_of_error(space: Space) -> None:
    before, after = failed('"@"').split("@")
    space.stream(chain([before], many(json.dumps(f"{ESCAPES}evil error ")[1:-1], 10 * MIB), [after]))


@evil("stream")
def ten_megabytes_of_quoted_error(space: Space) -> None:
    before, after = failed("\"'@'\"").split("@")
    space.stream(chain([before, "\\\\x1b[31mevil error"], many("\\\\n", 10 * MIB), [after]))
