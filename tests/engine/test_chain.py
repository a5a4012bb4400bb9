"""Each cause of a failure as that of the first Space: the next one answers, or all attempts are listed."""

from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tests.engine.command_line import Ended, hfsr
from tests.engine.images import script_image
from tests.engine.test_verdicts import FAILING, Failing, image_of

__all__ = ["image_of"]  # a fixture

pytestmark = pytest.mark.engine

ECHO = Path(__file__).with_name("echo_space.py")
BROKEN = "raise SystemExit('no')"
CLOSED = "127.0.0.1:1/hfsr-test/none:latest"


@pytest.fixture(scope="module")
def echo(docker_client: docker.DockerClient, base_image: str) -> str:
    """Return the image of a Space that answers."""
    return script_image(docker_client, "chain-echo", ECHO.read_text(encoding="utf-8"), base=base_image)


@pytest.fixture(scope="module")
def broken(docker_client: docker.DockerClient, base_image: str) -> str:
    """Return the image of a Space that ends at once."""
    return script_image(docker_client, "chain-broken", BROKEN, base=base_image)


def run(image: str, directory: Path, *options: str, environment: dict[str, str] | None = None) -> Ended:
    return hfsr(
        *("run", "hello", "--hf-space", image, "--pull", "never", "--json", *options),
        directory=directory,
        environment=environment,
    )


@pytest.mark.parametrize("failing", FAILING, ids=lambda failing: failing.name)
def test_whatever_the_first_fails_of_the_next_answers(
    failing: Failing, image_of: Callable[[Failing], str], echo: str, tmp_path: Path
) -> None:
    options = [*failing.options, "--fallback", echo]
    ended = run(image_of(failing), tmp_path, *options, environment=dict(failing.environment))
    assert ended.exit_code == 0, ended.stderr
    first, second = ended.json["attempts"]
    assert (first["status"], first["verdict"]) == ("failed", failing.verdict)
    assert first["hint"]
    assert (second["status"], second["error"]) == ("ok", None)
    assert ended.json["text"] == "hello"
    assert ended.json["space"] == second["name"] != first["name"]
    assert "Failed: " in ended.stderr


@pytest.mark.parametrize(
    ("image", "verdict"), [("localhost/hfsr-test/none:latest", "image_not_found"), (CLOSED, "image_not_found")]
)
def test_an_image_that_is_not_there_is_no_end(image: str, verdict: str, echo: str, tmp_path: Path) -> None:
    ended = run(image, tmp_path, "--fallback", echo)
    assert ended.exit_code == 0, ended.stderr
    assert [(one["status"], one["verdict"]) for one in ended.json["attempts"]] == [("failed", verdict), ("ok", None)]


def test_where_all_fail_all_are_listed(broken: str, tmp_path: Path) -> None:
    ended = run(broken, tmp_path, "--fallback", "localhost/hfsr-test/none:latest")
    assert (ended.exit_code, ended.json["verdict"]) == (20, "all_failed")
    assert [one["verdict"] for one in ended.json["attempts"]] == ["exited_at_start", "image_not_found"]
    assert ended.json["error"].count("\n") == 2


def test_without_a_fallback_the_failure_is_its_own(broken: str, tmp_path: Path) -> None:
    for options in ((), ("--no-fallback",), ("--fallback", "localhost/hfsr-test/none:latest", "--max-attempts", "1")):
        ended = run(broken, tmp_path, *options)
        assert (ended.exit_code, ended.json["verdict"]) == (12, "exited_at_start")


def test_what_was_meant_for_the_first_reaches_nobody_else(broken: str, tmp_path: Path, base_image: str) -> None:
    script = ECHO.read_text(encoding="utf-8").replace(
        "said = json.loads(body)", "said = os.environ.get('KEY', '-'), json.loads(body)"
    )
    assert "environ.get('KEY'" in script
    client = docker.from_env()
    tells = script_image(client, "chain-tells", script, base=base_image)
    client.close()
    ended = hfsr(
        *("run", "hello", "--hf-space", broken, "--pull", "never", "--json", "--fallback", tells, "--secret", "KEY"),
        directory=tmp_path,
        environment={"KEY": "hunter22"},
    )
    assert ended.exit_code == 0, ended.stderr
    assert "hunter22" not in ended.stdout + ended.stderr


def test_who_failed_three_times_rests(broken: str, echo: str, tmp_path: Path) -> None:
    for _ in range(3):
        assert run(broken, tmp_path, "--fallback", echo).json["attempts"][0]["status"] == "failed"
    rested = run(broken, tmp_path, "--fallback", echo).json["attempts"]
    assert [one["status"] for one in rested] == ["skipped", "ok"]
    assert "3 times in a row" in rested[0]["error"]
    alone = run(broken, tmp_path)
    assert alone.json["attempts"][0]["status"] == "failed"


def test_in_json_a_chain_that_was_given_wrongly_is_told(tmp_path: Path, echo: str) -> None:
    for options, said in (
        (("--fallback", "a,,b"), "empty name"),
        (("--fallback", "a", "--no-fallback"), "exclude"),
        (("--tier", "slow"), "slow"),
        (("--max-attempts", "0"), "0"),
    ):
        ended = run(echo, tmp_path, *options)
        assert (ended.exit_code, ended.json["verdict"]) == (2, "usage")
        assert said in ended.json["error"]
