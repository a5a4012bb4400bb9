"""One call to a Space that is ready, over a conversation of its own."""

from pathlib import Path

from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import ProgressCallback, ignore_progress


def call_once(
    caller: Caller,
    base_url: str,
    call: Call,
    scratch: Path,
    deadline: Deadline,
    on_progress: ProgressCallback = ignore_progress,
    login: Login | None = None,
) -> Answer:
    """Return what the Space at `base_url` answers to `call`."""
    with caller.open(base_url, deadline, login=login) as session:
        return session.call(call, scratch, deadline, on_progress)
