"""An engine whose containers are files of a folder, so that several processes see the same ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.launch import LABEL, ContainerState, LaunchSpec
from tests.fakes.engine import RUNNING, FakeVolume


@dataclass(frozen=True)
class FileContainer:
    """A container that runs as long as its file is there."""

    file: Path

    @property
    def id(self) -> str:
        return self.file.name

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def port(self) -> int:
        return 0

    @property
    def labels(self) -> dict[str, str]:
        return {f"{LABEL}.run": self.file.name}

    @property
    def running(self) -> bool:
        return True

    def state(self) -> ContainerState:
        return RUNNING

    def logs(self, lines: int) -> str:  # noqa: ARG002
        return ""


class FileEngine:
    """The engine of all processes that were given the same `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def launch(self, spec: LaunchSpec) -> Iterator[FileContainer]:
        (self._folder / spec.name).touch()
        try:
            yield FileContainer(self._folder / spec.name)
        finally:
            self.remove(spec.name)

    def containers(self) -> tuple[FileContainer, ...]:
        return tuple(FileContainer(file) for file in self._folder.iterdir())

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def volumes(self) -> tuple[FakeVolume, ...]:
        return ()

    def remove_volume(self, name: str) -> None:
        pass
