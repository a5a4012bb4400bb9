"""Judges the engine: whether it is one that Spaces can run on, and which walls it can put around them."""

import re
from collections.abc import Iterator

from hf_spaces_runner.domain.finding import Finding, fail, ok, warn
from hf_spaces_runner.domain.machine import EngineFacts

_OLDEST_DOCKER = (20, 10)
_SLOW_STORAGE = {
    "vfs": "copies the whole image for each container",
    "devicemapper": "is no longer part of Docker",
    "aufs": "is no longer part of Docker",
}
_PRIVILEGES_API = (1, 23)
"""`no-new-privileges` came with Docker 1.11 (docs.docker.com/reference/api/engine/version-history)."""
# What concerns no Space of ours, or is told by another line of the diagnosis.
_HARMLESS_WARNINGS = re.compile(
    r"bridge-nf-call|\bno [\w .-]*(limit|quota|period|shares|cpuset|blkio|accounting)|kernel memory", re.IGNORECASE
)


def diagnose_engine(engine: EngineFacts) -> Iterator[Finding]:
    """Yield a finding for each thing that matters about `engine`."""
    yield ok("engine", f"{_spoken(engine)} answers at {engine.address}")
    yield _version(engine)
    yield _containers(engine)
    yield _architecture(engine)
    yield _storage(engine)
    yield _warnings(engine)
    yield _seccomp(engine)
    yield _access_control(engine)
    yield _privileges(engine)
    yield _user(engine)
    yield _restarts(engine)
    yield _cgroup(engine)
    yield _limits(engine)


def is_amd64(engine: EngineFacts) -> bool:
    """Return whether images of Spaces are made for the processor of `engine`."""
    return engine.architecture in {"x86_64", "amd64"}


def _spoken(engine: EngineFacts) -> str:
    return f"{'rootless ' if _has(engine, 'rootless') else ''}{engine.product}"


def _version(engine: EngineFacts) -> Finding:
    said = f"{engine.product} {engine.version}, API {engine.api_version}"
    match = re.match(r"(\d+)\.(\d+)", engine.version)
    old = match is not None and (int(match[1]), int(match[2])) < _OLDEST_DOCKER
    # Podman counts its versions from 1.
    if old and engine.product != "Podman":
        return warn(
            "engine_version", f"{said} is older than Docker 20.10, with which this was tested", "upgrade the engine"
        )
    return ok("engine_version", said)


def _containers(engine: EngineFacts) -> Finding:
    if engine.os_type == "linux":
        return ok("containers", "it runs Linux containers")
    return fail(
        "containers",
        f"it runs containers of {engine.os_type or 'an unknown system'}, and Spaces are Linux containers",
        "switch the engine to Linux containers (Docker Desktop: its menu has it)",
    )


def _architecture(engine: EngineFacts) -> Finding:
    if is_amd64(engine):
        return ok("architecture", f"{engine.architecture}, as the images of Spaces")
    if engine.emulates_amd64:
        return ok(
            "architecture", f"{engine.architecture}; images of Spaces are linux/amd64, and run slowly by emulation"
        )
    return warn(
        "architecture",
        f"{engine.architecture or 'unknown'}, and images of Spaces are linux/amd64",
        "install emulation: apt-get install qemu-user-static binfmt-support; or use an amd64 machine",
    )


def _storage(engine: EngineFacts) -> Finding:
    why = _SLOW_STORAGE.get(engine.storage_driver)
    if why is None:
        return ok("storage_driver", engine.storage_driver or "unknown")
    return warn(
        "storage_driver",
        f"{engine.storage_driver}, which {why}",
        "use overlay2: docs.docker.com/engine/storage/drivers/overlayfs-driver",
    )


def _warnings(engine: EngineFacts) -> Finding:
    said = [text.removeprefix("WARNING: ") for text in engine.warnings if not _HARMLESS_WARNINGS.search(text)]
    if not said:
        return ok("engine_warnings", "it warns of nothing")
    return warn("engine_warnings", "it warns: " + "; ".join(said), "docker info shows the whole text")


def _seccomp(engine: EngineFacts) -> Finding:
    profile = next((text.partition("profile=")[2] for text in engine.security if text.startswith("name=seccomp")), None)
    if profile == "unconfined" or profile is None:
        state = "is not supported" if profile is None else "has no profile"
        return warn(
            "seccomp",
            f"seccomp {state}: a Space may make every system call there is",
            "take seccomp-profile out of the engine's configuration, or use a kernel with CONFIG_SECCOMP_FILTER",
        )
    return ok("seccomp", f"dangerous system calls are refused (profile {profile or 'default'})")


def _access_control(engine: EngineFacts) -> Finding:
    found = [word for word, name in (("AppArmor", "apparmor"), ("SELinux", "selinux")) if _has(engine, name)]
    if found:
        return ok("access_control", f"{found[0]} guards the files of the system")
    if engine.product == "Docker Desktop":
        return ok("access_control", "neither AppArmor nor SELinux, but a virtual machine of its own")
    return warn(
        "access_control",
        "neither AppArmor nor SELinux: one wall less between a Space and this system",
        "on Debian and Ubuntu: apt-get install apparmor, then restart the engine; the kernel must support it",
    )


def _privileges(engine: EngineFacts) -> Finding:
    match = re.match(r"(\d+)\.(\d+)", engine.api_version)
    if match is not None and (int(match[1]), int(match[2])) < _PRIVILEGES_API:
        return fail(
            "no_new_privileges", f"API {engine.api_version} cannot forbid new privileges", "upgrade the engine to 20.10"
        )
    return ok("no_new_privileges", "it can forbid new privileges; each Space runs so")


def _user(engine: EngineFacts) -> Finding:
    if _has(engine, "rootless"):
        return ok("user_namespace", "rootless: root in a container is your own user outside")
    if _has(engine, "userns"):
        return ok("user_namespace", "root in a container is nobody outside (userns-remap)")
    return ok(
        "user_namespace", "root in a container is root outside, without its powers; a rootless engine has more walls"
    )


def _restarts(engine: EngineFacts) -> Finding:
    kept = "containers outlive" if engine.live_restore else "containers end with"
    return ok("live_restore", f"{kept} a restart of the engine")


def _cgroup(engine: EngineFacts) -> Finding:
    if not engine.cgroup_version:
        return ok("cgroup", "unknown version")
    driver = f", driver {engine.cgroup_driver}" if engine.cgroup_driver else ""
    return ok("cgroup", f"version {engine.cgroup_version}{driver}")


def _limits(engine: EngineFacts) -> Finding:
    if not engine.missing_limits:
        return ok("limits", "memory, swap, process and CPU caps are enforced")
    if _has(engine, "rootless") and engine.cgroup_version != "2":
        fix = (
            "start this machine with cgroup version 2 (systemd.unified_cgroup_hierarchy=1): a rootless engine needs it"
        )
    elif engine.cgroup_version == "2":
        fix = "have systemd delegate the controllers: Delegate=cpu cpuset io memory pids for user@.service"
        if not _has(engine, "rootless"):
            fix = "enable the controllers in the kernel: cat /sys/fs/cgroup/cgroup.controllers shows those that it has"
    else:
        fix = "add cgroup_enable=memory swapaccount=1 to GRUB_CMDLINE_LINUX in /etc/default/grub, update-grub, reboot"
    return warn("limits", f"not enforced: caps of {', '.join(engine.missing_limits)}; a Space may take all of it", fix)


def _has(engine: EngineFacts, name: str) -> bool:
    return any(option == f"name={name}" or option.startswith(f"name={name},") for option in engine.security)
