import pytest

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.errors import EngineUnavailableError, Evidence
from hf_spaces_runner.orchestrator.evidence import EVIDENCE_LINES, ended_for_memory, take_evidence
from tests.fakes.engine import FakeContainer, Program, started_container


def log_of(log: str) -> str:
    return take_evidence(started_container(Program(log=log))).log


def exited(code: int, *, oom_killed: bool = False) -> ContainerState:
    return ContainerState(status=ContainerStatus.EXITED, exit_code=code, oom_killed=oom_killed)


def test_it_has_the_last_lines_of_the_log() -> None:
    log = log_of("".join(f"line {number}\n" for number in range(1000)))
    assert log.splitlines() == [f"line {number}" for number in range(1000 - EVIDENCE_LINES, 1000)]


def test_lines_are_safe_for_a_terminal_and_of_a_length_to_read() -> None:
    log = log_of("\x1b[31mred\x1b[0m\nprogress 1%\rprogress 2%\n" + "x" * 10_000_000 + "\n")
    assert "\x1b" not in log
    assert max(len(line) for line in log.splitlines()) == 400
    assert "red" in log


def test_hostile_lines_take_no_time() -> None:
    assert log_of(("\x90" * 200_000 + "\x1bx\n") * 3) == log_of("\n\n\n")


def test_it_says_how_the_container_ended() -> None:
    container = started_container(Program(log="eating\n", state=exited(137, oom_killed=True)))
    assert take_evidence(container, peak_bytes=7) == Evidence(
        log="eating", exit_code=137, oom_killed=True, peak_memory_bytes=7
    )


def test_of_one_that_runs_it_says_the_peak_and_whether_a_child_ran_out_of_memory() -> None:
    taken = take_evidence(started_container(Program(log="x", oom=True)), peak_bytes=5)
    assert taken == Evidence(log="x", exit_code=None, oom_killed=True, peak_memory_bytes=2 * 1024**2)


def test_the_log_can_be_left_out() -> None:
    assert take_evidence(started_container(Program(log="what was said")), with_log=False).log == ""


def test_without_an_engine_there_is_none() -> None:
    container = started_container(Program())

    def gone(*_: object) -> str:
        raise EngineUnavailableError("it is gone")

    container.logs = container.state = gone  # type: ignore[method-assign, assignment]
    assert take_evidence(container) == Evidence()
    assert log_of("") == ""


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (exited(137, oom_killed=True), True),
        (exited(1, oom_killed=True), True),
        (exited(0, oom_killed=True), False),
        (exited(137), False),
        (ContainerState(status=ContainerStatus.RUNNING, oom_killed=True), False),
    ],
)
def test_memory_ended_it_where_it_did_not_go_on(state: ContainerState, *, expected: bool) -> None:
    assert ended_for_memory(state) is expected


def test_a_container_that_is_gone_leaves_what_was_seen() -> None:
    container: FakeContainer = started_container(Program(log="x"))
    container.engine.remove(container.id)
    assert take_evidence(container, peak_bytes=3) == Evidence(peak_memory_bytes=3)
