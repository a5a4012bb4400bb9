import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.crontab import (
    MARKER,
    Entry,
    drop_entries,
    entry_line,
    find_entries,
    put_entry,
    read_entry,
)

LINE = entry_line("0 3 * * *", ("/usr/bin/python3", "-m", "hf_spaces_runner", "cron", "fire"), {})
OLD = f"15 4 * * * HFSR_HOME=/elsewhere /opt/old/hfsr cleanup {MARKER}"
USERS = 'SHELL=/bin/bash\nMAILTO=""\n\n# m h dom mon dow command\n0 1 * * * echo 50\\% \t\r\n@daily x'

characters = ["\n", "\r\n", " ", "\t", "\x0b", "\x85", "\u2028", "\udcff", "#", "# "]
lines = ["0 1 * * * job", "@daily job", "MAILTO=x", f"#{LINE}", f"# {OLD}", MARKER, f"echo '{MARKER}' again"]
pieces = st.sampled_from([*characters, *lines])
others = st.lists(pieces | st.text(), max_size=12).map("".join)
ours = st.sampled_from([LINE, OLD, f"  {OLD} \t", f"{LINE}\r", f"@reboot x {MARKER}"])
crontabs = st.lists(others.filter(lambda text: not find_entries(text)) | ours, max_size=8).map("\n".join)


def rest(crontab: str) -> list[str]:
    """Return the lines that are not ours; no newline at the end is as good as one."""
    return [line for line in crontab.removesuffix("\n").split("\n") if line not in find_entries(crontab)]


@given(crontabs)
@example("")
@example("\n")
@example(USERS)
@example(f"{LINE}\n{USERS}\n{OLD}")
def test_one_entry_is_left_and_all_other_lines_are_as_they_were(crontab: str) -> None:
    put = put_entry(crontab, LINE)
    assert find_entries(put) == (LINE,)
    assert put.endswith("\n")
    assert [line for line in rest(put) if line] == [line for line in rest(crontab) if line]
    assert put_entry(put, LINE) == put


@given(crontabs)
@example(f"a\n{LINE}")
def test_removal_takes_our_lines_only(crontab: str) -> None:
    dropped = drop_entries(crontab)
    assert find_entries(dropped) == ()
    kept = [line for line in crontab.split("\n") if line not in find_entries(crontab)]
    assert [line for line in dropped.split("\n") if line] == [line for line in kept if line]
    assert dropped.endswith("\n") or not crontab.endswith("\n") or not dropped


@given(others.filter(lambda text: not find_entries(text)))
@example(USERS)
def test_what_was_put_in_can_be_taken_out_to_the_byte(crontab: str) -> None:
    whole = crontab if not crontab or crontab.endswith("\n") else f"{crontab}\n"
    assert drop_entries(put_entry(crontab, LINE)) == whole
    assert drop_entries(crontab) == crontab


def test_the_entry_stays_where_it_stands() -> None:
    crontab = f"A=1\n{OLD}\nB=2\n{LINE}\n0 1 * * * last\n{OLD}"
    assert put_entry(crontab, LINE) == f"A=1\n{LINE}\nB=2\n0 1 * * * last\n"


@pytest.mark.parametrize(
    "line",
    [
        f"# {LINE}",
        f"#{OLD}",
        f"NOTE={MARKER}",
        f"{MARKER}",
        "0 3 * * * hfsr cleanup",
        f"0 3 * * * echo '{MARKER}' | mail me",
        LINE.replace("runner cleanup", "runner cleanup of mine"),
    ],
)
def test_a_line_that_only_looks_like_ours_is_the_users(line: str) -> None:
    assert find_entries(f"{line}\n") == ()
    assert drop_entries(f"{line}\n") == f"{line}\n"
    assert put_entry(f"{line}\n", LINE) == f"{line}\n{LINE}\n"


@given(st.dictionaries(st.sampled_from(["HFSR_HOME", "HOME"]), st.text(st.characters(exclude_categories=["Cs"]))))
@example({"HFSR_HOME": 'it\'s 100% "mine" $HOME `x` #é;&'})
def test_the_shell_gets_what_was_said(variables: dict[str, str]) -> None:
    words = ("/a b/python", "-m", "hf_spaces_runner", "cron", "fire", "--older-than", "24h")
    try:
        line = entry_line("@daily", words, variables)
    except UsageError:
        assert any(ord(character) < 32 or character in "\\\x7f" for text in variables.values() for character in text)
        return
    assert find_entries(f"{line}\n") == (line,)
    command = line.removeprefix("@daily ")
    assert command.count("%") == command.count(r"\%")
    setting = ["/usr/bin/env", *(f"{name}={value}" for name, value in variables.items())] if variables else []
    assert shlex.split(command.replace(r"\%", "%"), comments=True) == [*setting, *words]
    assert read_entry(line) == Entry(schedule="@daily", options=("--older-than", "24h"))


@pytest.mark.parametrize("path", ["/a\nb", "/a\rb", "/a\\b", "/a\x00b", "/a\x1bb"])
def test_a_path_that_no_crontab_can_hold_is_refused(path: str) -> None:
    for words, variables in (((path,), {}), (("x",), {"HFSR_HOME": path})):
        with pytest.raises(UsageError, match="cannot stand in a crontab"):
            entry_line("@daily", words, variables)


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        (LINE, Entry(schedule="0 3 * * *", options=())),
        (f"  0  3\t* * *  x cron fire --a b {MARKER}\r", Entry(schedule="0 3 * * *", options=("--a", "b"))),
        (OLD, Entry(schedule="15 4 * * *", options=None)),
        (f"@daily it's cron fire {MARKER}", Entry(schedule="@daily", options=None)),
        (f"0 3 {MARKER}", None),
    ],
)
def test_what_a_user_made_of_our_line_is_read_as_far_as_it_can_be(line: str, entry: Entry | None) -> None:
    assert read_entry(line) == entry
