import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.cli.arguments import canonical_arguments
from hf_spaces_runner.cli.main import COMMANDS


@pytest.mark.parametrize(
    ("given_words", "meant"),
    [
        ("", ""),
        ("-h", "-h"),
        ("--help", "--help"),
        ("--version", "--version"),
        ("run x --hf-space y", "run x --hf-space y"),
        ("list --json", "list --json"),
        ("PROMPT --hf-space y", "run PROMPT --hf-space y"),
        ("--hf-space y PROMPT", "run --hf-space y PROMPT"),
        ("--hf-space=y PROMPT", "run --hf-space=y PROMPT"),
        ("lst --hf-space y", "run lst --hf-space y"),
        ("--list-spaces", "list"),
        ("--list-spaces --json", "list --json"),
        ("--json --list-spaces", "list --json"),
        ("--cleanup-cache --dry-run", "cleanup --dry-run"),
        ("--verbose --cleanup-cache", "cleanup --verbose"),
        ("lst", "lst"),
        ("confg", "confg"),
        ("hello", "run hello"),
        ("hello world", "run hello world"),
        ("-v list", "list -v"),
        ("--verbose run x", "run --verbose x"),
        ("-v", "run -v"),
        ("-- --list-spaces", "run -- --list-spaces"),
        ("--hf-space y -- --cleanup-cache", "run --hf-space y -- --cleanup-cache"),
    ],
)
def test_the_flag_forms_stand_for_commands(given_words: str, meant: str) -> None:
    assert canonical_arguments(given_words.split(), commands=COMMANDS) == meant.split()


WORDS = st.one_of(
    st.sampled_from([*COMMANDS, "--list-spaces", "--cleanup-cache", "--hf-space", "--", "-v", "--help", "--json"]),
    st.text(max_size=8),
)


@given(st.lists(WORDS, max_size=6))
def test_no_word_gets_lost_and_the_meaning_does_not_change_again(words: list[str]) -> None:
    meant = canonical_arguments(words, commands=COMMANDS)
    added = [word for word in meant if word not in words]
    assert set(added) <= {"run", "list", "cleanup"}
    gone = [word for word in words if word not in meant]
    assert set(gone) <= {"--list-spaces", "--cleanup-cache"}
    assert words == list(words)


@given(st.lists(WORDS, max_size=6))
def test_what_follows_a_command_stays_as_it_is(words: list[str]) -> None:
    if not {"--list-spaces", "--cleanup-cache"} & set(words):
        assert canonical_arguments(["run", *words], commands=COMMANDS) == ["run", *words]
