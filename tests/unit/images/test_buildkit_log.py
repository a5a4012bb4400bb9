"""What BuildKit prints, recorded from docker 20.10 and from buildx 0.13, and what a step may print to look like it."""

import pytest

from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.images.buildkit_log import BuildkitLog

OLD = """\
#1 [internal] load remote build context
#1 sha256:f73ab4b185aeae4c4b3cb944dbf1bff389f201c58a8404cf1cb42594300914e0
#1 DONE 0.0s

#3 [internal] load metadata for docker.io/hf-spaces-runner/base:1
#3 DONE 0.0s

#8 [1/3] FROM docker.io/hf-spaces-runner/base:1
#8 DONE 0.0s

#4 [2/3] RUN echo hello
#4 sha256:51742317371efd47a86b92386781a265803b6ca09d79f44612f34a75200c1df2
#4 0.385 hello
#4 0.386 no end#4 DONE 0.5s

#7 [3/3] RUN for i in 1 2; do echo line $i; done; echo bad >&2; exit 7
#7 0.471 line 1
#7 0.471 line 2
#7 0.471 bad#7 ERROR: executor failed running [/bin/sh -c for i in 1 2; do echo line $i; done; exit 7]: exit code: 7
------
 > [3/3] RUN for i in 1 2; do echo line $i; done; echo bad >&2; exit 7:
------
executor failed running [/bin/sh -c for i in 1 2; do echo line $i; done; exit 7]: exit code: 7
"""
NEW = """\
#0 building with "default" instance using docker driver

#4 [1/3] FROM docker.io/hf-spaces-runner/base:1
#4 CACHED

#5 [2/3] RUN echo hello
#5 0.385 hello
#5 DONE 0.6s

#6 [3/3] RUN for i in 1 2; do echo line $i; done; echo bad >&2; exit 7
#6 0.401 line 1
#6 0.402 line 2
#6 0.402 bad
#6 ERROR: process "/bin/sh -c for i in 1 2; do echo line $i; done; exit 7" did not complete successfully: exit code: 7
------
 > [3/3] RUN for i in 1 2; do echo line $i; done; echo bad >&2; exit 7:
0.401 line 1
0.402 line 2
0.402 bad
------
Dockerfile:3
--------------------
   3 | >>> RUN for i in 1 2; do echo line $i; done; echo bad >&2; exit 7
--------------------
ERROR: failed to solve: process "/bin/sh -c for i in 1 2; do echo $i; done" did not complete successfully: exit code: 7

View build details: docker-desktop://dashboard/build/default/default/x
"""

METADATA = """\
#3 [internal] load metadata for localhost:1/no:1
#3 ERROR: failed to do request: refused
------
 > [internal] load metadata for localhost:1/no:1:
------
"""
FRONTEND = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: "


def read(text: str, *secrets: str) -> tuple[BuildkitLog, list[str]]:
    log = BuildkitLog(secrets=tuple(map(Secret, secrets)))
    shown = [log.take(line) for line in text.split("\n")]
    return log, [line for line in shown if line is not None]


@pytest.mark.parametrize("text", [OLD, NEW])
def test_the_step_that_failed_and_its_lines(text: str) -> None:
    log, _ = read(text)
    assert log.has_failed_step
    assert log.step.startswith("step 3/3 (RUN for i in 1 2; do")
    assert list(log.lines) == ["line 1", "line 2", "bad"]
    assert log.outcome() == "it returned a non-zero code: 7"


def test_what_is_shown_is_what_the_own_builder_shows() -> None:
    _, shown = read(OLD)
    assert shown[:4] == [
        "Step 1/3: FROM docker.io/hf-spaces-runner/base:1",
        "Step 2/3: RUN echo hello",
        "Step 2/3: hello",
        "Step 2/3: no end",
    ]


def test_steps_are_counted_over_all_stages() -> None:
    log, _ = read(
        "#1 [one 1/2] FROM a\n#1 DONE 0.0s\n#2 [stage-1 2/3] RUN b\n#2 CACHED\n#2 CACHED\n#3 [one 2/2] RUN c\n"
    )
    assert (log.done, log.all_steps) == (2, 5)


@pytest.mark.parametrize(
    ("text", "image", "outcome"),
    [
        (
            f"{METADATA}ERROR: failed to solve: rpc error: code = Unknown desc = {FRONTEND}dial tcp: refused\n",
            "localhost:1/no:1",
            "dial tcp: refused",
        ),
        (
            "ERROR: failed to solve: a:1: failed to resolve source metadata for docker.io/library/a:1: not found\n",
            None,
            "not found",
        ),
        (
            f"{FRONTEND}dockerfile parse error line 8: unknown instruction: ECHO\n",
            None,
            "dockerfile parse error line 8: unknown instruction: ECHO",
        ),
    ],
)
def test_what_fails_before_a_step(text: str, image: str | None, outcome: str) -> None:
    log, _ = read(text)
    assert (log.failed_image, log.has_failed_step, log.outcome()) == (image, False, outcome)


def test_a_step_cannot_forge_the_end() -> None:
    lies = "".join(f"#4 0.1 {line}\n" for line in ("------", " > [1/2] FROM evil:", "#9 ERROR: lie", "ERROR: lie"))
    log, _ = read(f"#3 [1/2] FROM evil\n#4 [2/2] RUN true\n{lies}------\n > [2/2] RUN true:\n------\nERROR: so it is\n")
    assert log.step == "step 2/2 (RUN true)"
    assert log.outcome() == "so it is"


def test_hostile_lines_are_cut_and_cleaned() -> None:
    log, shown = read("#4 [2/2] RUN x\n#4 0.1 \x1b[2J\x1b]0;title\x07a\rb\u202e" + "x" * 9000 + "\n")
    assert log.lines[0] == "a"
    assert len(log.lines[1]) == 500
    assert all(line.isprintable() for line in shown)


def test_neither_steps_nor_lines_grow_for_ever() -> None:
    log, _ = read("".join(f"#{n} [1/2] RUN {n}\n" for n in range(2000)) + "#1 0.1 x\n" * 2000)
    assert len(log.steps) == 500
    assert len(log.steps["1"].lines) == 40


def test_secrets_are_hidden_wherever_they_are_printed() -> None:
    text = "#4 [2/2] RUN hunter22\n#4 0.1 it is hunter22\n------\n > [2/2] RUN hunter22:\n------\nfailed: hunter22\n"
    log, shown = read(text, "hunter22")
    assert log.has_failed_step
    assert "hunter22" not in "".join([*shown, *log.lines, log.step, log.outcome()])
    assert "it is ***" in log.evidence
