"""Finds out where an app listens that does not answer on the port of its Space."""

from collections.abc import Callable

from hf_spaces_runner.domain.cause import Cause
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.errors import Evidence, ListensElsewhereError, NotReadyError
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.orchestrator.http_get import NotReadyYet
from hf_spaces_runner.orchestrator.probe import probe_gradio
from hf_spaces_runner.planning.listening import ListeningSocket, listening_sockets

_FIRST_LOOK_S, _LOOK_EVERY_S = 3.0, 2.0
_PROBE_TIMEOUT_S = 2.0
_MAX_PROBED = 4
NOTHING_LISTENS = "nothing_listens"
_LOOPBACK_HINT = (
    'the app listens on 127.0.0.1, which is the container\'s own: launch it with server_name="0.0.0.0", or with none'
)


class Listeners:
    """The sockets that listen inside a container that does not answer.

    Source: /proc/net/tcp of the container's own network, see `listening_sockets`.
    """

    def __init__(self, container: Container, deadline: Deadline) -> None:
        self._container = container
        self._deadline = deadline
        self._next_look_at = deadline.clock() + _FIRST_LOOK_S
        self._seen: tuple[ListeningSocket, ...] | None = None

    def look(self, evidence_of: Callable[[Container], Evidence]) -> None:
        """Look where something listens, every other second.

        Raises:
            ListensElsewhereError: a Gradio app answers on another port.
            NotReadyError: the port itself is open to the container alone, twice in a row.
        """
        now = self._deadline.clock()
        if now < self._next_look_at:
            return
        self._next_look_at = now + _LOOK_EVERY_S
        before, self._seen = self._seen, self._sockets()
        if self._seen is None:
            return
        own = self._container.container_port
        if self._bound_inside(own, self._seen) and before is not None and self._bound_inside(own, before):
            raise NotReadyError(
                f"{self._container.name} listens on 127.0.0.1:{own} only, which nobody outside the container reaches",
                verdict="loopback_only",
                hint=_LOOPBACK_HINT,
                evidence=evidence_of(self._container),
            )
        for port in self._open_elsewhere()[:_MAX_PROBED]:
            self._raise_if_gradio(port)

    def explain(self) -> Cause | None:
        """Return why nothing answered, as far as the sockets tell."""
        sockets = self._sockets()
        if sockets is None:
            return None
        own, name = self._container.container_port, self._container.name
        if any(socket.port == own and not socket.loopback for socket in sockets):
            return None  # something is there, and what it answered says more
        elsewhere = self._open_elsewhere(sockets)
        inside = sorted({socket.port for socket in sockets if socket.loopback})
        if elsewhere:
            return Cause(
                verdict="wrong_port",
                says=f"nothing listens on port {own}, but on {_listed(elsewhere)}, where no Gradio app answers",
                hint="write the Space's port into its registry entry, if it is another one",
            )
        if inside:
            return Cause(
                verdict="loopback_only",
                says=f"{name} listens on port {_listed(inside)} of 127.0.0.1 only",
                hint=_LOOPBACK_HINT,
            )
        return Cause(
            verdict=NOTHING_LISTENS,
            says="no program in it listens on any port",
            hint="give it longer with --startup-timeout; hfsr run -v shows what it printed last",
        )

    def _sockets(self) -> tuple[ListeningSocket, ...] | None:
        tables = self._container.network_tables()
        return listening_sockets(tables) if tables else None

    def _open_elsewhere(self, sockets: tuple[ListeningSocket, ...] | None = None) -> list[int]:
        found = self._seen if sockets is None else sockets
        own = self._container.container_port
        return sorted({socket.port for socket in found or () if not socket.loopback and socket.port != own})

    def _raise_if_gradio(self, port: int) -> None:
        if not self._container.address:
            return
        try:
            probe_gradio(port, _PROBE_TIMEOUT_S, host=self._container.address)
        except NotReadyYet:
            return
        error = ListensElsewhereError(
            f"{self._container.name} listens on port {port}, not on {self._container.container_port}",
            hint=f"write port: {port} into the Space's registry entry",
        )
        error.port = port
        raise error

    @staticmethod
    def _bound_inside(port: int, sockets: tuple[ListeningSocket, ...]) -> bool:
        own = [socket for socket in sockets if socket.port == port]
        return bool(own) and all(socket.loopback for socket in own)


def _listed(ports: list[int]) -> str:
    return ", ".join(str(port) for port in ports[:5])
