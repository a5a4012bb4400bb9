from hf_spaces_runner.errors import EngineUnavailableError
from hf_spaces_runner.orchestrator.evidence import EVIDENCE_LINES, last_words, log_evidence
from tests.fakes.engine import FakeContainer, Program


def container(log: str) -> FakeContainer:
    return FakeContainer(id="1", name="x", port=1, labels={}, volumes=frozenset(), program=Program(log=log))


def test_it_is_the_last_lines_of_the_log() -> None:
    evidence = log_evidence(container("".join(f"line {number}\n" for number in range(1000))))
    assert evidence.splitlines() == [f"line {number}" for number in range(1000 - EVIDENCE_LINES, 1000)]


def test_lines_are_safe_for_a_terminal_and_of_a_length_to_read() -> None:
    evidence = log_evidence(container("\x1b[31mred\x1b[0m\nprogress 1%\rprogress 2%\n" + "x" * 10_000_000 + "\n"))
    assert "\x1b" not in evidence
    assert max(len(line) for line in evidence.splitlines()) == 400
    assert "red" in evidence


def test_hostile_lines_take_no_time() -> None:
    assert log_evidence(container(("\x90" * 200_000 + "\x1bx\n") * 3)) == log_evidence(container("\n\n\n"))


def test_without_an_engine_there_is_none() -> None:
    class Lost(FakeContainer):
        def logs(self, lines: int) -> str:
            raise EngineUnavailableError(f"{lines} lines of {self.name} cannot be had")

    assert log_evidence(Lost(id="1", name="x", port=1, labels={}, volumes=frozenset(), program=Program())) == ""
    assert log_evidence(container("")) == ""


def test_the_last_words_are_the_last_line_that_says_something() -> None:
    log = "Traceback (most recent call last):\n  File\nValueError: no model\n\n   \n"
    assert last_words(log) == "ValueError: no model"
    assert last_words("") == last_words("\n \n") == ""
