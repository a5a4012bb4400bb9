"""Knows the Hub's hardware, and decides what a Space that wants one of it is given on a machine.

Facts: hf-spaces.md section 5, and https://huggingface.co/docs/hub/spaces-gpus.
"""

import difflib

from hf_spaces_runner.domain.hardware import LOCAL_HARDWARE, Grant, Hardware, Machine
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import PolicyError, UsageError

_GB = 1024**3
_LEAST_RESERVE_BYTES = _GB
_RESERVE_SHARE = 0.1
"""Of the memory, for the machine itself: a container that may have all of it takes the machine along."""


def _hardware(name: str, cpus: int | None, memory_gb: int | None, gpus: int = 0, gpu_memory_gb: int = 0) -> Hardware:
    return Hardware(name=name, cpus=cpus, memory_gb=memory_gb, gpus=gpus, gpu_memory_gb=gpu_memory_gb)


HARDWARE = {
    hardware.name: hardware
    for hardware in (
        _hardware("cpu-basic", 2, 16),
        _hardware("cpu-upgrade", 8, 32),
        _hardware("zero-a10g", None, None, 1, 48),
        _hardware("t4-small", 4, 15, 1, 16),
        _hardware("t4-medium", 8, 30, 1, 16),
        _hardware("l4x1", 8, 30, 1, 24),
        _hardware("l4x4", 48, 186, 4, 96),
        _hardware("l40sx1", 8, 62, 1, 48),
        _hardware("l40sx4", 48, 382, 4, 192),
        _hardware("l40sx8", 192, 1534, 8, 384),
        _hardware("a10g-small", 4, 15, 1, 24),
        _hardware("a10g-large", 12, 46, 1, 24),
        _hardware("a10g-largex2", 24, 92, 2, 48),
        _hardware("a10g-largex4", 48, 184, 4, 96),
        _hardware("a100-large", 12, 142, 1, 80),
        _hardware("a100x4", 48, 568, 4, 320),
        _hardware("a100x8", 96, 1136, 8, 640),
    )
}


def check_hardware(name: str) -> None:
    """Do nothing if `name` is hardware that is known, or `local`.

    Raises:
        UsageError: it is not; the nearest name is in the hint.
    """
    if name == LOCAL_HARDWARE or name in HARDWARE:
        return
    near = difflib.get_close_matches(name.lower()[:100], [LOCAL_HARDWARE, *HARDWARE], n=1, cutoff=0.5)
    known = f"known are {LOCAL_HARDWARE}, {', '.join(HARDWARE)}; --memory, --cpus and --gpus say it in numbers"
    raise UsageError(
        f"{name!r} is no hardware that is known", hint=f"did you mean {near[0]}? {known}" if near else known
    )


def grant_asked(name: str, machine: Machine) -> Grant:
    """Return what a container is given whose user asked for the hardware `name`.

    Raises:
        UsageError: see `check_hardware`.
        PolicyError: the machine has less than that (verdict `machine_too_small`).
    """
    check_hardware(name)
    grant = _grant(name, machine, available_bytes(machine))
    if grant.lacks:
        raise PolicyError(
            f"{name} is more than this machine has: {'; '.join(grant.lacks)}",
            hint=f"--hardware {LOCAL_HARDWARE} takes what is there",
            verdict="machine_too_small",
        )
    return grant


def grant_suggested(name: str, machine: Machine, *, at_once: int) -> Grant | None:
    """Return what a container is given whose Space suggests the hardware `name`; None where nobody knows that one.

    It is a stranger who suggests: so many containers `at_once` may have the like, and the machine still stands.
    """
    return _grant(name, machine, available_bytes(machine) // max(1, at_once)) if name in HARDWARE else None


def available_bytes(machine: Machine) -> int:
    """Return how many bytes of memory all containers together may have."""
    reserve = max(_LEAST_RESERVE_BYTES, int(machine.memory_bytes * _RESERVE_SHARE))
    return max(machine.memory_bytes // 2, machine.memory_bytes - reserve)


def _grant(name: str, machine: Machine, memory_bytes: int) -> Grant:
    if name == LOCAL_HARDWARE:
        return Grant(
            name=name,
            memory_bytes=memory_bytes,
            cpus=float(machine.cpus),
            gpus="all" if machine.gives_gpus else None,
        )
    wanted = HARDWARE[name]
    wanted_bytes = None if wanted.memory_gb is None else wanted.memory_gb * _GB
    lacks = []
    if wanted_bytes is not None and wanted_bytes > memory_bytes:
        short = format_size(wanted_bytes - memory_bytes)
        lacks.append(f"it wants {wanted.memory_gb} GiB of memory, {short} more than there is")
    if wanted.cpus is not None and wanted.cpus > machine.cpus:
        lacks.append(f"it wants {wanted.cpus} CPUs, {wanted.cpus - machine.cpus} more than there are")
    if wanted.gpus and not machine.gives_gpus:
        what = "a GPU" if wanted.gpus == 1 else f"{wanted.gpus} GPUs"
        lacks.append(f"it wants {what} with {wanted.gpu_memory_gb} GB, and the engine gives none")
    return Grant(
        name=name,
        memory_bytes=None if wanted_bytes is None else min(wanted_bytes, memory_bytes),
        cpus=None if wanted.cpus is None else float(min(wanted.cpus, machine.cpus)),
        gpus=str(wanted.gpus) if wanted.gpus and machine.gives_gpus else None,
        lacks=tuple(lacks),
    )
