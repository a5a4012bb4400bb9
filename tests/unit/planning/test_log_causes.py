"""Logs as programs really print them: each names its cause and a fix, and those that name none stay without.

The samples in logs/ are what the libraries, shells and containers wrote themselves, cut to what matters. A file is
called like its verdict; above each sample stands what the cause must name.
"""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_spaces_runner.domain.cause import Cause
from hf_spaces_runner.planning.log_causes import find_cause

LOGS = Path(__file__).parent / "logs"
HINTS = {
    "missing_secret": ("export {name}=", "--secret {name}"),
    "no_hub_login": ("hf_oauth: true", "-e OAUTH_CLIENT_ID=", "-e OPENID_PROVIDER_URL="),
    "gated_model": ("https://huggingface.co/{name} ", "export HF_TOKEN=", "--secret HF_TOKEN"),
    "no_network": ("--network open", "--warm-online", "model cache", "this machine is online"),
    "no_gpu": ("--gpus all", "NVIDIA container toolkit"),
    "gpu_out_of_memory": ("nvidia-smi", "--gpus"),
    "read_only": ("leave --read-only out",),
    "permission": ("Dockerfile|registry entry",),
    "capability_missing": (r"cap_add: \[{name}\]|--no-sandbox",),
    "sudo_refused": ("Dockerfile",),
    "child_out_of_memory": ("--memory",),
    "too_many_processes": ("HFSR_PIDS_LIMIT=",),
    "disk_full_inside": ("hfsr cleanup", "--memory"),
    "dependency_conflict": (r"requirements\.txt", "versions? "),
    "missing_dependency": ("{name}", r"requirements\.txt|packages\.txt"),
    "wrong_architecture": ("linux/amd64",),
    "port_in_use_inside": ("GRADIO_NUM_PORTS=",),
    "app_file_missing": ("app_file:",),
}
CHAIN = "\nDuring handling of the above exception, another exception occurred:\n\n"
ENVIRON = 'File "<frozen os>", line 679, in __getitem__'
EXECUTE = 'File "/usr/lib/python3.11/subprocess.py", line 1901, in _execute_child'
HINT_FORM = re.compile(r"[A-Za-z0-9 .,:;=/_()\[\]{}'+-]{1,400}")
"""What hints are made of: nothing in them does anything in a shell but what the hint says."""


def samples(verdict: str) -> Iterator[tuple[str, str]]:
    """Yield what each log of the file `verdict` must name, and the log."""
    for sample in (LOGS / f"{verdict}.txt").read_text(encoding="utf-8").split("#####")[1:]:
        name, _, log = sample.partition("\n")
        yield name.strip(), log


def traceback(message: str, *frames: str) -> str:
    """Return what Python prints for an uncaught exception; `frames` are lines of code, or whole frames."""
    lines = ["Traceback (most recent call last):", '  File "/home/user/app/app.py", line 3, in <module>']
    for frame in frames:
        lines += [f"  {frame}"] if frame.startswith("File ") else [f"    {frame}", "    ^^^^^^^^^^^^"]
    return "\n".join([*lines, message])


def cause_of(log: str) -> Cause:
    cause = find_cause(log)
    assert cause is not None, log
    return cause


@pytest.mark.parametrize(
    ("verdict", "name", "log"), [(verdict, *sample) for verdict in HINTS for sample in samples(verdict)]
)
def test_a_log_names_its_cause_and_the_fix(verdict: str, name: str, log: str) -> None:
    cause = cause_of(log)
    assert cause.verdict == verdict
    if name:
        assert cause.says.endswith(f": {name}")
    for part in HINTS[verdict]:
        assert re.search(part.replace("{name}", re.escape(name)), cause.hint)
    assert HINT_FORM.fullmatch(cause.hint)


@pytest.mark.parametrize("log", [log for _, log in samples("none")])
def test_a_log_that_names_no_cause(log: str) -> None:
    assert find_cause(log) is None


@pytest.mark.parametrize("log", ["", "\n\n", "\x00", " "])
def test_no_log_at_all(log: str) -> None:
    assert find_cause(log) is None


def test_each_file_of_samples_is_read() -> None:
    assert {file.stem for file in LOGS.iterdir()} == {*HINTS, "none"}


