"""Editing one entry leaves every byte outside of it as it is, in whatever manner the file is written, or is refused."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.edit import RegistryText
from hf_spaces_runner.registry.pieces import end_of_entry
from tests.unit.registry.registry_texts import entry

NEW = {"id": "new", "port": 1}
NEW_TEXT = "  new:\n    id: new\n    port: 1\n"
A, B, C = entry("a"), entry("b"), entry("c")


def edited(text: str | bytes) -> RegistryText:
    return RegistryText(text.encode() if isinstance(text, str) else text, name="own.yaml")


def added(text: str, fields: dict[str, object] | None = None) -> str:
    work = edited(text)
    work.add(fields or NEW)
    work.check()
    return work.content.decode()


def removed(text: str, entry_id: str = "b") -> str:
    work = edited(text)
    assert work.remove(entry_id)
    work.check()
    return work.content.decode()


def with_status(text: str, status: str = "disabled", entry_id: str = "b") -> str:
    work = edited(text)
    assert work.set_status(entry_id, status)
    work.check()
    return work.content.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "spaces:\n" + NEW_TEXT),
        ("# only this", "# only this\nspaces:\n" + NEW_TEXT),
        ("---\n# a comment\n", "---\n# a comment\nspaces:\n" + NEW_TEXT),
        ("spaces:", "spaces:\n" + NEW_TEXT),
        ("spaces: # mine\n", "spaces: # mine\n" + NEW_TEXT),
        ("spaces:\n  # an example\n\n# end\n", "spaces:\n  # an example\n" + NEW_TEXT + "\n# end\n"),
        ("spaces: {}\n", "spaces:\n" + NEW_TEXT),
        ("spaces: {}   # mine\n# end\n", "spaces:   # mine\n" + NEW_TEXT + "# end\n"),
        ("spaces: null\ncategories:\n  x: []\n", "spaces:\n" + NEW_TEXT + "categories:\n  x: []\n"),
        ("spaces: {\n  }\n", "spaces:\n" + NEW_TEXT),
        ("categories:\n  x: []", "categories:\n  x: []\nspaces:\n" + NEW_TEXT),
        ("spaces_of_others: 1\n", "spaces_of_others: 1\nspaces:\n" + NEW_TEXT),
        ("spaces:\n" + A.rstrip(), "spaces:\n" + A + NEW_TEXT),
        (f"spaces:\n{A}\n\n# next\ncategories: {{}}\n", f"spaces:\n{A}{NEW_TEXT}\n\n# next\ncategories: {{}}\n"),
        (f"spaces:\n{A}    # gpu: true\n  # b:\n# end\n", f"spaces:\n{A}    # gpu: true\n  # b:\n{NEW_TEXT}# end\n"),
        ("spaces:\n  a: {id: a, port: 1}  # mine\n", "spaces:\n  a: {id: a, port: 1}  # mine\n" + NEW_TEXT),
        ("spaces:\n a:\n  id: a\n", "spaces:\n a:\n  id: a\n new:\n   id: new\n   port: 1\n"),
        (
            "spaces:\n        a:\n            id: a\n",
            "spaces:\n        a:\n            id: a\n        new:\n          id: new\n          port: 1\n",
        ),
        ("spaces:\n  a:\n    env:\n      A: |\n        x\n        # no comment\n", None),
        ("spaces:\n  a:\n    d: 'x\n      # no comment'\n", None),
    ],
)
def test_an_entry_is_added_behind_the_last_one(before: str, after: str | None) -> None:
    assert added(before) == (before + NEW_TEXT if after is None else after)


def test_an_entry_that_would_lose_its_blank_lines_keeps_another_from_being_added() -> None:
    with pytest.raises(InvalidRegistryError, match="the entry 'a' would change, too; it is as it was"):
        added("spaces:\n  a:\n    d: |+\n      x\n\n\n")


def test_line_ends_and_the_byte_order_mark_stay() -> None:
    before = ("\ufeffspaces:\n" + A + "# end").replace("\n", "\r\n")
    after = ("\ufeffspaces:\n" + A + NEW_TEXT + "# end").replace("\n", "\r\n")
    assert added(before) == after
    assert removed(after, "new") == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"spaces:\n{A}{B}{C}", f"spaces:\n{A}{C}"),
        (f"spaces:\n{B}", "spaces:\n"),
        (
            f"# 1\nspaces: # 2\n# 3\n{A}\n# 4\n{B}\n  # 5\n{C}# 6\n",
            f"# 1\nspaces: # 2\n# 3\n{A}\n# 4\n\n  # 5\n{C}# 6\n",
        ),
        (f"spaces:\n{A}{B}    # gpu: true\n  # of c\n{C}", f"spaces:\n{A}  # of c\n{C}"),
        (f"spaces:\n{A}{B}\n    # far\n{C}", f"spaces:\n{A}\n    # far\n{C}"),
        (f"spaces:\n{A}  b:\n    # inside\n    id: b # too\n\n    port: 1\n{C}", f"spaces:\n{A}{C}"),
        (f"spaces:\n{A}  b: {{id: b, tags: [x,\n    y]}}  # note\n{C}", f"spaces:\n{A}{C}"),
        (f'spaces:\n{A}  "b":\n    id: b\n{C}', f"spaces:\n{A}{C}"),
        (f"spaces:\n{A}  'b' :\n    id: b\n{C}", f"spaces:\n{A}{C}"),
        (f'spaces:\n{A}  "\\x62": {{id: b}}\n{C}', f"spaces:\n{A}{C}"),
        (f"spaces:\n{A}  b:\n    d: |\n      x\n      # text\n\n      y\n\n{C}", f"spaces:\n{A}\n{C}"),
        (f'spaces:\n{A}  b:\n    d: "x\n      # text"\n{C}', f"spaces:\n{A}{C}"),
        (f"spaces:\n{A}  b:\n    d: [broken\n    # more\n# of c\n{C}", f"spaces:\n{A}# of c\n{C}"),
        (f"spaces:\n{A}  b:\n{C}", f"spaces:\n{A}{C}"),
    ],
)
def test_an_entry_is_removed_with_what_is_in_it(before: str, after: str) -> None:
    assert removed(before) == after


LISTS = f"spaces:\n{A}{B}categories:\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  x: [a, b]\n", "  x: [a]\n"),
        ("  x: [b, a]\n", "  x: [a]\n"),
        ("  x: [b]\n", "  x: []\n"),
        ("  x: [ 'b' ,  a ] # c\n  y: [a]\n", "  x: [ a ] # c\n  y: [a]\n"),
        ("  x: [b, b, a, b]\n", "  x: [a]\n"),
        ("  x: [a, b,]\n", "  x: [a, ]\n"),
        ("  x: [a, b]\n  y: [b]\n", "  x: [a]\n  y: []\n"),
        ("  x:\n    - a\n    - b\n# end\n", "  x:\n    - a\n# end\n"),
        ("  x:\n  # 1\n  - b # mine\n  # 2\n  -   a\n", "  x:\n  # 1\n  # 2\n  -   a\n"),
        ("  x:\n  - b\n  y: []\n", "  x:\n  y: []\n"),
        ("  x: [\n    a,  # 1\n    b,  # 2\n  ]\n", "  x: [\n    a,  # 1\n  ]\n"),
        ("  x: [\n    a,  # 1\n    b  # 2\n  ]\n", "  x: [\n    a,  # 1\n  ]\n"),
        ("  x: [a,  # 1\n    b]\n", "  x: [a,  # 1\n    ]\n"),
        ("  x: [b,  # 1\n    a]\n", "  x: [# 1\n    a]\n"),
        ("  x: [b, a]  # \u2028 # ü\n", "  x: [a]  # \u2028 # ü\n"),
        ("  'ü 🎉': [a, b]  # ü 🎉\n", "  'ü 🎉': [a]  # ü 🎉\n"),
        ("  x: [a, [b\n", "  x: [a, [b\n"),
    ],
)
def test_a_removed_entry_leaves_the_lists_of_categories(before: str, after: str) -> None:
    assert removed(LISTS + before) == f"spaces:\n{A}categories:\n{after}"


def test_a_list_that_cannot_be_edited_is_left_alone_with_its_entry() -> None:
    with pytest.raises(InvalidRegistryError, match="cannot be edited: the lists of categories that name 'b'"):
        removed(LISTS + "  x:\n  - # comes - below\n    b\n")


def test_who_gets_another_category_leaves_the_list_of_the_old_one() -> None:
    work = edited(LISTS + "  x: [b, a]\n  y: [b]\n")
    work.replace("b", {"id": "b", "category": "y"})
    work.check()
    assert work.content.decode() == (f"spaces:\n{A}  b:\n    id: b\n    category: y\ncategories:\n  x: [a]\n  y: [b]\n")
    assert work.categories == ["x", "y"]


def test_an_entry_is_replaced_in_its_place() -> None:
    work = edited(f"spaces:\n{A}  # of new\n  new: {{id: new}} # old\n    # old\n\n# of c\n{C}")
    work.replace("new", NEW)
    work.check()
    assert work.content.decode() == f"spaces:\n{A}  # of new\n{NEW_TEXT}\n# of c\n{C}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("status: available", "status: disabled"),
        ("status:   'available'   # since 2024", "status:   disabled   # since 2024"),
        ('status: "it\\u0020is" # 1', "status: disabled # 1"),
        ("'status': a b\n      c # 1", "'status': disabled # 1"),
        ("status:", "status: disabled"),
        ("status:  # none yet", "status: disabled  # none yet"),
        ("status: >\n      available\n\n    # end", "status: disabled\n\n    # end"),
        ("status: 7", "status: disabled"),
        ("# status: 1\n    d: 'status: 2'\n    status: 3", "# status: 1\n    d: 'status: 2'\n    status: disabled"),
        ("d: 'ü 🎉 \u2028 \x85'\n    status: 'ü'\n    e: 1", "d: 'ü 🎉 \u2028 \x85'\n    status: disabled\n    e: 1"),
        ("env: {status: x}\n    status: y\n    gpu: no", "env: {status: x}\n    status: disabled\n    gpu: no"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_status_changes_and_nothing_beside_it(before: str, after: str, newline: str) -> None:
    file = f"# top\nspaces:\n{A}  b: # 1\n    id: b\n    {{}}\n# 2\n{C}".replace("\n", newline)
    changed = with_status(file.replace("{}", before.replace("\n", newline)))
    assert changed == file.replace("{}", after.replace("\n", newline))


def test_a_status_in_a_flow_mapping() -> None:
    file = "spaces:\n  b: {id: b, status: x, port: 1}  # one line"
    assert with_status(file, "a, b") == file.replace("x,", "'a, b',")
    assert with_status(file, "yes") == file.replace("x,", "'yes',")


@pytest.mark.parametrize("status", ["a: b", "#", "null", "2024-01-01", "- x", "it's", '"', "ü 🎉", " x ", "a" * 10_000])
def test_a_status_reads_back_as_it_was_said(status: str) -> None:
    text = with_status(f"spaces:\n{A}{B}{C}", status)
    assert yaml.safe_load(text)["spaces"]["b"]["status"] == status


def test_what_is_not_there_is_not_changed() -> None:
    work = edited(f"spaces:\n{A}")
    assert not work.has("b")
    assert not work.remove("b")
    assert not work.set_status("b", "x")
    assert not work.changed
    assert work.content.decode() == f"spaces:\n{A}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"spaces": {"a": {"id": "a"}}}', "line 1: the entries do not stand each on lines of its own"),
        ("spaces: {a: {id: a}}\n", "line 1: the entries do not"),
        ("spaces: {}\nspaces: {# mine\n  }\n", "line 2: the entries do not"),
        ("spaces: [\n", "line 1: the entries do not"),
        ("spaces: text\n", "line 1: the entries do not"),
        ("'spaces':\n  a: {}\n", "line 1: the entries do not"),
        (f"spaces:\n{A}---\nspaces:\n{B}", "line 11: the entries do not"),
        ("spaces:\n  ? a\n  : {}\n", "line 2: the entries do not"),
        ("spaces:\n- a\n", "line 2: the entries do not"),
        ("spaces:\n    a: {}\n  b: {}\n", "line 3: the entries do not"),
        ("spaces:\r  a: {}\r", "line 1: the entries do not"),
        ("nonsense\n", "line 1: the entries do not"),
        ("%YAML 1.1\n---\nspaces:\n", "line 1: the entries do not"),
        ('spaces:\n  a:\n    d: "x\n  b: y"\n', "quotes or brackets that reach over several entries"),
        ("spaces:\n  a: {d: [\n  b: y\n  ]}\n", "quotes or brackets that reach over several entries"),
        ("spaces:\n  a: {}  # \u2028  b: {}\n", "line 2: the entries do not"),
        ("spaces:\n  a: {}  # \r  b: {}\n", "line 2: the entries do not"),
        (b"spaces:\n  a: {d: " + b"x" * 1024**2 + b"}\n", "line 2: it is longer than 1 MiB"),
    ],
)
def test_a_file_in_another_layout_is_not_edited(text: str | bytes, said: str) -> None:
    with pytest.raises(InvalidRegistryError) as caught:
        edited(text)
    assert caught.value.message.startswith("own.yaml: cannot be edited: ")
    assert said in caught.value.message
    assert caught.value.message.endswith("; it is as it was")


def test_an_entry_that_stands_twice_is_not_touched_and_keeps_no_other_from_being() -> None:
    twice = f"spaces:\n{A}{B}{A}"
    with pytest.raises(InvalidRegistryError, match="'a' stands twice: in the lines 2 and 20"):
        edited(twice).remove("a")
    with pytest.raises(InvalidRegistryError, match="'a' stands twice"):
        edited(twice).has("a")
    assert removed(twice) == f"spaces:\n{A}{A}"
    assert added(twice) == twice + NEW_TEXT


@pytest.mark.parametrize(
    "broken",
    [
        "  broken: [\n",
        '  broken:\n    d: "x\n',
        "  broken:\n    d: a: b\n",
        "  broken:\n\td: 1\n",
        "  broken: *alias\n",
        "  broken\n",
        "  broken:\n    d: \x07\n",
        "  broken: " + "[" * 5000 + "\n",
    ],
)
def test_an_entry_that_is_broken_keeps_no_other_from_being_edited(broken: str) -> None:
    file = f"spaces:\n{A}{broken}{B}"
    assert added(file) == file + NEW_TEXT
    assert removed(file) == f"spaces:\n{A}{broken}"
    assert with_status(file).encode().startswith(f"spaces:\n{A}{broken}  b:\n".encode())
    last = f"spaces:\n{A}{broken}"
    assert added(last) == last + NEW_TEXT
    with pytest.raises(InvalidRegistryError, match=r"line \d+: the entry 'broken' is broken"):
        edited(file).set_status("broken", "x")
    assert removed(file, "broken") == f"spaces:\n{A}{B}"


def test_bytes_that_are_no_text_stay() -> None:
    file = b"# \xff\nspaces:\n  a:\n    d: \xff\xfe # \xe9\n"
    work = edited(file)
    work.add(NEW)
    work.check()
    assert work.content == file + NEW_TEXT.encode()


def test_a_removed_entry_that_would_change_the_one_before_it_stays() -> None:
    file = "spaces:\n  a:\n    d: |\n      x\n  b: {}\n\n      # far\n  c: {}\n"
    work = edited(file)
    work.remove("b")
    with pytest.raises(InvalidRegistryError, match="the entry 'a' would change, too"):
        work.check()


def test_an_entry_without_a_status_gets_none() -> None:
    with pytest.raises(InvalidRegistryError, match="line 2: the entry 'b' has no status"):
        edited("spaces:\n  b: {id: b}\n").set_status("b", "x")


def test_an_entry_that_would_not_be_read_again_is_refused() -> None:
    for value, said in (("x" * 1024**2, "would be longer than 1 MiB"), (float("nan"), "would not be as it is meant")):
        work = edited(f"spaces:\n{A}")
        work.add({"id": "new", "inputs": {"a": value}})
        with pytest.raises(InvalidRegistryError, match=said):
            work.check()


def test_a_value_that_stands_twice_is_written_twice() -> None:
    one = ["x"]
    text = added(f"spaces:\n{A}", {"id": "new", "inputs": {"a": one, "b": one}})
    assert "&" not in text
    assert yaml.safe_load(text)["spaces"]["new"]["inputs"] == {"a": ["x"], "b": ["x"]}


_COMMENTS = st.sampled_from(["", "\n", "# far: [\n", "  # near '\n", "\n  # apart\n", "    # deep: {\n"])
_MANNERS = st.sampled_from(
    [
        "  {id}:\n    id: {id}\n    status: s # now\n",
        "  '{id}': {{id: {id}, status: s}}\n",
        '  {id}: # head\n\n      status: "s"\n      # inner\n      id: {id}\n',
        "  {id}:\n    status: s\n    id: {id}\n    env:\n      A: |\n        x\n        # text\n",
        "  {id}:\n    id: {id}\n    tags: [a,\n      b] # '\n    status: s\n    d: 'x\n\n      # y'\n",
    ]
)
_IDS = st.sampled_from([f"s{number}" for number in range(6)])
_CHANGES = st.lists(st.tuples(st.sampled_from(["add", "remove", "replace", "status"]), _IDS), max_size=6)


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(st.tuples(_MANNERS, _COMMENTS), max_size=5),
    top=st.sampled_from(["", "# top\n", "---\n"]),
    end=st.sampled_from(["", "# end", "categories:\n  x: [s0, s3] # lists\n  y:\n  - s1\n  - s2 # two\n"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    changes=_CHANGES,
)
def test_changes_one_after_the_other(
    parts: list[tuple[str, str]], top: str, end: str, newline: str, changes: list[tuple[str, str]]
) -> None:
    entries = [manner.format(id=f"s{number}") + comment for number, (manner, comment) in enumerate(parts)]
    text = (top + "spaces:\n" + "".join(entries) + end).replace("\n", newline).encode()
    wanted = dict(yaml.safe_load(text)["spaces"] or {})
    for change, entry_id in changes:
        work = edited(text)
        assert work.has(entry_id) == (entry_id in wanted)
        fields = {"id": entry_id, "status": change}
        if change == "remove":
            assert work.remove(entry_id) == (entry_id in wanted)
            wanted.pop(entry_id, None)
        elif change == "status":
            assert work.set_status(entry_id, "x: y") == (entry_id in wanted)
            if entry_id in wanted:
                wanted[entry_id] = {**wanted[entry_id], "status": "x: y"}
        elif entry_id not in wanted:
            work.add(fields)
            wanted[entry_id] = fields
        elif change == "replace":
            work.replace(entry_id, fields)
            wanted[entry_id] = fields
        before = {one.id: work_lines(edited(text), one.id) for one in edited(text)._entries() if one.id != entry_id}
        try:
            work.check()
        except InvalidRegistryError as error:  # the one refusal there is: a comment would become text
            assert "would change, too" in error.message  # noqa: PT017 - most examples raise nothing
            return
        text = work.content
        assert {one: work_lines(work, one) for one in before} == before
    value = yaml.safe_load(text)
    assert list((value["spaces"] or {}).items()) == list(wanted.items())
    for listed in (value.get("categories") or {}).values():
        assert set(listed or ()) <= {"s0", "s1", "s2", "s3"}
    kept = [line for line in text.decode().splitlines() if line.startswith(("# far", "# top", "# end"))]
    assert len(kept) == (top + "".join(entries) + end).count("# far") + top.count("# top") + end.count("# end")


def work_lines(work: RegistryText, entry_id: str) -> bytes:
    """Return the bytes of an entry up to its last value."""
    piece = work._found(entry_id)
    lines = work._lines[piece.first : end_of_entry(work._lines, piece)]
    return b"".join(line for line in lines if not line.lstrip().startswith(b"# deep"))
