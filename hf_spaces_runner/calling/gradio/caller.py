"""Opens a Gradio app of any version from 3 to 6: finds out what it offers, and logs in where it wants that."""

from dataclasses import replace
from urllib.parse import urlencode

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connected_session import connecting
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.gradio.app import GradioApp, read_config
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.schema import read_endpoints
from hf_spaces_runner.calling.gradio.session import GradioSession
from hf_spaces_runner.calling.refused import refused
from hf_spaces_runner.calling.remote import Remote
from hf_spaces_runner.domain.call import Login
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.errors import CallError, NoEndpointError

_HTTP_NOT_FOUND = 404
_HTTP_BAD_REQUEST = 400


class GradioCaller:
    """The `Caller` for Gradio.

    Args:
        limits: how much an answer may be.
        remote: how Spaces are reached that are not on this machine.
    """

    def __init__(self, limits: AnswerLimits | None = None, *, remote: Remote | None = None) -> None:
        self._limits = limits if limits is not None else AnswerLimits()
        self._remote = remote

    def open(
        self, base_url: str, deadline: Deadline, *, description: bytes = b"", login: Login | None = None
    ) -> GradioSession:
        """Return a conversation with the app at `base_url`; `description` is its `/config`. See `Caller.open`."""
        with connecting(base_url, deadline, self._limits, keep_alive=True, remote=self._remote) as connection:
            if login is not None:
                _log_in(connection, login)
                description = b""  # it may show more to who has logged in
            app, endpoints = _read_app(connection, description)
            return GradioSession(connection, app, endpoints)


def _log_in(connection: Connection, login: Login) -> None:
    form = urlencode({"username": login.user, "password": login.password.reveal()})
    reply = connection.post_form("/login", form.encode())
    if reply.status == _HTTP_BAD_REQUEST:
        raise CallError(
            f"the Space does not let {login.user} in: {reply.detail or 'wrong user or password'}",
            verdict="login_refused",
            hint="check --auth-user and the value of the secret that is the password",
        )
    if not reply.ok:
        raise refused(reply, "logging in")


def _read_app(connection: Connection, config_json: bytes) -> tuple[GradioApp, tuple[GradioEndpoint, ...]]:
    if not config_json:
        config_json = _get_config(connection)
    config = _decode_schema(config_json, "GET /config", connection.limits)
    app = read_config(config)
    reply = connection.get(f"{app.prefix}/info")
    if not reply.ok and reply.status != _HTTP_NOT_FOUND:
        raise refused(reply, "reading the Space's schema")
    # Gradio before 3.26 has no schema; its configuration tells enough.
    info = _decode_schema(reply.raw, reply.what, connection.limits) if reply.ok else {"named_endpoints": {}}
    endpoints = read_endpoints(config, info, app)
    if not endpoints:
        raise NoEndpointError(
            "the Space offers no endpoint: its API is closed", hint="it can only be used in a browser"
        )
    return app, endpoints


def _decode_schema(raw: bytes, what: str, limits: AnswerLimits) -> object:
    return decode_json(raw, what, replace(limits, max_json_weight=limits.max_schema_weight))


def _get_config(connection: Connection) -> bytes:
    reply = connection.get("/config")
    if reply.status == _HTTP_NOT_FOUND:
        raise NoEndpointError("the Space is no Gradio app: GET /config answered 404")
    if not reply.ok:
        raise refused(reply, "reading the Space's schema")
    return reply.raw