def test_each_field_that_a_settings_class_misses_is_named() -> None:
    fields = "".join(
        f"\n{name}\n  Field required [type=missing, input_value={{}}, input_type=dict]" for name in ("key", "hf_token")
    )
    cause = cause_of(
        traceback(f"pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings{fields}")
    )
    assert "--secret KEY --secret HF_TOKEN" in cause.hint


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("/data/x", "RUN chown -R 1000 /data/x;"),
        ("/.cache/huggingface/hub", "-e HF_HOME=/tmp/huggingface,"),
        ("/root/.config/matplotlib", "-e MPLCONFIGDIR=/tmp/matplotlib,"),
        ("/.cache", "-e XDG_CACHE_HOME=/tmp/cache,"),
        ("/.EasyOCR", "env: {HOME: /tmp} in its registry entry"),
    ],
)
def test_a_cache_is_moved_and_another_folder_handed_over(path: str, fix: str) -> None:
    assert fix in cause_of(traceback(f"PermissionError: [Errno 13] Permission denied: '{path}'")).hint


def test_a_script_that_is_not_executable() -> None:
    assert "RUN chmod +x ./start.sh" in cause_of("sh: 1: ./start.sh: Permission denied").hint


def test_the_model_cache_is_only_read_in_privacy() -> None:
    cause = cause_of(traceback("OSError: [Errno 30] Read-only file system: '/hf-cache/huggingface/hub/models--a--b'"))
    assert cause.verdict == "read_only"
    assert "--privacy-mode" in cause.hint


@pytest.mark.parametrize("read_only", [None, False, True])
def test_a_full_disk_has_its_own_fix_below_a_read_only_root(read_only: bool | None) -> None:
    cause = find_cause(traceback("OSError: [Errno 28] No space left on device: '/tmp/x'"), read_only=read_only)
    assert cause is not None
    assert ("--memory" in cause.hint) == (read_only is not False)
    assert ("hfsr cleanup" in cause.hint) == (read_only is not True)


def test_an_exit_code_tells_what_the_log_does_not() -> None:
    silent = find_cause("loading", exit_code=132)
    assert silent is not None
    assert silent.verdict == "wrong_architecture"
    assert find_cause("loading", exit_code=1) is None


EARLIER = (
    "mkdir: cannot create directory '/data': Permission denied\n"
    "chown: changing ownership of '/x': Operation not permitted\nKilled\nHF_TOKEN is not set\n"
)
NO_X = traceback("ModuleNotFoundError: No module named 'x'")
NO_WEIGHTS = traceback("ValueError: no weights")


@pytest.mark.parametrize(
    ("log", "verdict"),
    [
        # What came before the last exception did no harm; nor did an exception that was caught and printed.
        (EARLIER + NO_WEIGHTS, None),
        (f"{NO_X}\n{NO_WEIGHTS}", None),
        (EARLIER + traceback("MemoryError"), "child_out_of_memory"),
        # The last exception counts more than those it came from, and these more than nothing.
        (NO_X + CHAIN + traceback("KeyError: 'API'", ENVIRON), "missing_secret"),
        (NO_X + CHAIN + traceback("KeyError: 'x'") + CHAIN + traceback("SystemExit: 3"), "missing_dependency"),
        # What is printed after the last exception counts as well.
        (f"{NO_WEIGHTS}\n/start.sh: line 3:    12 Killed                  python app.py", "child_out_of_memory"),
        # What Python says while it tears down does not.
        (
            f"{NO_X}\nException ignored in: <function Pool.__del__ at 0x7f>\n"
            + traceback("OSError: [Errno 28] No space left on device"),
            "missing_dependency",
        ),
        # gunicorn's master, after its worker.
        (
            f"{NO_X}\n[2026-01-01 00:00:00 +0000] [7] [INFO] Worker exiting (pid: 7)\n"
            + traceback("gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>"),
            "missing_dependency",
        ),
        # Of a shell script's lines the last ones count.
        ("\n".join(["cp: cannot create '/x': Permission denied", *["loading"] * 20, "failed"]), None),
        ("cp: cannot create '/x': Permission denied\nno config\nfailed", "permission"),
    ],
)
def test_which_line_counts(log: str, verdict: str | None) -> None:
    cause = find_cause(log)
    assert (cause.verdict if cause else None) == verdict


BEHIND_A_PREFIX = """\
[rank0]: Traceback (most recent call last):
[rank0]:   File "/a.py", line 1, in <module>
[rank0]:     f()
[rank0]: ModuleNotFoundError: No module named 'x'
"""
IN_A_BOX = """\
╭──────── Traceback (most recent call last) ────────╮
│ /home/user/app/app.py:3 in <module>               │
│ ❱ 3 import x                                      │
╰───────────────────────────────────────────────────╯
ModuleNotFoundError: No module named 'x'
"""
IN_A_GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/a.py", line 1, in <module>
  |     f()
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/a.py", line 2, in f
    |     import x
    | ModuleNotFoundError: No module named 'x'
    +------------------------------------
"""
WITH_BLANK_LINES = """\
Traceback (most recent call last):

  File "/a.py", line 1, in <module>
    f()

  File "/b.py", line 2, in f
    import x

