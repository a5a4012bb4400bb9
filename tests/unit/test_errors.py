"""The error table of the design: each class with its exit code, and what the fallback does after it."""

import inspect
import pickle
import re

import pytest

from hf_spaces_runner import errors
from hf_spaces_runner.errors import Evidence, RunnerError, TryNext

TABLE = """
| error                        | exit | next candidate    | verdict              | hint |
|------------------------------|------|-------------------|----------------------|------|
| RunnerError                  | 1    | no                | failed               | no   |
| UsageError                   | 2    | no                | usage                | yes  |
| ConfigurationError           | 2    | no                | configuration        | yes  |
| RegistryError                | 3    | no                | registry             | yes  |
| UnknownSpaceError            | 3    | no                | unknown_space        | yes  |
| InvalidRegistryError         | 3    | no                | invalid_registry     | yes  |
| HubError                     | 3    | no                | hub                  | yes  |
| EngineUnavailableError       | 4    | local models only | engine_unavailable   | yes  |
| SlotTimeoutError             | 5    | no                | no_slot              | yes  |
| PolicyError                  | 6    | no                | policy               | no   |
| ImageError                   | 10   | yes               | image                | no   |
| ImageNotFoundError           | 10   | yes               | image_not_found      | yes  |
| ImageUnauthorizedError       | 10   | yes               | unauthorized         | yes  |
| ImageRegistryUnreachableError| 10   | yes               | registry_unreachable | yes  |
| NoSpaceLeftError             | 10   | yes               | disk_full            | yes  |
| WrongArchitectureError       | 10   | yes               | wrong_architecture   | yes  |
| BuildError                   | 10   | yes               | build_failed         | yes  |
| LaunchError                  | 11   | yes               | launch               | no   |
| PortTakenError               | 11   | yes               | port_taken           | yes  |
| MemoryExceededError          | 11   | yes               | out_of_memory        | yes  |
| DiskReserveError             | 11   | yes               | disk_reserve         | yes  |
| NotReadyError                | 12   | yes               | not_ready            | no   |
| ContainerExitedError         | 12   | yes               | exited_at_start      | yes  |
| ListensElsewhereError        | 12   | yes               | wrong_port           | yes  |
| StartupTimeoutError          | 12   | yes               | startup_timeout      | yes  |
| CallError                    | 13   | yes               | call                 | no   |
| SpaceFailedError             | 13   | yes               | space_error          | no   |
| CallTimeoutError             | 13   | yes               | call_timeout         | yes  |
| NoEndpointError              | 13   | yes               | no_endpoint          | yes  |
| InvalidInputError            | 13   | no                | invalid_input        | no   |
| AnswerError                  | 14   | yes               | unusable_answer      | no   |
| AllCandidatesFailedError     | 20   | no                | all_failed           | no   |
"""
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.strip().splitlines()[2:]]
CLASSES = {name: value for name, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, RunnerError)}


def test_the_table_names_every_class_once() -> None:
    assert sorted(row[0] for row in ROWS) == sorted(CLASSES)


@pytest.mark.parametrize(("name", "exit_code", "try_next", "verdict", "hint"), ROWS, ids=[row[0] for row in ROWS])
def test_a_class_ends_as_the_table_says(name: str, exit_code: str, try_next: str, verdict: str, hint: str) -> None:
    error = CLASSES[name]("it failed")
    assert error.exit_code == int(exit_code)
    assert error.try_next is TryNext(try_next)
    assert error.verdict == verdict
    assert bool(error.hint) == (hint == "yes")


def test_verdicts_tell_the_classes_apart() -> None:
    verdicts = [row[3] for row in ROWS]
    assert len(set(verdicts)) == len(verdicts)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", verdict) for verdict in verdicts)


def test_the_tree_on_top_of_the_module_names_every_class_and_exit_code() -> None:
    tree = inspect.getdoc(errors) or ""
    for name, exit_code, *_ in ROWS:
        assert name in tree
        assert re.search(rf"\b{exit_code}\b", tree)


@pytest.mark.parametrize("error", CLASSES.values(), ids=CLASSES)
def test_an_error_shows_its_message_and_carries_what_its_raiser_gave(error: type[RunnerError]) -> None:
    raised = error("it failed", hint="do this", verdict="another", evidence=Evidence(log="last line"))
    assert str(raised) == raised.message == "it failed"
    assert (raised.hint, raised.verdict, raised.evidence) == ("do this", "another", Evidence(log="last line"))
    assert error("it failed", hint="").hint == ""
    assert error("it failed").evidence is None
    again = pickle.loads(pickle.dumps(raised))  # noqa: S301 - what was written a word before
    assert (type(again), again.message, again.hint, again.evidence) == (
        error,
        "it failed",
        "do this",
        Evidence(log="last line"),
    )
