"""Reading Dockerfiles: lines that go on, directives, stages and the users that they run as, arguments, heredocs."""

import pytest

from hf_spaces_runner.planning.dockerfile import is_built_on_argument, read_dockerfile


def test_instructions_with_their_places() -> None:
    text = "# a comment\n\nFROM debian:12\n  run apt-get \\\n# between\n\n  update\nCMD x\n"
    read = read_dockerfile(text)
    assert [(found.keyword, found.text, found.line, found.last_line, found.column) for found in read.instructions] == [
        ("FROM", "debian:12", 3, 3, 1),
        ("RUN", "apt-get   update", 4, 7, 3),
        ("CMD", "x", 8, 8, 1),
    ]
    assert not read.ends_inside


def test_flags() -> None:
    (copy, run) = read_dockerfile("COPY --from=a --link --chown=1:1 x y\nRUN echo --mount\n").instructions
    assert (copy.flags, copy.text) == ({"--from": "a", "--link": "", "--chown": "1:1"}, "x y")
    assert (run.flags, run.text) == ({}, "echo --mount")


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("FROM x\nRUN a \\", True),
        ("FROM x\nRUN a \\\n# b", True),
        ("FROM x\nRUN a\\ ", True),
        ("FROM x\nRUN a \\\nb", False),
        ("# escape=`\nFROM x\nRUN a \\", False),
        ("# escape=`\nFROM x\nRUN a `", True),
        ("# a comment\n# escape=`\nFROM x\nRUN a `", False),
    ],
)
def test_a_text_that_ends_inside_an_instruction(text: str, inside: bool) -> None:
    assert read_dockerfile(text).ends_inside is inside


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("FROM a\n", [None]),
        ("FROM a\nUSER root\nUSER app\n", ["app"]),
        ("FROM a AS One\nUSER app\nFROM b\n", ["app", None]),
        ("FROM a AS One\nUSER app\nFROM one\n", ["app", "app"]),
        ("FROM a as one\nUSER app\nFROM one\nuser 0\n", ["app", "0"]),
        ("FROM a\nRUN x \\\nUSER app\n", [None]),
        ("FROM a\n# USER app\n", [None]),
    ],
)
def test_who_a_stage_runs_as(text: str, users: list[str | None]) -> None:
    assert [stage.user for stage in read_dockerfile(text).stages] == users


def test_images_of_stages() -> None:
    text = "FROM --platform=linux/amd64 node:20 AS web\nFROM scratch\nFROM WEB\nFROM debian\n"
    stages = read_dockerfile(text).stages
    assert [(stage.image, stage.is_external) for stage in stages] == [
        ("node:20", True),
        ("scratch", False),
        ("WEB", False),
        ("debian", True),
    ]


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("ARG V=3.11\nFROM python:$V\n", "python:3.11"),
        ('ARG V="3.11"\nARG I=python:${V}-slim\nFROM ${I}\n', "python:3.11-slim"),
        ("ARG V\nFROM python:${V:-3.12}\n", "python:3.12"),
        ("ARG V=1\nFROM python${V:+:$V}\n", "python:1"),
        ("ARG V\nFROM $V\n", ""),
        ("FROM $V\nARG V=x\n", ""),
        ("ARG BASE=a\nFROM ${BASE}\n", "given"),
        ("FROM\n", ""),
    ],
)
def test_arguments_in_the_name_of_an_image(text: str, image: str) -> None:
    assert read_dockerfile(text, {"BASE": "given"}).stages[0].image == image


@pytest.mark.parametrize(
    ("text", "so"),
    [
        ("ARG BASE=a\nFROM ${BASE}\n", True),
        ("ARG BASE\nFROM $BASE AS x\n", True),
        ("ARG BASE=a\nFROM --platform=linux/amd64 ${BASE:-b}\n", True),
        ("ARG BASE=a\nFROM node\nFROM ${BASE}\n", True),
        ("ARG BASE=a\nFROM python\n", False),
        ("ARG BASE=3.11\nFROM python:${BASE}\n", False),
        ("ARG BASE=a\nFROM ${BASE}-slim\n", False),
        ("FROM ${BASE}\nARG BASE=a\n", False),
        ("ARG BASED=a\nFROM ${BASED}\n", False),
    ],
)
def test_whether_an_argument_is_the_image(text: str, so: bool) -> None:
    assert is_built_on_argument(read_dockerfile(text), "BASE") is so


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("RUN <<EOF\napt-get update\nEOF\n", "EOF"),
        ("RUN python3 <<'END' > /x\nprint()\nEND\n", "END"),
        ('COPY <<-"A" /x\n\thello\n\tA\n', "A"),
        ("RUN echo $((1<<EOF))\nRUN x\n", None),
        ("RUN cat <<EOF\nRUN x\n", None),
        ("RUN cat <<< EOF\nEOF\n", None),
    ],
)
def test_heredocs(text: str, end: str | None) -> None:
    read = read_dockerfile(text)
    assert read.heredoc(read.instructions[0]) == end


def test_carriage_returns_and_a_byte_order_mark() -> None:
    read = read_dockerfile("\ufeffFROM a\r\nRUN b \\\r\n c\r\n")
    assert [(found.keyword, found.text) for found in read.instructions] == [("FROM", "a"), ("RUN", "b  c")]


def test_a_small_file_is_read_in_little_time_and_memory() -> None:
    grows = "".join(f"ARG A{number + 1}=$A{number}$A{number}\n" for number in range(200))
    (stage,) = read_dockerfile(f"ARG A0=xxxxxxxxxx\n{grows}FROM $A200\n").stages
    assert set(stage.image) == {"x"}
    assert len(stage.image) < 10_000
    assert not read_dockerfile("FROM " + "${A:-" * 200_000).ends_inside
