"""Prepares the volumes that hold model caches: any user of a container may write in them."""

import io
import tarfile
from pathlib import Path

import docker

from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.launch import VolumeMount
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors


class CacheVolumes:
    """The model cache volumes of an engine. `stamps` is where it is noted which of them are open."""

    def __init__(self, api: docker.APIClient, stamps: Path | None) -> None:
        self._api = api
        self._stamps = stamps
        self._made_at: dict[str, str] = {}

    def is_open(self, volume: VolumeMount) -> bool:
        """Make `volume` if there is none, and return whether it needs no opening.

        To ask the engine takes as long as to open it again, so a file says for which making of the volume it was done.

        Raises:
            UsageError, NoSpaceLeftError: the file cannot be read.
        """
        made: dict[str, str] = self._api.create_volume(volume.name, labels={f"{LABEL}.volume": volume.name})
        self._made_at[volume.name] = made.get("CreatedAt", "")
        if volume.read_only:
            return True
        if self._stamps is None or not self._made_at[volume.name]:
            return False
        stamp = self._stamps / volume.name
        with state_errors(self._stamps):
            return stamp.is_file() and stamp.read_text() == self._made_at[volume.name]

    def open(self, container_id: str, volume: VolumeMount) -> None:
        """Make the folder of the volume in which any user of the container may write, as in /tmp.

        A named volume belongs to root unless the image has a folder there. The engine unpacks a tar into a volume of
        a container that has not started yet, also of one with a read-only root, and gives its folders their modes.

        Raises:
            UsageError, NoSpaceLeftError: it cannot be noted down.
        """
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            entry = tarfile.TarInfo(volume.open_directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
        self._api.put_archive(container_id, volume.target, content.getvalue())
        if self._stamps is not None:
            make_state_folder(self._stamps)
            with state_errors(self._stamps):
                (self._stamps / volume.name).write_text(self._made_at[volume.name])
