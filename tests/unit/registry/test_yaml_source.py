import re

import pytest

from hf_spaces_runner.registry.yaml_source import YamlProblem, is_yaml, parse_yaml, place_in, places_in


def failure(text: str) -> str:
    with pytest.raises(YamlProblem) as caught:
        parse_yaml(text)
    return f":{caught.value.line + 1}:{caught.value.column + 1}: {caught.value.message}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        ("a: 1\n", {"a": 1}),
        ("a: 1\r\nb:\r\n  - x\r\n", {"a": 1, "b": ["x"]}),
        ("a: größer ✓\n", {"a": "größer ✓"}),
        ("- &name 1\n- 2\n", [1, 2]),
        ("a: '*'\nb: R&D * 5\n", {"a": "*", "b": "R&D * 5"}),
    ],
)
def test_it_reads(text: str, value: object) -> None:
    assert parse_yaml(text) == value
    assert is_yaml(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1, 2\n", r":1:4: a bracket is not closed, or a comma is missing"),
        ("a: {b: 2\n", r":1:4: a bracket is not closed, or a comma is missing"),
        ("a: [1 2: [\nb: 1\n", r":\d+:\d+: .*bracket.*"),
        ("a: 1\n b: 2\n", r":2:3: a second colon in one line, or a line indented wrongly"),
        ("a:\n\t- x\n", r":2:1: a tab"),
        ("a: 'x\n", r":1:4: a quote is not closed"),
        ('a: "x\nb: y\n', r":1:4: a quote is not closed"),
        ("a: 1\nb: 2\na: 3\n", r":3:1: the key 'a' stands twice"),
        ("x:\n  a: 1\n  'a': 2\n", r":3:3: the key 'a' stands twice"),
        ("1: x\n0x1: y\n", r":2:1: the key 1 stands twice"),
        ("a: !!python/object/apply:os.system [echo]\n", r":1:4: could not determine a constructor.*"),
        ("a: 1\n---\nb: 2\n", r":2:1: a second document begins here"),
        ("a: &x 1\nb: *x\n", r":2:4: aliases \(\*name\) are not allowed here"),
        ("a: &a {b: *a}\n", r":1:11: aliases \(\*name\) are not allowed here"),
        ("a: *nowhere\n", r":1:4: .*"),
        ("base: &b {x: 1}\nc:\n  <<: *b\n", r":3:7: aliases.*"),
        ("? [1, 2]\n: x\n", r":1:3: found unhashable key"),
        ("a:\n  b: 2026-13-45\n", r":2:6: month must be in 1\.\.12"),
        ("a: " + "1" * 5000 + "\n", r":1:4: .*"),
        ("a: b\nc: x\x00y\n", r":2:5: the character U\+0000 may not stand in YAML"),
        ("ä: b\nc: ä\x1by\n", r":2:5: the character U\+001B may not stand in YAML"),
        ('"\\e[31m": 1\n"\\e[31m": 2\n', r":2:1: the key '\\x1b\[31m' stands twice"),
        ("%YAML 9.9\n---\na: 1\n", r":\d+:\d+: .*"),
        ("@a: 1\n", r":1:1: a character stands here that begins no value"),
    ],
)
def test_what_is_broken_is_told_with_its_line_and_column(text: str, said: str) -> None:
    assert re.fullmatch(said, failure(text)), failure(text)


@pytest.mark.parametrize(
    ("text", "is_syntax"), [("a: [1\n", True), ("a: 'x\n", True), ("a: 1\na: 1\n", False), ("a: \x00\n", False)]
)
def test_what_may_be_a_part_of_yaml_that_was_cut_wrongly_is_known(text: str, is_syntax: bool) -> None:
    with pytest.raises(YamlProblem) as caught:
        parse_yaml(text)
    assert caught.value.is_syntax is is_syntax


@pytest.mark.parametrize(
    "content",
    [
        "[" * 300_000,
        "- " * 300_000,
        "{a: " * 300_000,
        "".join(f"{' ' * depth}a:\n" for depth in range(300)),
        "? " * 300_000,
    ],
)
def test_deep_nesting_is_refused_and_does_not_end_the_process(content: str) -> None:
    assert re.fullmatch(r":\d+:\d+: nested more than 50 levels deep", failure(content))


def test_a_bomb_of_aliases_is_refused_at_its_first() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 30)]
    assert failure("\n".join(lines)) == ":2:10: aliases (*name) are not allowed here"


def test_each_value_has_a_place_and_what_is_not_there_that_of_its_parent() -> None:
    text = "a:\n  b: [1, two]\n  3: x\n"
    many = [("a", "b", 1), ("a", "b", 7), ("a", 3), ("a", "none", "below"), (), ("none",)]
    assert places_in(text, many) == [(1, 9), (1, 5), (2, 5), (1, 2), (0, 0), (0, 0)]
    assert place_in("", ("a",)) == (0, 0)


@pytest.mark.parametrize(
    "value", ["!!timestamp x", "!!timestamp ''", "!!bool x", "!!int ''", "!!float ''", "{!!int '': 1}"]
)
def test_a_tag_that_its_value_cannot_have_is_told(value: str) -> None:
    assert re.search(r":1:\d+: the value cannot be '(timestamp|bool|int|float)'", failure(f"a: {value}"))


@pytest.mark.parametrize("end", ["", ".5"])
def test_a_long_number_to_the_base_of_60_is_not_counted_out(end: str) -> None:
    assert failure(f"a: {':'.join(['59'] * 100_000)}{end}\n").endswith("to the base of 60, is too long")
    assert parse_yaml("a: 1:30\n") == {"a": 90}
    assert parse_yaml(f"a: '{':'.join(['59'] * 100)}'\n") == {"a": ":".join(["59"] * 100)}
