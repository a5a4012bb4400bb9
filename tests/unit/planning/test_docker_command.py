import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.launch import LaunchProfile, LaunchSpec, VolumeMount
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.planning.docker_command import docker_run_arguments, docker_run_command
from hf_spaces_runner.planning.launch_policy import plan_launch
from tests.unit.planning.samples import IDENTITY, LAUNCH_DEFAULTS, SPACE

SPEC = LaunchSpec(image="app:v1", name="x")
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


def following(words: list[str], flag: str) -> list[str]:
    return [words[index + 1] for index, word in enumerate(words) if word == flag]


@given(VALUES, st.lists(VALUES, max_size=3).map(tuple))
def test_the_line_reads_back_as_the_same_words_whatever_they_hold(value: str, command: tuple[str, ...]) -> None:
    spec = LaunchSpec(image="app:v1", name="x", environment={"A": value}, labels={"l": value}, command=command)
    words = shlex.split(docker_run_command(spec))
    assert words == docker_run_arguments(spec)
    image = words.index("app:v1")
    assert following(words[:image], "--env") == [f"A={value}"]
    assert words[image + 1 :] == list(command)


@given(st.text(min_size=4))
def test_a_secret_stands_in_it_by_name_only(value: str) -> None:
    plain = docker_run_command(LaunchSpec(image="app:v1", name="x", environment={"TOKEN": Secret("")}))
    assert docker_run_command(LaunchSpec(image="app:v1", name="x", environment={"TOKEN": Secret(value)})) == plain
    assert "--env TOKEN --" in plain


def test_it_says_all_of_the_security_model() -> None:
    words = docker_run_arguments(plan_launch(SPACE, Request(space="clip"), LAUNCH_DEFAULTS, IDENTITY))
    for flag, value in {
        "--publish": "127.0.0.1::7860",
        "--network": "hf-spaces-runner-open",
        "--cap-drop": "ALL",
        "--security-opt": "no-new-privileges",
        "--memory": "2147483648",
        "--memory-swap": "2147483648",
        "--pids-limit": "512",
        "--ulimit": "core=1:1",
        "--add-host": "api.gradio.app:127.0.0.1",
        "--platform": "linux/amd64",
    }.items():
        assert following(words, flag) == [value]
    assert "--init" in words
    assert "--no-healthcheck" in words
    assert following(words, "--log-opt") == ["max-size=10485760", "max-file=1"]
    assert not set(words) & {"--privileged", "--gpus", "--cpus", "--read-only", "--cap-add", "--dns", "--rm"}


@pytest.mark.parametrize(
    ("cpus", "written"),
    [
        (1.0, "1"),
        (0.5, "0.5"),
        (10.0, "10"),
        (1.2345678, "1.2345678"),
        (0.01, "0.01"),
        (1 / 3, "0.333333333"),
        (100.0, "100"),
    ],
)
def test_processors_are_written_with_all_digits_that_the_engine_counts(cpus: float, written: str) -> None:
    assert following(docker_run_arguments(LaunchSpec(image="a", name="x", cpus=cpus)), "--cpus") == [written]


@given(st.floats(min_value=0.01, max_value=512))
def test_processors_on_the_line_are_those_of_the_engine(cpus: float) -> None:
    (written,) = following(docker_run_arguments(LaunchSpec(image="a", name="x", cpus=cpus)), "--cpus")
    assert re.fullmatch(r"\d+(\.\d{1,9})?", written)
    assert round(float(written) * 1e9) == round(cpus * 1e9)


def test_what_is_asked_for_beyond_is_on_it() -> None:
    spec = LaunchSpec(
        image="a",
        name="x",
        host_port=8080,
        cap_add=("SYS_NICE", "NET_RAW"),
        gpus="all",
        read_only=True,
        tmpfs={"/scratch": "rw,mode=1777"},
        volumes=(VolumeMount(name="cache", target="/c", open_directory="d"),),
    )
    words = docker_run_arguments(spec)
    assert following(words, "--publish") == ["127.0.0.1:8080:7860"]
    assert following(words, "--cap-add") == ["SYS_NICE", "NET_RAW"]
    assert following(words, "--gpus") == ["all"]
    assert following(words, "--tmpfs") == ["/scratch:rw,mode=1777"]
    assert following(words, "--volume") == ["cache:/c"]
    assert "--read-only" in words
    assert docker_run_arguments(SPEC)[-1] == "app:v1"


def test_the_direct_profile_is_on_the_line_with_all_that_makes_it() -> None:
    spec = plan_launch(SPACE, Request(space="clip"), LAUNCH_DEFAULTS, IDENTITY, profile=LaunchProfile.DIRECT)
    words = docker_run_arguments(spec)
    assert following(words, "--add-host") == ["api.gradio.app:127.0.0.1", "cdn-media.huggingface.co:127.0.0.1"]
    assert "SYSTEM=" in following(words, "--env")
    assert not [word for word in words if word.startswith("SPACE_ID=")]
    assert "hf-spaces-runner.profile=direct" in following(words, "--label")
