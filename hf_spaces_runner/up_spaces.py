"""The Spaces that stay up: brings them up, runs the one that somebody works on, lists them, shows logs, ends them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hf_spaces_runner.domain.container import ListedContainer
from hf_spaces_runner.domain.development import DevEvent, DevEventCallback
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.running_space import RunningSpace, UpSpace
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import LaunchError, RegistryError
from hf_spaces_runner.fallback import hidden_secrets, hide_secrets
from hf_spaces_runner.orchestrator.keeper import start_keeper
from hf_spaces_runner.orchestrator.ownership import own_user
from hf_spaces_runner.planner import Planner
from hf_spaces_runner.ready_space import Services
from hf_spaces_runner.staying_up import bring_up, find_up, running_spaces, watch_over


class UpSpaces:
    """The Spaces that are up on an engine, and those that are to be.

    Args:
        planner: plans for one of them.
        services: returns the parts with effects; the engine is asked for at its first use.
        find: returns the Space that a reference names.
        by_the_rules: returns a request as the rules of the settings want it.
        environment: the variables of this process, which say where the engine is.
        locks: the folder for locks.
        on_progress: told how one comes up.
    """

    def __init__(
        self,
        *,
        planner: Planner,
        services: Callable[[], Services],
        find: Callable[[str], Space],
        by_the_rules: Callable[[Request], Request],
        environment: Mapping[str, str],
        locks: Path,
        on_progress: ProgressCallback,
    ) -> None:
        self._planner = planner
        self._services = services
        self._find = find
        self._by_rules = by_the_rules
        self._environment = environment
        self._locks = locks
        self._on_progress = on_progress

    def up(
        self,
        request: Request,
        *,
        port: int | None = None,
        ttl_s: float | None = None,
        idle_stop_s: float | None = None,
        on_up: Callable[[], None] = lambda: None,
    ) -> UpSpace:
        """Start the Space of `request` and leave it up, or return the one that is up already.

        Args:
            request: its Space and limits; inputs mean nothing here.
            port: of the loopback interface; the engine picks a free one where None.
            ttl_s: how many seconds it stays, at most.
            idle_stop_s: after how many seconds without a visitor it ends.
            on_up: called once it was started and is up; an interrupt before that leaves nothing.

        Raises:
            RunnerError: it could not be started, or never answered.
        """
        request = self._by_rules(request)
        plan = self._planner.plan(request, builds=True)
        with hidden_secrets(request):
            return bring_up(
                self._services(),
                plan.candidates[0],
                plan.run_id,
                self._on_progress,
                port=port,
                ttl_s=ttl_s,
                idle_stop_s=idle_stop_s,
                watch_over=lambda container_id: start_keeper(container_id, self._environment),
                on_up=on_up,
            )

    def develop(self, request: Request, *, port: int | None = None, on_event: DevEventCallback) -> None:
        """Run the Space of `request`, a folder, and again after each change in it, until an interrupt.

        Args:
            request: its folder and limits; inputs mean nothing here.
            port: of the loopback interface; the engine picks a free one where None. It stays the same.
            on_event: called with all that happens, from several threads.

        Raises:
            UsageError: it is no folder, or somebody works on it already.
            RunnerError: it cannot go on, whatever anybody changes in the folder.
        """
        from hf_spaces_runner.dev_source import folder_to_develop  # noqa: PLC0415 - one command needs it
        from hf_spaces_runner.developing import develop  # noqa: PLC0415 - likewise

        folder = folder_to_develop(self._planner.selected(request), request)

        def tell(event: DevEvent) -> None:
            if event.error is not None:
                hide_secrets(event.error, request)
            on_event(event)

        with hidden_secrets(request):
            develop(
                self._services(),
                lambda: self._planner.plan(request, builds=True),
                folder=folder,
                locks=self._locks,
                port=port,
                on_progress=self._on_progress,
                on_event=tell,
            )

    def watch_over(self, container_id: str) -> None:
        """Wait until a container that is up has to go, and remove it. See `staying_up.watch_over`."""
        watch_over(self._services().engine, container_id)

    def running(self) -> tuple[RunningSpace, ...]:
        """Return all containers of ours, running, waiting and ended, with the memory that each takes.

        Raises:
            EngineUnavailableError: no engine answers.
        """
        return running_spaces(self._services().engine)

    def stop(self, name: str | None) -> tuple[ListedContainer, ...]:
        """End the Spaces that are up under `name`, or all that this user has up where None; return them.

        Raises:
            UsageError: none of that name is up.
        """
        listed = self._services().engine.containers()
        if name is None:
            ending = tuple(item for item in listed if item.up and item.labels.user == own_user())
        else:
            ending = find_up(listed, name, self._id_of(name), own_user())
        for item in ending:
            self._services().engine.remove(item.id)
        return ending

    def logs(self, name: str, *, lines: int, follow: bool = False) -> Iterator[str]:
        """Yield what the newest Space that is up under `name` printed last, and all that it prints where `follow`.

        The text is the Space's own: `domain.terminal.printable` makes it safe to show.

        Raises:
            UsageError: none of that name is up.
            LaunchError: it keeps no log, since it runs in privacy.
        """
        engine = self._services().engine
        found = find_up(engine.containers(), name, self._id_of(name), own_user())
        newest = max(found, key=lambda item: item.labels.created_at)
        if newest.labels.privacy:
            raise LaunchError(f"{newest.name} runs in privacy, so nobody keeps its log", verdict="no_log")
        container = engine.attach(newest)
        yield from container.follow_logs(lines) if follow else (container.logs(lines),)

    def _id_of(self, reference: str) -> str | None:
        try:
            return self._find(reference).id
        except RegistryError:
            return None
