"""What needs BuildKit and which engine's, which secrets a Dockerfile mounts, and that its frontend is never run."""

from pathlib import Path

import pytest

from hf_spaces_runner.domain.image import BuildkitNeed
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.planning.build_buildkit import (
    given_secrets,
    missing_secrets,
    needs_of,
    secret_mounts,
    without_frontend,
)
from hf_spaces_runner.planning.dockerfile import read_dockerfile

PATH = Path("/s/Dockerfile")


@pytest.mark.parametrize(
    ("step", "what", "engine"),
    [
        (" RUN --mount=type=secret,id=T cat /run/secrets/T\n", "RUN --mount", 20),
        ("RUN --network=none \\\n x\n", "RUN --network", 23),
        ("COPY --chown=1 --chmod=755 x y\n", "COPY --chmod", 20),
        ("COPY --link x y\n", "COPY --link", 23),
        ("ADD --checksum=sha256:1 x y\n", "ADD --checksum", 25),
        ("RUN <<EOF\nx\nEOF\n", "RUN <<EOF, a heredoc,", 23),
        ("COPY <<'E' /x\nx\nE\n", "COPY <<E, a heredoc,", 23),
    ],
)
def test_a_step_that_needs_buildkit_is_named(step: str, what: str, engine: int) -> None:
    (need,) = needs_of(read_dockerfile(f"FROM a\n{step}"), PATH)
    column = len(step) - len(step.lstrip()) + 1
    assert need == BuildkitNeed(place=f"/s/Dockerfile:2:{column}", what=what, engine=engine)


@pytest.mark.parametrize(
    "step", ["RUN echo --mount=type=secret", "COPY --from=a --chown=1 x y", "RUN cat <<EOF", "USER a"]
)
def test_other_steps_do_not(step: str) -> None:
    assert needs_of(read_dockerfile(f"FROM a\n{step}\n"), PATH) == ()


def test_what_stands_in_a_heredoc_is_no_instruction() -> None:
    read = read_dockerfile("FROM a\nRUN <<A cat - <<-B\nFROM evil\nA\nUSER root\n\tB\nUSER app\n")
    assert [instruction.keyword for instruction in read.instructions] == ["FROM", "RUN", "USER"]
    assert (len(read.stages), read.stages[0].user) == (1, "app")


@pytest.mark.parametrize(
    ("options", "name", "required"),
    [
        ("type=secret,id=T", "T", False),
        ("id=T,type=secret,required=true", "T", True),
        ("type=secret,id=T,required", "T", True),
        ("type=secret,id=T,mode=0444,required=false", "T", False),
        ("type=secret,target=/root/.netrc", ".netrc", False),
        ("type=secret,id=T,env=X", "T", False),
        ("'type=secret,id=T'", "T", False),
    ],
)
def test_the_secrets_that_a_step_mounts(options: str, name: str, required: bool) -> None:
    (mount,) = secret_mounts(read_dockerfile(f"FROM a\nRUN --mount={options} \\\n x\n"), PATH)
    assert (mount.name, mount.required, mount.place) == (name, required, "/s/Dockerfile:2:1")


def test_a_step_gets_the_secrets_that_are_mounted_and_no_others() -> None:
    step = "RUN --mount=type=secret,id=A --mount=type=cache,id=C,target=/c \\\n  --mount=type=secret,id=B,required x\n"
    mounts = secret_mounts(read_dockerfile(f"FROM a\n{step}"), PATH)
    given = {"A": Secret("a"), "C": Secret("c"), "D": Secret("d")}
    assert given_secrets(mounts, given) == {"A": Secret("a")}
    assert missing_secrets(mounts, given) == ("B",)
    assert missing_secrets(mounts, {"B": Secret("b")}) == ()


@pytest.mark.parametrize(
    "first",
    [
        "# syntax=evil/frontend\n",
        "#syntax = docker/dockerfile:1\r\n",
        "# check=skip=all\n# Syntax=x\n",
        "\ufeff# syntax=x\n",
    ],
)
def test_no_frontend_is_run(first: str) -> None:
    lines = without_frontend(f"{first}FROM a\nRUN x\n").splitlines()
    assert lines == ["# Read by the engine itself", "FROM a", "RUN x"]


def test_nothing_that_follows_is_a_directive() -> None:
    text = "// syntax=evil\n# syntax=evil\nFROM a\n"
    assert without_frontend(text).splitlines()[0] == "# Read by the engine itself"


def test_what_continues_a_line_stays() -> None:
    text = without_frontend("# syntax=evil\n# escape=`\nFROM a\nRUN x `\n y\n")
    assert text.splitlines()[:3] == ["# escape=`", "# Read by the engine itself", "FROM a"]
    assert read_dockerfile(text).instructions[1].text == "x  y"
