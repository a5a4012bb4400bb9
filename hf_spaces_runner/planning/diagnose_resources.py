"""Judges what there is for Spaces: memory, disk, GPUs and folders, against what those of the registry need."""

from collections.abc import Iterator

from hf_spaces_runner.domain.finding import Finding, fail, ok, warn
from hf_spaces_runner.domain.machine import EngineFacts, FolderFacts, LeftBehind, MachineFacts, Problem
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.planning.facts import Facts

ASSUMED_IMAGE_BYTES = 1024**3
"""No image says how large it is before it is here; those of Gradio Spaces have 0.5 to 0.9 GiB without a model."""

# flock, which our locks are, does not hold there between machines, or at all.
_NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "lustre", "fuse.sshfs"})
_HOME_HINT = "HFSR_HOME moves all state to another folder"


def diagnose_memory(facts: Facts, engine: EngineFacts) -> Iterator[Finding]:
    """Yield whether the caps of Spaces fit into the memory of `engine`, and what is free now."""
    settings, free_bytes = facts.settings, facts.machine.free_memory_bytes
    yield _caps(facts, engine.memory_bytes if settings.memory_budget is None else settings.memory_budget)
    if free_bytes is None or not engine.local:
        return
    free = f"{format_size(free_bytes)} free now"
    if free_bytes < settings.memory:
        yield warn(
            "free_memory",
            f"{free}, less than the cap of one Space ({format_size(settings.memory)})",
            "end other programs or containers (docker stats shows what takes most), or set a smaller cap: HFSR_MEMORY",
        )
    else:
        yield ok("free_memory", free)


def _caps(facts: Facts, budget: int) -> Finding:
    name, settings = "memory", facts.settings
    if not budget:
        return ok(name, "unknown: the engine does not say how much it has")
    has = f"Spaces may have {format_size(budget)}"
    cap, space_id = facts.largest_cap or (settings.memory, "a Space")
    at_once = budget // settings.memory
    more = "give the engine more memory, or raise the setting memory_budget where it is set"
    if not at_once:
        lower = f"; or lower the setting memory: HFSR_MEMORY={max(budget // 2 // 1024**2, 1)}m"
        return fail(name, f"{has}, and each has a cap of {format_size(settings.memory)}: none starts", more + lower)
    if cap > budget:
        return warn(name, f"{has}, and {space_id} has a cap of {format_size(cap)}: it never starts", more)
    if at_once < settings.max_running:
        each = f"{settings.max_running} at once with a cap of {format_size(settings.memory)}"
        return warn(
            name,
            f"{has}, and {each} need more: some will wait",
            f"HFSR_MAX_RUNNING={at_once}, or a smaller cap with HFSR_MEMORY",
        )
    return ok(name, f"{has}; the largest cap is {format_size(cap)}, and {settings.max_running} may run at once")


def diagnose_disk(facts: Facts, engine: EngineFacts) -> Finding:
    """Return whether the disk of `engine` has room for the images that are not there yet."""
    name, free, reserve = "engine_disk", facts.disk_free_bytes, facts.settings.disk_reserve
    if free is None:
        return ok(
            name, f"unknown: the engine keeps its data elsewhere ({engine.data_folder}); docker system df shows it"
        )
    said = f"{format_size(free)} free in {engine.data_folder}"
    clean = "docker image prune removes images without a name, hfsr cleanup our leftovers; docker system df shows more"
    if free < reserve:
        return fail(
            name, f"{said}: a Space that leaves less than {format_size(reserve)} is ended (disk_reserve)", clean
        )
    missing = facts.missing_images
    needed = missing * ASSUMED_IMAGE_BYTES
    spoken = "1 image" if missing == 1 else f"{missing} images"
    wanted = f"{spoken} of the registry not here yet, {format_size(needed)} at about 1 GiB each"
    if free < reserve + needed:
        return warn(name, f"{said}; {wanted}", clean)
    return ok(name, f"{said}; {wanted if missing else 'all images of the registry are here'}")


def diagnose_folder(folder: FolderFacts, reserve_bytes: int) -> Finding:
    """Return whether we can keep things in `folder`."""
    name = f"{folder.name}_folder"
    if folder.refusal:
        return fail(name, f"nothing can be written in {folder.path}: {folder.refusal}", _HOME_HINT)
    if folder.free_bytes is not None and folder.free_bytes < reserve_bytes:
        return warn(
            name,
            f"{folder.path}: only {format_size(folder.free_bytes)} free, and answers of Spaces land there",
            f"make room, or: {_HOME_HINT}",
        )
    if folder.file_system in _NETWORK_FILE_SYSTEMS:
        return warn(
            name,
            f"{folder.path} is on a network file system ({folder.file_system}), where locks may not hold",
            f"{_HOME_HINT}; take one on a local disk",
        )
    free = "" if folder.free_bytes is None else f", {format_size(folder.free_bytes)} free"
    return ok(name, f"{folder.path}: can be written{free}")


def diagnose_gpu(machine: MachineFacts, engine: EngineFacts) -> Finding:
    """Return whether Spaces can have the GPUs of this machine."""
    if engine.gives_gpus:
        return ok("gpu", "the engine can give NVIDIA GPUs to Spaces (--gpus)")
    if not machine.gpus:
        return ok("gpu", "no NVIDIA GPU on this machine: Spaces use its processors")
    return warn(
        "gpu",
        "this machine has an NVIDIA GPU, and the engine cannot give it to Spaces",
        "install the NVIDIA container toolkit, then: nvidia-ctk runtime configure --runtime=docker; restart the engine",
    )


def diagnose_left_behind(left: LeftBehind | Problem) -> Iterator[Finding]:
    """Yield what runs left on this machine."""
    if isinstance(left, Problem):
        yield warn("leftovers", left.message, left.fix)
        return
    if left.leftovers:
        size = f", {format_size(left.leftover_bytes)}" if left.leftover_bytes else ""
        yield warn(
            "leftovers", f"{left.leftovers} containers or scratch folders of runs that ended{size}", "hfsr cleanup"
        )
    else:
        yield ok("leftovers", "none")
    caches = f"{left.caches} volumes, {format_size(left.cache_bytes)} in all" if left.caches else "none"
    yield ok("model_caches", caches)