ModuleNotFoundError: No module named 'x'
"""
WITHOUT_ITS_TOP = """\
    f()
  File "/b.py", line 2, in f
    import x
ModuleNotFoundError: No module named 'x'
"""


@pytest.mark.parametrize("log", [BEHIND_A_PREFIX, IN_A_BOX, IN_A_GROUP, WITH_BLANK_LINES, WITHOUT_ITS_TOP])
def test_forms_of_tracebacks(log: str) -> None:
    assert cause_of("Permission denied: '/y'\n" * 3 + log).says.endswith(": x")


def test_while_it_runs_only_what_was_said_last_counts() -> None:
    log = "OPENAI_API_KEY is not set\nloading the model\n50 %\n100 %\nready soon"
    assert find_cause(log, running=True) is None
    assert cause_of(log).verdict == "missing_secret"
    last = find_cause("loading\nOPENAI_API_KEY is not set\nwaiting", running=True)
    assert last is not None
    assert last.verdict == "missing_secret"


HOSTILE = (
    "$(reboot)",
    "`reboot`",
    "x; reboot",
    "x\u202ey",
    "x' --privileged '",
    "-rf",
    "a b",
    "A" * 3000,
    "../" * 99,
    "{name}",
    "é/ü",
    "\x1b[31mred",
    "*",
)
PLACES = (
    "KeyError: '{}'",
    "ValueError: {} environment variable is not set",
    "Access to model {} is restricted",
    "Cannot access gated repo for url https://huggingface.co/{}/resolve/main/x",
    "{} is not a local folder and is not a valid model identifier",
    "ModuleNotFoundError: No module named '{}'",
    "ImportError: cannot import name 'x' from '{}'",
    "ImportError: lib{}.so.1: cannot open shared object file",
    "PermissionError: [Errno 13] Permission denied: '{}'",
    "mkdir: cannot create directory '{}': Permission denied",
    "sh: 1: {}.sh: Permission denied",
    "OSError: [Errno 30] Read-only file system: '{}'",
    "OSError: [Errno 28] No space left on device: '{}'",
    "chown: changing ownership of '{}': Operation not permitted",
    "We couldn't connect to 'https://{}' to load this",
    "python: can't open file '{}': [Errno 2] No such file",
    "FileNotFoundError: [Errno 2] No such file or directory: '{}'",
    "sh: 1: {}: not found",
)


@pytest.mark.parametrize(("name", "place"), list(itertools.product(HOSTILE, PLACES)))
def test_nothing_of_a_hostile_name_gets_into_a_command(name: str, place: str) -> None:
    cause = find_cause(traceback(place.replace("{}", name), ENVIRON, EXECUTE))
    if cause is None:
        return
    assert HINT_FORM.fullmatch(cause.hint)
    assert not re.search("[;(] ?reboot|--privileged| -rf", cause.hint)
    assert len(cause.says) < 250
    assert not re.search("[\x00-\x1f\u202e]", cause.says)


def test_a_hostile_name_does_not_hide_the_cause() -> None:
    cause = cause_of(traceback("KeyError: '$(reboot)'", ENVIRON))
    assert cause.verdict == "missing_secret"
    assert "--secret NAME" in cause.hint
    assert "reboot" not in cause.says


PIECES = ["\n", " ", "'", '"', "/", ":", "A_KEY", " not set", "Permission denied", "  File ", "KeyError: ", "│", "("]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(max_size=2000))
def test_any_text_at_all_is_read(log: str) -> None:
    cause = find_cause(log)
    assert cause is None or HINT_FORM.fullmatch(cause.hint)


NASTY = (
    "A",
    " ",
    "set ",
    "'",
    "/",
    "a/",
    "A_KEY",
    "X_KEY is not a ",
    "X_KEY isn't",
    "permission denied ",
    "missing the your a ",
    "sh: 1: ",
    "no module named ",
    "lib.so",
    "/.cache",
    '  File "',
    '  File "x", line 1',
    "│",
    "warn",
    "1",
    ": 1 killed",
    "ImportError pip",
    "access to model ",
    " is not a local folder",
    "${(",
    "environment variable ",
    "for url: https://a/",
)


@pytest.mark.parametrize("text", NASTY)
def test_no_pattern_backtracks_without_bound(text: str) -> None:
    # One that does would not come back before the tests' own timeout.
    log = "\n".join([text * (1000 // len(text) + 1)] * 120)
    assert find_cause(log) == find_cause(f'  File "a", line 1\n{log}')


def test_a_log_without_end_is_cut() -> None:
    assert find_cause("x" * 5_000_000) is None
    assert find_cause("MemoryError\n" + "x\n" * 500_000) is None
