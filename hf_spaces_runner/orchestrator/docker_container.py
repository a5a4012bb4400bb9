"""A container of Docker's: started, looked at, listened to, and let go of."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import docker
from docker.errors import APIError, NotFound

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus, ListedContainer, MemoryUse
from hf_spaces_runner.domain.labels import is_up_name, name_while_up
from hf_spaces_runner.domain.launch import Network
from hf_spaces_runner.domain.secret import Secret, redact
from hf_spaces_runner.errors import EngineUnavailableError, LaunchError, RunnerError
from hf_spaces_runner.orchestrator.docker_errors import docker_errors
from hf_spaces_runner.orchestrator.docker_network import ensure_network
from hf_spaces_runner.orchestrator.docker_streams import close_stream
from hf_spaces_runner.orchestrator.interrupts import deferred_interrupts
from hf_spaces_runner.orchestrator.log_tail import LogTail

if TYPE_CHECKING:
    from docker.types.daemon import CancellableStream

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6", "/proc/net/snmp")
_TABLES_MAX_BYTES = 4 * 1024**2
_LOG_LINE_MAX_BYTES = 64 * 1024
_STATES = {
    "created": ContainerStatus.CREATED,
    "exited": ContainerStatus.EXITED,
    "dead": ContainerStatus.EXITED,
    "removing": ContainerStatus.EXITED,
}


def status_of(word: str) -> ContainerStatus:
    """Return what the engine's `word` for a state means to us: what neither waits nor has ended holds its memory."""
    return _STATES.get(word, ContainerStatus.RUNNING)


