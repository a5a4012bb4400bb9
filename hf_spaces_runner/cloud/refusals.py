"""Turns an answer of the cloud that is not one of success, and a connection that fails, into our error: one table."""

import errno
import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, NoEndpointError, SpaceFailedError

_TOKENS = "https://huggingface.co/settings/tokens"
_BILLING = "https://huggingface.co/settings/billing"
CA_HINT = "name your network's CA certificates with the setting ca_bundle"
_CUT = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
UNREACHABLE_HINT = "check the network; without the cloud: --tier heavy, or unset cloud_spaces and cloud_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a status means: the class of the error, its verdict, what it is in words, and what to do about it."""

    kind: type[CallError]
    verdict: str
    words: str
    hint: str


_TOO_MANY = Refusal(
    kind=CallError,
    verdict="rate_limited",
    words="it takes no more requests of yours for now",
    hint="wait a while, or give a token with --secret HF_TOKEN: strangers may ask less often",
)
_TOO_LARGE = Refusal(
    kind=CallError, verdict="too_large", words="what was sent is too large for it", hint="send a shorter or smaller one"
)
_GATE = Refusal(
    kind=CallTimeoutError,
    verdict="call_timeout",
    words="who answers for it gave up the wait",
    hint="try again, or send less at once",
)

SPACES: dict[int, Refusal] = {
    HTTPStatus.UNAUTHORIZED: Refusal(
        kind=CallError,
        verdict="token_refused",
        words="it is private, or wants a login",
        hint=f"give a token that may read it with --secret HF_TOKEN ({_TOKENS})",
    ),
    HTTPStatus.PAYMENT_REQUIRED: Refusal(
        kind=CallError,
        verdict="no_credits",
        words="it wants to be paid, and your credits are used up",
        hint=f"{_BILLING} shows your credits",
    ),
    HTTPStatus.FORBIDDEN: Refusal(
        kind=CallError,
        verdict="forbidden",
        words="it does not let you in",
        hint=f"give a token that may read it with --secret HF_TOKEN ({_TOKENS})",
    ),
    HTTPStatus.NOT_FOUND: Refusal(
        kind=NoEndpointError,
        verdict="remote_absent",
        words="there is no such Space, or none for you",
        hint="open its address in a browser; correct cloud_spaces, or give a token with --secret HF_TOKEN",
    ),
    HTTPStatus.REQUEST_TIMEOUT: _GATE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS: _TOO_MANY,
    HTTPStatus.SERVICE_UNAVAILABLE: Refusal(
        kind=CallError,
        verdict="remote_asleep",
        words="it sleeps, starts or is too busy",
        hint="it may be waking up now: try again in a minute, or look at its address in a browser",
    ),
    HTTPStatus.GATEWAY_TIMEOUT: _GATE,
}
"""What a remote Space, or the Hub's gate before it, means by a status."""

PROVIDERS: dict[int, Refusal] = {
    HTTPStatus.BAD_REQUEST: Refusal(
        kind=CallError,
        verdict="refused",
        words="it does not take this",
        hint="is the model one that chats, and does the provider have it? Correct cloud_model or cloud_provider",
    ),
    HTTPStatus.UNAUTHORIZED: Refusal(
        kind=CallError,
        verdict="token_refused",
        words="the token is wrong, or no longer valid",
        hint=f"make a new one at {_TOKENS}, export it as HF_TOKEN, and give it with --secret HF_TOKEN",
    ),
    HTTPStatus.PAYMENT_REQUIRED: Refusal(
        kind=CallError,
        verdict="no_credits",
        words="your credits for inference providers are used up",
        hint=f"{_BILLING} shows them; a model on this machine costs nothing: --tier fast",
    ),
    HTTPStatus.FORBIDDEN: Refusal(
        kind=CallError,
        verdict="forbidden",
        words="the token may not ask inference providers, or not for this model",
        hint=f"give it the permission to make calls to inference providers at {_TOKENS}",
    ),
    HTTPStatus.NOT_FOUND: Refusal(
        kind=NoEndpointError,
        verdict="no_model",
        words="it has no such model",
        hint="correct cloud_model: https://huggingface.co/models?inference_provider=all lists those that are there",
    ),
    HTTPStatus.REQUEST_TIMEOUT: _GATE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY: Refusal(
        kind=CallError,
        verdict="refused",
        words="it does not take this",
        hint="the prompt may be too long for the model",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: Refusal(
        kind=CallError,
        verdict="rate_limited",
        words=_TOO_MANY.words,
        hint="wait a while, or name another cloud_provider",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: Refusal(
        kind=CallError,
        verdict="overloaded",
        words="the provider is overloaded, or still loads the model",
        hint="try again, or name another cloud_provider",
    ),
    HTTPStatus.GATEWAY_TIMEOUT: _GATE,
}
"""What the router of the Hub's inference providers means by a status (docs: inference-providers)."""


def refusal(status: int, said: str, who: str, table: dict[int, Refusal]) -> CallError | AnswerError:
    """Return the error for an answer with `status`, which is not one of success.

    Args:
        status: of HTTP.
        said: what the server says of it; empty where it says nothing.
        who: who answered, for people.
        table: what that one means by a status.
    """
    told = f"{status}: {one_line(said)}" if said else f"{status}"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return AnswerError(f"{who} leads elsewhere ({told}), which is not followed", verdict="redirect")
    meant = table.get(status)
    if meant is not None:
        return meant.kind(f"{who}: {meant.words} ({told})", verdict=meant.verdict, hint=meant.hint)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return SpaceFailedError(f"{who} failed ({told})", verdict="remote_failed", hint="try again later")
    return CallError(f"{who} refused ({told})", verdict="refused", hint="it says no more than that")


def connection_failure(error: BaseException, who: str) -> CallError | None:
    """Return the error for a connection that was never there, by what lies below `error`; None for other failures."""
    below = _innermost(error)
    if isinstance(below, ssl.SSLError) and not isinstance(below, _CUT):
        why = getattr(below, "verify_message", None) or below.reason or "no TLS"
        return CallError(f"{who}: no trusted connection: {one_line(str(why))}", verdict="untrusted", hint=CA_HINT)
    if isinstance(below, socket.gaierror | ConnectionRefusedError) or getattr(below, "errno", None) in _NO_WAY:
        why = getattr(below, "strerror", None) or type(below).__name__
        return CallError(f"{who} cannot be reached: {one_line(why)}", verdict="unreachable", hint=UNREACHABLE_HINT)
    return None


def _innermost(error: BaseException) -> BaseException:
    seen = error
    while (below := seen.__cause__ or seen.__context__) is not None:
        seen = below
    return seen
