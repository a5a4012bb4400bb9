import io

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.registry.layout import MAX_ENTRY_BYTES, Block, OddLayoutError, blocks_of, lines_of


def blocks(text: str | bytes, *, strict: bool = True) -> list[Block]:
    content = text if isinstance(text, bytes) else text.encode()
    return list(blocks_of(lines_of(io.BytesIO(content), strict=strict), strict=strict))


def texts(text: str, *, strict: bool = True) -> list[tuple[int, str]]:
    return [(block.first_line, block.text.decode()) for block in blocks(text, strict=strict)]


def test_a_file_is_cut_at_its_keys_and_at_the_entries_of_spaces() -> None:
    found = blocks("spaces:\n  a:\n    id: a\n  b:\n    id: b\ncategories:\n  x: [a]\n")
    assert [(block.first_line, block.is_head, block.is_entry) for block in found] == [
        (0, True, False),
        (1, False, True),
        (3, False, True),
        (5, False, False),
    ]
    assert found[1].text == b"  a:\n    id: a\n"
    assert not any(block.too_long for block in found)


@pytest.mark.parametrize("text", ["", "# c\n", "\n\n", "---\n", " \t \n"])
def test_where_there_is_no_key_there_is_no_block_or_nothing_in_it(text: str) -> None:
    assert all(yaml.safe_load(block.text) is None for block in blocks(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# top\n\nspaces:\n", [(2, "spaces:\n")]),
        ("---\nspaces:\n  a: 1\n", [(0, "---\n"), (1, "spaces:\n"), (2, "  a: 1\n")]),
        (
            "spaces: # all\n  # of a\n  a: 1 # x\n\n# of b?\n  b: 2",
            [
                (0, "spaces: # all\n  # of a\n"),
                (2, "  a: 1 # x\n\n# of b?\n"),
                (5, "  b: 2"),
            ],
        ),
        (
            "spaces:\r\n  a:\r\n    id: a\r\n  b: 1\r\n",
            [(0, "spaces:\r\n"), (1, "  a:\r\n    id: a\r\n"), (3, "  b: 1\r\n")],
        ),
        ("\ufeffspaces:\n  a: 1\n", [(0, "spaces:\n"), (1, "  a: 1\n")]),
        ("spaces :\n a: 1\n b: 2\n", [(0, "spaces :\n"), (1, " a: 1\n"), (2, " b: 2\n")]),
        ("spaces: {a: 1,\n  b: 2}\n", [(0, "spaces: {a: 1,\n  b: 2}\n")]),
        (
            "categories:\n  x:\n  - a\nspaces:\n  a: 1\n",
            [(0, "categories:\n  x:\n  - a\n"), (3, "spaces:\n"), (4, "  a: 1\n")],
        ),
        ("spaces:\n  a: 1\n\tb: 2\n  c: 3\n", [(0, "spaces:\n"), (1, "  a: 1\n\tb: 2\n"), (3, "  c: 3\n")]),
        (
            "spaces:\n  a: |\n    b: 1\n   # no\n  c: 3\n",
            [(0, "spaces:\n"), (1, "  a: |\n    b: 1\n   # no\n"), (4, "  c: 3\n")],
        ),
    ],
)
def test_comments_and_blank_lines_belong_to_the_block_before_them(text: str, expected: list[tuple[int, str]]) -> None:
    assert texts(text) == expected


ODD = [
    '{"spaces": {}}\n',
    "[]\n",
    '"spaces":\n  a: 1\n',
    "spaces:\n  a: 1\n b: 2\n",
    "spaces:\n  - a\n",
    "spaces:\n- a\n",
    "spaces:\n  ? a\n  : 1\n",
    "spaces:\n  a: 1\n---\nspaces:\n",
    "spaces:\n  a: 1\n...\n",
    "%YAML 1.1\n---\nspaces:\n",
    "spaces:\n  a: 'x\ny'\n",
    "spaces:\n  a: 1\noops\n",
]


@pytest.mark.parametrize("text", ODD)
def test_another_layout_is_known_and_where_it_is_taken_no_line_is_lost(text: str) -> None:
    with pytest.raises(OddLayoutError, match="line "):
        blocks(text)
    assert "".join(part for _, part in texts(text, strict=False)) == text


def test_a_line_that_can_stand_nowhere_breaks_the_block_before_it_alone() -> None:
    text = "spaces:\n  a: 1\n b: 2\n  c: 3\noops\n  d: 4\n"
    assert texts(text, strict=False)[1:] == [(1, "  a: 1\n b: 2\n"), (3, "  c: 3\noops\n"), (5, "  d: 4\n")]


def test_an_entry_that_is_too_long_is_cut_and_the_next_is_whole() -> None:
    line = b"    x: " + b"y" * 1000 + b"\n"
    found = blocks(b"spaces:\n  a:\n" + line * (MAX_ENTRY_BYTES // 1000 + 5) + b"  b: 1\n")
    assert [block.too_long for block in found] == [False, True, False]
    assert all(len(block.text) <= MAX_ENTRY_BYTES for block in found)
    assert found[-1].text == b"  b: 1\n"


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_that_is_too_long_is_odd_or_cut(end: bytes) -> None:
    text = b"spaces:\n  a:\n    x: " + b"y" * (3 * MAX_ENTRY_BYTES) + end + (b"  b: 1\n" if end else b"")
    with pytest.raises(OddLayoutError, match="line 3"):
        blocks(text)
    found = blocks(text, strict=False)
    assert [(block.first_line, block.too_long) for block in found] == [(0, False), (1, True), (3, False)][: len(found)]


LINES = st.sampled_from(
    [
        "spaces:",
        "categories:",
        "  a: 1",
        "  b:",
        "    c: d",
        "# x",
        "",
        "  # y",
        " z: 1",
        "\tq",
        "---",
        "w",
        "  - v",
        "  'k': \"m",
    ]
)


@given(st.lists(LINES, max_size=12))
def test_whatever_the_lines_are_each_stands_in_one_block_at_its_number(lines: list[str]) -> None:
    found = blocks("".join(f"{line}\n" for line in lines), strict=False)
    for block in found:
        own = block.text.decode().splitlines()
        assert own == lines[block.first_line : block.first_line + len(own)]
    covered = sum(block.text.count(b"\n") for block in found)
    header = found[0].first_line if found else len(lines)
    assert header + covered == len(lines)


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text("abc", min_size=1, max_size=3),
            "d": st.text(max_size=30),
            "l": st.lists(st.text("a:-#'\" \n", max_size=8), max_size=3),
        }
    ),
    unique_by=lambda one: str(one["id"]),
    max_size=5,
)


@given(ENTRIES, st.sampled_from([None, "'", '"']), st.integers(1, 6), st.booleans())
def test_entries_that_a_yaml_writer_wrote_are_cut_apart_or_the_layout_is_odd(
    entries: list[dict[str, object]],
    style: str | None,
    indent: int,
    unicode: bool,
) -> None:
    wanted = {str(one["id"]): one for one in entries}
    text = yaml.safe_dump(
        {"spaces": wanted or None}, default_style=style, indent=indent, allow_unicode=unicode, width=20
    )
    whole = yaml.safe_load(text)["spaces"] or {}  # what the writer made of it: U+0085 comes back as a space
    try:
        found = blocks(text)
        parsed = [yaml.safe_load(block.text) for block in found if block.is_entry]
    except (OddLayoutError, yaml.YAMLError):
        return  # it is read whole
    got: dict[str, object] = {}
    for one in parsed:
        got.update(one)
    assert got == whole
