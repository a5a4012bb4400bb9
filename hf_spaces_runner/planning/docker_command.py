"""Writes a launch spec as the `docker run` line that starts the same container, for people to read and to paste."""

import csv
import io
import shlex
from collections.abc import Iterable

from hf_spaces_runner.domain.launch import (
    CORE_BYTES,
    DEAD_RESOLVER,
    DEAD_RESOLVER_OPTIONS,
    LaunchSpec,
    Network,
    ReadOnlyMount,
)
from hf_spaces_runner.domain.secret import Secret


def docker_run_command(spec: LaunchSpec) -> str:
    """Return the shell line. Secrets stand in it by name: the shell that it is pasted into must export them."""
    return shlex.join(docker_run_arguments(spec))


def docker_run_arguments(spec: LaunchSpec) -> list[str]:
    """Return the words of the `docker run` line, the program's name first."""
    port = "" if spec.host_port is None else str(spec.host_port)
    words = ["docker", "run", "--detach", "--name", spec.name, "--init"]
    words += ["--publish", f"127.0.0.1:{port}:{spec.container_port}"]
    words += ["--network", spec.network.engine_name]
    if spec.network is Network.ISOLATED:
        words += ["--dns", DEAD_RESOLVER, *_each("--dns-option", DEAD_RESOLVER_OPTIONS)]
    words += ["--cap-drop", "ALL", *_each("--cap-add", spec.cap_add), "--security-opt", "no-new-privileges"]
    words += ["--memory", str(spec.memory_bytes), "--memory-swap", str(spec.memory_bytes)]
    words += ["--pids-limit", str(spec.pids_limit), "--ulimit", f"core={CORE_BYTES}:{CORE_BYTES}", "--no-healthcheck"]
    words += ["--cpus", _decimal(spec.cpus)] if spec.cpus else []
    words += ["--gpus", spec.gpus] if spec.gpus else []
    words += ["--read-only"] if spec.read_only else []
    words += _each("--tmpfs", (f"{path}:{options}" for path, options in spec.tmpfs.items()))
    words += _each("--volume", (f"{item.name}:{item.target}{':ro' if item.read_only else ''}" for item in spec.volumes))
    words += _each("--volume", spec.copied_folders)
    words += _each("--mount", (_mount(item) for item in spec.mounts))
    words += _each("--add-host", (f"{host}:{address}" for host, address in spec.extra_hosts.items()))
    words += _log(spec)
    words += _each("--env", (_variable(name, value) for name, value in spec.environment.items()))
    words += _each("--label", (f"{name}={value}" for name, value in spec.labels.items()))
    return [*words, "--platform", spec.platform, spec.image, *(spec.command or ())]


def _mount(mount: ReadOnlyMount) -> str:
    line = io.StringIO()  # docker reads it as one of CSV
    fields = ("type=bind", f"source={mount.source}", f"target={mount.target}", "readonly")
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def _log(spec: LaunchSpec) -> list[str]:
    if not spec.keeps_log:
        return ["--log-driver", "none"]
    return ["--log-driver", "json-file", "--log-opt", f"max-size={spec.log_max_bytes}", "--log-opt", "max-file=1"]


def _decimal(cpus: float) -> str:
    """Return all digits down to the nanosecond that the engine counts in; docker refuses more of them."""
    return f"{round(cpus * 1e9) / 1e9:.9f}".rstrip("0").rstrip(".")


def _variable(name: str, value: str | Secret) -> str:
    return name if isinstance(value, Secret) else f"{name}={value}"


def _each(flag: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]
