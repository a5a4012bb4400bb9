"""Whatever JSON a Space answers, in any category: all of it is kept, and nothing is written but into the folder."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.domain.hub_space import Category
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.results.process import process_result

NAMES = st.sampled_from(
    [
        *("label", "confidences", "confidence", "score", "segments", "chunks", "timestamp", "start", "end", "text"),
        *("data", "headers", "role", "content", "file", "\x1b[2J", "../x"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["```py\nx\n```", "```../../x\n\x1b[2J\n", "0:01", "start", "end", "-->", "user"])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=25
)
COMPONENTS = st.sampled_from(["Textbox", "Json", "Label", "Dataframe", "Image", "Audio", "Chatbot", "Homemade", ""])


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield printable(value) if isinstance(value, str) else value


@settings(max_examples=300, deadline=None)
@given(
    values=st.lists(st.tuples(COMPONENTS, VALUES, st.text(max_size=20)), min_size=1, max_size=4),
    category=st.sampled_from([*Category, "", "my_category"]),
    output_type=st.sampled_from(["", "json", "table", "text"]),
)
def test_it_is_kept_and_written_only_into_the_folder(
    values: list[tuple[str, Any, str]], category: str, output_type: str
) -> None:
    answer = Answer(
        endpoint="/do",
        outputs=tuple(AnswerOutput(label=label, component=name, value=value) for name, value, label in values),
    )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        processed = process_result(
            answer, category=category, output_type=output_type, output_directory=out, tables_as_files=True
        )
        assert len(processed.outputs) == len(values)
        for output, (component, value, _) in zip(processed.outputs, values, strict=True):
            if component != "Dataframe" and isinstance(value, dict | list):
                kept = [json.dumps(leaf) for leaf in leaves(output.value)]
                assert kept == [json.dumps(leaf) for leaf in leaves(value)] or duplicated(value)
            text = json.dumps(output.value, ensure_ascii=False)
            assert text == printable(text)
            assert all(one.label == printable(one.label) for one in output.scores)
        assert list(Path(folder).iterdir()) in ([], [out])
        there = sorted(out.iterdir()) if out.exists() else []
        assert there == sorted(file.path for file in processed.files)
        assert all(file.path.is_file() and not file.path.is_symlink() for file in processed.files)
        assert all(printable(file.path.read_text()) == file.path.read_text() for file in processed.files)


def duplicated(value: object) -> bool:
    """Return whether names in `value` become the same once nothing is left in them that a terminal obeys."""
    if isinstance(value, dict):
        return len({printable(name) for name in value}) < len(value) or any(map(duplicated, value.values()))
    return isinstance(value, list) and any(map(duplicated, value))
