"""Lists the files of a model on the Hub, and fetches them into the cache that every library of the Hub shares."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, constants, hf_hub_download
from huggingface_hub.utils.tqdm import tqdm

from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.hub.disk import check_room, file_errors
from hf_spaces_runner.hub.hub_errors import hub_errors
from hf_spaces_runner.planning.model_files import ModelFile

_RESERVE_BYTES = 1024**3
_ROOM = "make room, or name another place with HF_HOME"
_KEPT = "what is here already is kept"


class ModelRepository:
    """The model `name` on the Hub at `endpoint`, the public one where None. No token is sent."""

    def __init__(self, name: str, endpoint: str | None = None, *, timeout_s: float = 15.0) -> None:
        self.name = name
        self._endpoint = (endpoint or constants.ENDPOINT).rstrip("/")
        self._timeout_s = timeout_s

    @property
    def _host(self) -> str:
        return self._endpoint.partition("://")[2].partition("/")[0]

    def files(self) -> tuple[ModelFile, ...]:
        """Return all files that it has.

        Raises:
            HubError: the Hub did not say.
        """
        with hub_errors(f"looking up the model {self.name}", self._host):
            found = HfApi(endpoint=self._endpoint, token=False).model_info(
                self.name, files_metadata=True, timeout=self._timeout_s
            )
        siblings = found.siblings or []
        return tuple(ModelFile(name=file.rfilename, size_bytes=file.size or 0) for file in siblings)

    def fetch(self, files: Sequence[ModelFile], on_progress: ProgressCallback) -> None:
        """Fetch `files`; what was fetched before is not fetched again, and a file that was cut off goes on.

        Raises:
            NoSpaceLeftError: the disk has no room for them.
            HubError: the Hub did not give them.
        """
        total = sum(file.size_bytes for file in files)
        check_room(Path(constants.HF_HUB_CACHE), total, what="the model", room=_ROOM, reserve_bytes=_RESERVE_BYTES)
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns of downloads without a token
        done = 0
        for file in files:
            doing = f"fetching {file.name} of the model {self.name}"
            with file_errors(doing, room=_ROOM, kept=_KEPT), hub_errors(doing, self._host):
                hf_hub_download(
                    self.name,
                    file.name,
                    endpoint=self._endpoint,
                    token=False,
                    tqdm_class=_bar(done, total, f"fetching {self.name}: {file.name}", on_progress),
                )
            done += file.size_bytes
        message = f"fetched {self.name} ({format_size(total)})"
        on_progress(Progress(phase=Phase.PULL, message=message, completed=total, total=total, unit="bytes", done=True))


def _bar(before: int, total: int, message: str, on_progress: ProgressCallback) -> type[Any]:
    """Return a bar that draws nothing and tells how many bytes of all files are here."""

    class _Bar(tqdm):
        def __init__(self, *arguments: object, **options: Any) -> None:  # noqa: ANN401 - whatever the library gives a bar
            options.pop("name", None)
            self._here = before + int(options.get("initial") or 0)
            super().__init__(*arguments, **{**options, "disable": True})  # type: ignore[no-untyped-call]
            self._tell()

        def update(self, n: float | None = 1) -> None:
            self._here += int(n or 0)
            self._tell()

        def _tell(self) -> None:
            here = min(self._here, total)
            on_progress(Progress(phase=Phase.PULL, message=message, completed=here, total=total, unit="bytes"))

    return _Bar
