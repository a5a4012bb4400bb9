"""Turns what huggingface_hub's InferenceClient raises, and the HTTP library below it, into ours: the seam to them."""

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    InferenceTimeoutError,
    OfflineModeIsEnabled,
    OverloadedError,
    TextGenerationError,
)

from hf_spaces_runner.calling.http_errors import timeout_error
from hf_spaces_runner.cloud.refusals import PROVIDERS, connection_failure, refusal
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError, CallError, RunnerError, SpaceFailedError
from hf_spaces_runner.hub.http_library import httpx

TIMED_OUT, LOST, OFFLINE, OVERLOADED, FAILED, NAME, NONSENSE, CONFUSED = (
    "call_timeout",
    "connection_lost",
    "offline",
    "overloaded",
    "model_error",
    "no_model",
    "unusable_answer",
    "refused",
)
_HINTS = {
    LOST: "try again, or name another cloud_provider",
    OFFLINE: "unset HF_HUB_OFFLINE to have the cloud asked",
    OVERLOADED: "try again, or name another cloud_provider",
    FAILED: "try again, or name another cloud_provider",
    NAME: "correct cloud_model: the id of a model is user/name",
    CONFUSED: "correct cloud_model and cloud_provider",
}

BY_CLASS: tuple[tuple[type[Exception], str], ...] = (
    (InferenceTimeoutError, TIMED_OUT),
    (OverloadedError, OVERLOADED),
    (TextGenerationError, FAILED),
    (OfflineModeIsEnabled, OFFLINE),
    (HFValidationError, NAME),
    (httpx.TimeoutException, TIMED_OUT),
    (httpx.NetworkError, LOST),
    (httpx.ProxyError, LOST),
    (httpx.RemoteProtocolError, LOST),
    (httpx.LocalProtocolError, CONFUSED),
    (httpx.UnsupportedProtocol, CONFUSED),
    (httpx.InvalidURL, CONFUSED),
    (httpx.DecodingError, NONSENSE),
    (httpx.TooManyRedirects, NONSENSE),
)
"""What each class means by itself; an answer with a status is told by that, see `refusals`."""

NONSENSE_ERRORS = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
"""What the library stumbles over an answer with that is not the router's: it reads events unchecked."""

_ALL = tuple(kind for kind, _ in BY_CLASS) + NONSENSE_ERRORS


@contextmanager
def provider_errors(who: str, deadline: Deadline) -> Iterator[None]:
    """Raise what the library raises in the block as an error of ours. Keep the block small: it hides bugs as well.

    Args:
        who: who was asked, for people.
        deadline: after it, whatever failed is a timeout.

    Raises:
        CallTimeoutError: the deadline passed.
        CallError: the router refuses, the model failed, or the connection did.
        AnswerError: the answer is not the router's.
    """
    try:
        yield
    except RunnerError:
        raise
    except HfHubHTTPError as error:
        said = one_line(getattr(error, "server_message", None) or "")
        raise refusal(error.response.status_code, said, who, PROVIDERS) from error
    except _ALL as error:
        raise _of_class(error, who, deadline) from error


def _of_class(error: Exception, who: str, deadline: Deadline) -> CallError | AnswerError:
    verdict = next((verdict for kind, verdict in BY_CLASS if isinstance(error, kind)), NONSENSE)
    if verdict == TIMED_OUT or (verdict == LOST and deadline.passed):  # the watch cut the connection
        return timeout_error(who, deadline)
    if verdict == NONSENSE:
        return AnswerError(f"{who} answered what is not a chat completion: {type(error).__name__}")
    failure = connection_failure(error, who) if verdict == LOST else None
    if failure is not None:
        return failure
    said = one_line(str(error)) or type(error).__name__
    kind: type[CallError] = SpaceFailedError if verdict == FAILED else CallError
    return kind(f"{who} failed: {said}", verdict=verdict, hint=_HINTS[verdict])