class DockerContainer:
    """A container on Docker's engine. `tail` holds its last lines where the engine keeps none."""

    def __init__(
        self,
        api: docker.APIClient,
        *,
        container_id: str,
        name: str,
        container_port: int,
        secrets: tuple[Secret, ...] = (),
        tail: LogTail | None = None,
    ) -> None:
        self._api = api
        self._secrets = secrets
        self._tail = tail
        self.id = container_id
        self.name = name
        self.container_port = container_port
        self.port = 0
        self.address = ""

    @classmethod
    def attached(cls, api: docker.APIClient, listed: ListedContainer) -> Self:
        """Return the container that a list showed. See `Engine.attach`."""
        with _errors(f"looking at container {listed.name}", listed.name):
            found = api.inspect_container(listed.id)
        variables = dict(entry.partition("=")[::2] for entry in found["Config"].get("Env") or ())
        ports = [int(key.partition("/")[0]) for key in found["HostConfig"].get("PortBindings") or {}]
        container = cls(
            api,
            container_id=listed.id,
            name=listed.name,
            container_port=ports[0] if ports else 0,
            secrets=tuple(Secret(variables[name]) for name in listed.labels.secrets if name in variables),
        )
        container._look_at_network(found)
        return container

    @property
    def up(self) -> bool:
        """Whether it shall outlive its maker."""
        return is_up_name(self.name)

    def start(self) -> None:
        """Run it. See `Container.start`."""
        if self._tail is not None:
            self._tail.listen(self._api, self.id)
        with docker_errors(f"starting {self.name}"):
            self._api.start(self.id)
            self._look_at_network(self._api.inspect_container(self.id))

    def state(self) -> ContainerState:
        """Return how it is now. See `Container.state`."""
        with _errors(f"looking at container {self.name}", self.name):
            state = self._api.inspect_container(self.id)["State"]
        status = status_of(state["Status"])
        ended = status is ContainerStatus.EXITED
        return ContainerState(
            status=status,
            exit_code=int(state["ExitCode"]) if ended else None,
            oom_killed=bool(state.get("OOMKilled")),
            error=str(state.get("Error", "")) if ended else "",
        )

    def logs(self, lines: int) -> str:
        """Return its last `lines` log lines. See `Container.logs`."""
        if self._tail is not None:
            return redact(self._tail.text(lines), self._secrets)
        with docker_errors(f"reading the log of container {self.name}"):
            try:
                raw: bytes = self._api.logs(self.id, tail=lines)
            except NotFound:
                return ""
        return redact(raw.decode("utf-8", "replace"), self._secrets)

    def follow_logs(self, lines: int) -> Iterator[str]:
        """Yield its log as it comes. See `Container.follow_logs`."""
        with _errors(f"reading the log of container {self.name}", self.name):
            stream = self._api.logs(self.id, tail=lines, stream=True, follow=True)
        yield from self._lines_of(stream)

    def _lines_of(self, stream: "CancellableStream[bytes]") -> Iterator[str]:
        rest = b""
        try:
            with _errors(f"reading the log of container {self.name}", self.name):
                for piece in stream:
                    # A secret may come in two pieces, so whole lines are looked at; but one must not grow for ever.
                    whole, newline, rest = (rest + piece).rpartition(b"\n")
                    if len(rest) > _LOG_LINE_MAX_BYTES:
                        whole, newline, rest = whole + newline + rest, b"", b""
                    yield redact((whole + newline).decode("utf-8", "replace"), self._secrets)
            yield redact(rest.decode("utf-8", "replace"), self._secrets)
        finally:
            close_stream(stream)

    def oom_seen(self) -> bool:
        """Return whether a process in it was ended for want of memory. See `Container.oom_seen`.

        The state that an engine gives tells of the main process alone, or of any: it depends on its version.
        """
        with docker_errors(f"looking at container {self.name}"):
            seen = self._api.events(
                since=1, until=int(time.time()) + 1, decode=True, filters={"container": self.id, "event": "oom"}
            )
            try:
                return next(iter(seen), None) is not None
            finally:
                close_stream(seen)

    def memory(self) -> MemoryUse | None:
        """Return how much memory it takes. See `Container.memory`."""
        with _errors(f"measuring container {self.name}", self.name):
            try:
                found = self._api.stats(self.id, stream=False, one_shot=True).get("memory_stats") or {}
            except ValueError:
                return None  # it ended while it was measured: the engine answers with nothing at all
        if "usage" not in found:
            return None
        detail = found.get("stats") or {}
        # What the kernel would give back first is no need of the Space's: as `docker stats` shows it. The names are
        # those of cgroup versions 1 and 2.
        cache = detail.get("total_inactive_file", detail.get("inactive_file", 0))
        return MemoryUse(
            now_bytes=max(0, int(found["usage"]) - int(cache)),
            # The second version keeps no peak that the engine would tell.
            peak_bytes=int(found.get("max_usage") or found["usage"]),
        )

    def network_tables(self) -> str:
        """Return its tables of connections. See `Container.network_tables`."""
        try:
            with _errors(f"looking into container {self.name}", self.name):
                found = self._api.inspect_container(self.id)["State"]
                tables = _tables_of_process(int(found.get("Pid") or 0), self.id)
                return self._tables_from_inside() if tables is None else tables
        except EngineUnavailableError:
            raise
        except RunnerError:
            return ""

    def cut_network(self) -> None:
        """Take it to the isolated network. See `Container.cut_network`."""
        isolated = ensure_network(self._api, Network.ISOLATED)
        with _errors(f"cutting the network of container {self.name}", self.name):
            before = self._api.inspect_container(self.id)["NetworkSettings"]["Networks"] or {}
            self._api.connect_container_to_network(self.id, isolated)
            for network in before.values():
                self._api.disconnect_container_from_network(self.id, network["NetworkID"])
            self._look_at_network(self._api.inspect_container(self.id))

    def stay_up(self) -> None:
        """Let it outlive its maker. See `Container.stay_up`."""
        with deferred_interrupts(), _errors(f"keeping container {self.name}", self.name):
            self._api.rename(self.id, name_while_up(self.name))
            self.name = name_while_up(self.name)

    def kill(self) -> None:
        """End what runs in it at once. See `Container.kill`."""
        with docker_errors(f"ending container {self.name}"):
            try:
                self._api.kill(self.id)
            except APIError as error:
                if not _has_ended(error):
                    raise

    def _tables_from_inside(self) -> str:
        made = self._api.exec_create(self.id, ["cat", *_TABLES], stderr=False)["Id"]
        text = b""
        for piece in self._api.exec_start(made, stream=True):
            text += piece
            if len(text) > _TABLES_MAX_BYTES:  # the program that answers is the Space's own
                break
        return text.decode("ascii", "replace")

    def _look_at_network(self, found: dict[str, Any]) -> None:
        network = found["NetworkSettings"]
        bindings = (network.get("Ports") or {}).get(f"{self.container_port}/tcp") or []
        # Without one it ended before the engine looked: readiness finds that out, with its last words.
        self.port = int(bindings[0]["HostPort"]) if bindings else 0
        own: dict[str, Any] = next(iter((network.get("Networks") or {}).values()), {})
        self.address = str(own.get("IPAddress") or "")


def _tables_of_process(pid: int, container_id: str) -> str | None:
    """Return the tables of the process `pid`, if it is that of the container on this machine; None where it is not."""
    process = Path(f"/proc/{pid}")
    try:
        # The engine may run in a machine of its own, where the number means another process.
        if pid == 0 or container_id not in (process / "cgroup").read_text(encoding="ascii", errors="replace"):
            return None
        return "".join((process / table.removeprefix("/proc/")).read_text(encoding="ascii") for table in _TABLES)
    except OSError:
        return None


def _has_ended(error: APIError) -> bool:
    return "is not running" in str(error.explanation) or "no such container" in str(error.explanation).lower()


@contextmanager
def _errors(doing: str, name: str) -> Iterator[None]:
    """Raise what the SDK says about the container `name` as an error of ours, also that it is gone."""
    with docker_errors(doing):
        try:
            yield
        except NotFound as error:
            raise LaunchError(
                f"container {name} is gone: something else removed it", verdict="container_removed"
            ) from error
