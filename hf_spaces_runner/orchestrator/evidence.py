"""Takes from a container what shows the cause of a failure, before it is removed."""

from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.orchestrator.engine import Container

EVIDENCE_LINES = 40
_LINE_LENGTH = 400


def log_evidence(container: Container) -> str:
    """Return the last log lines of `container`, made safe to print; empty where the engine can no longer give them."""
    try:
        text = container.logs(EVIDENCE_LINES)
    except RunnerError:
        return ""
    # Cut first: a line may be as long as the log.
    return "\n".join(printable(line[: 4 * _LINE_LENGTH])[:_LINE_LENGTH] for line in text.splitlines()[-EVIDENCE_LINES:])


def last_words(log: str) -> str:
    """Return the last line of `log` that says something: for a Python program that died, the exception's."""
    return next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "")
