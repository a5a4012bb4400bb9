"""Looks at this machine: its memory, its disks, its GPUs, and the folders that hold our state."""

import os
import shutil
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from hf_spaces_runner.domain.machine import FolderFacts, MachineFacts
from hf_spaces_runner.errors import ConfigurationError

_GPU_CONTROL = Path("/dev/nvidiactl")
_GPUS = Path("/proc/driver/nvidia/gpus")


def read_machine_facts(folders: Mapping[str, Path], environment: Mapping[str, str]) -> MachineFacts:
    """Return what this machine has. `folders` are those of ours by name; none of them is made."""
    return MachineFacts(
        free_memory_bytes=_free_memory_bytes(),
        gpus=_gpus(environment),
        folders=tuple(_folder(name, path) for name, path in folders.items()),
    )


def free_disk_bytes(path: Path) -> int | None:
    """Return what is free on the disk of `path`, which need not be there yet; None where nobody can tell."""
    try:
        return shutil.disk_usage(_nearest(path)).free
    except OSError:
        return None


def count_certificates(ca_bundle: Path | None) -> int | None:
    """Return how many CA certificates are in `ca_bundle`, None without one.

    Raises:
        ConfigurationError: it cannot be read, or holds none.
    """
    if ca_bundle is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(ca_bundle)
    except OSError as error:  # which ssl.SSLError is as well
        reason = "there is no certificate in it" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigurationError(
            f"the CA certificates in {ca_bundle} cannot be read: {reason}; builds need them",
            hint="correct the setting ca_bundle, or the variable that it comes from (hfsr config)",
        ) from error
    return context.cert_store_stats()["x509"]


def _free_memory_bytes() -> int | None:
    try:
        return int(psutil.virtual_memory().available)
    except (OSError, psutil.Error):
        return None


def _gpus(environment: Mapping[str, str]) -> int:
    listed = len(list(_GPUS.iterdir())) if _GPUS.is_dir() else 0
    seen = _GPU_CONTROL.exists() or shutil.which("nvidia-smi", path=environment.get("PATH")) is not None
    return max(listed, 1) if seen else listed


def _folder(name: str, path: Path) -> FolderFacts:
    return FolderFacts(
        name=name,
        path=path,
        refusal=_refusal(path),
        free_bytes=free_disk_bytes(path),
        file_system=_file_system(path),
    )


def _refusal(path: Path) -> str:
    """Return why nothing can be written in `path`; empty where it can, or where it could be made."""
    nearest = _nearest(path)
    if nearest != path:
        blocker = nearest / path.relative_to(nearest).parts[0]
        if os.path.lexists(blocker):
            return f"{blocker} is not a folder"
        return "" if os.access(nearest, os.W_OK | os.X_OK) else f"it is not there, and {nearest} cannot be written"
    try:
        # Rights, quotas and read-only disks are many; a file that is gone at once tells them all.
        with tempfile.TemporaryFile(dir=path):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _nearest(path: Path) -> Path:
    """Return the folder `path`, or the nearest one above it that is there."""
    return next((folder for folder in (path, *path.parents) if os.path.isdir(folder)), Path("/"))  # noqa: PTH112 - as above


def _file_system(path: Path) -> str:
    real = _nearest(path).resolve()
    try:
        mounts = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ""
    around = [mount for mount in mounts if real.is_relative_to(mount.mountpoint)]
    # Of two at one place the later one hides the earlier.
    return max(reversed(around), key=lambda mount: len(mount.mountpoint)).fstype if around else ""
