"""The patterns of .dockerignore: what Docker makes of them."""

from pathlib import Path

import pytest

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.docker_patterns import read_dockerignore
from hf_spaces_runner.registry.name_patterns import last_word

PATH = Path("/space/.dockerignore")


@pytest.mark.parametrize(
    ("text", "name", "ignored"),
    [
        ("a", "a", True),
        ("a", "x/a", False),
        ("/a", "a", True),
        ("a/", "a", True),
        ("./a/../b", "b", True),
        ("a", "a/b/c", True),
        ("*/temp*", "x/temporary.txt", True),
        ("*/temp*", "x/y/temporary.txt", False),
        ("*/*/temp*", "x/y/temporary.txt", True),
        ("temp?", "tempa", True),
        ("temp?", "temp/a", False),
        ("**/*.go", "a.go", True),
        ("**/*.go", "x/y/a.go", True),
        ("**", "x/y", True),
        ("x/**", "x/y/z", True),
        ("x/**", "x", False),
        ("**/x", "a/x/b", True),
        ("**x", "a/x", True),
        ("**x", "ax", False),
        ("x**", "xa/b", True),
        ("a**b", "ab", True),
        ("a**b", "ax/y/b", True),
        ("a**b", "axb", False),
        ("*.md\n!README.md", "README.md", False),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-a.md", False),
        ("*\n!src", "src/a/b", False),
        ("*\n!src\nsrc/a", "src/a/b", True),
        ("# a", "# a", False),
        (" # a", "# a", True),
        ("  a  \r", "a", True),
        (".", "a", False),
        ("\ufeffa", "a", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("[a-c]", "b", True),
        ("[^a-c]", "b", False),
        ("../a", "a", False),
    ],
)
def test_a_name_is_ignored_as_by_docker(text: str, name: str, *, ignored: bool) -> None:
    assert last_word(read_dockerignore(text, PATH), name) is ignored


@pytest.mark.parametrize("text", ["a\n!", "a\n[", "a\n[]", "a\nx\\", "a\n" + "/".join("a" * 40), "a\n" + "b\n" * 1001])
def test_what_is_no_pattern_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(InvalidRegistryError, match=r"^/space/\.dockerignore:\d+:1: ") as caught:
        read_dockerignore(text, PATH)
    assert caught.value.hint


def test_a_pattern_made_to_take_for_ever_does_not() -> None:
    evil = read_dockerignore("*a" * 100 + "b\n" + "**/a/" * 15 + "b\n" + "a**" * 30 + "b", PATH)
    assert not last_word(evil, "/".join(["a" * 100] * 60))


def test_a_line_that_is_too_long_is_not_looked_at() -> None:
    with pytest.raises(InvalidRegistryError, match=r"^/space/\.dockerignore:1:1: is too much"):
        read_dockerignore("[" * 1_000_000, PATH)
