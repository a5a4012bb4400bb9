"""Names what a Space means by an answer that is not one of success."""

from hf_spaces_runner.calling.connection import Reply
from hf_spaces_runner.errors import CallError

_HTTP_BUSY = 503
_HTTP_TOO_MANY = 429
_HTTP_UNAUTHORIZED = frozenset({401, 403})


def refused(reply: Reply, action: str) -> CallError:
    """Return the error for `reply`, which ended `action`."""
    said = f": {reply.detail}" if reply.detail else ""
    if reply.status in _HTTP_UNAUTHORIZED:
        return CallError(
            f"{action} failed: the Space wants a login of its own ({reply.status}{said})",
            verdict="login_needed",
            hint="name the user with --auth-user NAME, and the variable that holds the password with --secret",
        )
    if reply.status in (_HTTP_BUSY, _HTTP_TOO_MANY):
        return CallError(
            f"{action} failed: the Space's queue is full ({reply.status}{said})", verdict="queue_full", hint="try again"
        )
    return CallError(f"{action} failed: {reply.what} answered {reply.status}{said}", verdict="refused")
