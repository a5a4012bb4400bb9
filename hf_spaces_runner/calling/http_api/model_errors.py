"""Puts what failed at a model server into words that fit: there is no Space, and no container with a log."""

from collections.abc import Iterator
from contextlib import contextmanager

from hf_spaces_runner.errors import AnswerError, CallError, InvalidInputError, NoEndpointError, SpaceFailedError

_LOG = "look at the log of its server: it may have run out of memory"
_HINTS = {
    "connection_lost": _LOG,
    "login_needed": "start the server without a key: none is sent to it",
    "no_endpoint": "is that a model server? Correct its address, or the model's name",
    "refused": "the server has more to say in its log",
    "space_error": _LOG,
    "space_error_hidden": _LOG,
}


@contextmanager
def model_errors(name: str, base_url: str) -> Iterator[None]:
    """Say in each error of the block which model failed, and where; it stays of its class.

    Raises:
        CallError: as the block does.
        AnswerError: likewise.
    """
    try:
        yield
    except InvalidInputError:
        raise  # is about what the user gave
    except (CallError, AnswerError) as error:
        # The words for Spaces stand in many places, each of which would have to know whom it talks to.
        said = error.message.replace("the Space's", "the server's").replace("the Space", "the server")
        error.message = f"the model {name} at {base_url}: {said}"
        error.hint = _HINTS.get(error.verdict, error.hint)
        if isinstance(error, SpaceFailedError):
            error.verdict = "model_error"
        elif isinstance(error, NoEndpointError):
            error.verdict = "no_model"
        raise
