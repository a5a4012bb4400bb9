"""What a Space is given of a machine: the Hub's hardware by name, and a machine as it is."""

from dataclasses import dataclass

LOCAL_HARDWARE = "local"
"""What `--hardware` calls all that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """Hardware of the Hub. `gpu_memory_gb` is that of all its GPUs; None where the Hub does not say how much."""

    name: str
    cpus: int | None
    memory_gb: int | None
    gpus: int = 0
    gpu_memory_gb: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the engine's machine has. Its memory in bytes."""

    cpus: int
    memory_bytes: int
    gives_gpus: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a container is given for the hardware `name`, None where the settings say.

    `lacks` names what the machine has less of, each with how much.
    """

    name: str
    memory_bytes: int | None
    cpus: float | None
    gpus: str | None
    lacks: tuple[str, ...] = ()
