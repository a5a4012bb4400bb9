"""Turns what a server like OpenAI's says of its own failure into our error."""

from hf_spaces_runner.calling.connection import Reply
from hf_spaces_runner.calling.http_api.exchange import failed
from hf_spaces_runner.calling.http_api.openai_endpoints import ENDPOINTS
from hf_spaces_runner.calling.server_words import server_words
from hf_spaces_runner.errors import CallError, NoEndpointError, SpaceFailedError

_ABSENT = frozenset({404, 405})
_SAYS_NOTHING = frozenset({"", "not found", "file not found", "method not allowed"})


def call_failed(reply: Reply, endpoint: str) -> CallError:
    """Return the error for `reply`, which ended a call to `endpoint`.

    A server says 404 for an endpoint that it does not have, and for a model, which it then names.
    """
    if reply.status in _ABSENT and reply.detail.rstrip(".").casefold() in _SAYS_NOTHING:
        others = " or ".join(other.name for other in ENDPOINTS if other.name != endpoint)
        return NoEndpointError(
            f"the Space has no {endpoint}: it answered {reply.status}",
            hint=f"name another one: --endpoint {others}",
        )
    return failed(reply, f"calling {endpoint}")


def raise_error(content: object, endpoint: str) -> None:
    """Raise what `content`, an answer or one piece of it, says of a failure, if it does.

    Raises:
        SpaceFailedError: it does.
    """
    if not isinstance(content, dict) or "choices" in content or "data" in content:
        return
    if content.get("error") or content.get("object") == "error":
        raise SpaceFailedError(f"{endpoint} failed: {server_words(content) or 'the server does not say why'}")
