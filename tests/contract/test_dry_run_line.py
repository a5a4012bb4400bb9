"""The line that --dry-run prints, given to a real shell, starts the container that the runner would start."""

import os
import subprocess
from dataclasses import replace
from typing import Any

import docker
import pytest

from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.launch import LaunchSpec, Network, VolumeMount
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.planning.docker_command import docker_run_command
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity, plan_launch
from tests.contract.conftest import World

pytestmark = pytest.mark.engine

OWN_TO_EACH = frozenset({"ContainerIDFile", "ConsoleSize", "Hostname"})
"""What the docker client fills in for its own terminal, and the name that the engine makes of the id."""


def told(client: docker.DockerClient, name: str) -> dict[str, Any]:
    """Return what the engine was told about the container, in one form for all ways to say "not set"."""
    found = client.api.inspect_container(name)
    settings = {**{f"host {key}": value for key, value in found["HostConfig"].items()}, **found["Config"]}
    settings["Env"] = sorted(settings["Env"])
    # The docker client writes capabilities in full and in order.
    settings["host CapAdd"] = sorted(f"CAP_{name.removeprefix('CAP_')}" for name in settings["host CapAdd"] or ())
    # We name the network by its id, since the engine may have two of one name.
    settings["host NetworkMode"] = client.api.inspect_network(settings["host NetworkMode"])["Name"]
    settings["host RestartPolicy"]["Name"] = settings["host RestartPolicy"]["Name"] or "no"
    kept = {key: value for key, value in settings.items() if key.removeprefix("host ") not in OWN_TO_EACH}
    return {key: value for key, value in kept.items() if value not in (None, "", [], {}, 0)}


def planned(world: World) -> LaunchSpec:
    defaults = LaunchDefaults(memory_bytes=512 * 1024**2, cpus=None, pids_limit=100, hf_cache="none")
    identity = RunIdentity(run_id=world.run_id, owner=own_name())
    request = Request(space="contract", secrets={"TOKEN": Secret("hunter2 'of' $HOME")})
    return plan_launch(
        Space(id="contract", docker_image=world.spec.image, description='It\'s "a" $pace'), request, defaults, identity
    )


ODD_VALUES = {
    "QUOTES": 'it\'s "quoted" \\ `date`',
    "LINES": "one\ntwo\r\n\tthree\n",
    "DOLLAR": "$HOME ${PATH} $(date) !! %PATH%",
    "WORDS": "  two  words  ",
    "UNICODE": "größer ✓ 日本 \U0001f600",
    "EMPTY": "",
    "EQUALS": "a=b=c",
    "DASH": "--privileged",
    "GLOB": "* ? [a] ~ # ; & | < > ( ) { }",
    "ESCAPE": "\x1b[31m",
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"environment": {**ODD_VALUES, "TOKEN": Secret("hunter2 'of' $HOME\nand more")}},
        {"command": ("python3", "-c", 'import time\ntime.sleep(600)  # it\'s "$HOME"')},
        {"cpus": 1.2345678, "cap_add": ("SYS_NICE", "NET_RAW"), "memory_bytes": 256 * 1024**2 + 4096},
        {"read_only": True, "tmpfs": {"/tmp": "rw,exec,nosuid,nodev,mode=1777"}},  # noqa: S108 - the container's
        {"container_port": 8080, "extra_hosts": {"api.gradio.app": "127.0.0.1", "other.example": "192.0.2.1"}},
        {"network": Network.ISOLATED},
        {"keeps_log": False},
    ],
    ids=["as planned", "odd values", "odd command", "limits", "read-only", "port", "isolated", "no log"],
)
def test_the_line_starts_the_same_container(
    docker_world: World, docker_client: docker.DockerClient, changes: dict[str, Any]
) -> None:
    spec = replace(planned(docker_world), **changes)
    pasted = replace(spec, name=f"{spec.name}-pasted")
    secrets = {name: value.reveal() for name, value in spec.environment.items() if isinstance(value, Secret)}
    line = docker_run_command(pasted)
    assert "hunter2" not in line
    try:
        with docker_world.launch(spec):
            environment = {**os.environ, **secrets}
            subprocess.run(["bash", "-c", line], env=environment, check=True, capture_output=True, text=True)
            assert told(docker_client, pasted.name) == told(docker_client, spec.name)
            running = [listed.name for listed in docker_world.engine.containers() if listed.running]
            assert {spec.name, pasted.name} <= set(running)
    finally:
        docker_world.engine.remove(pasted.name)


def test_the_line_mounts_the_same_volume(docker_world: World, docker_client: docker.DockerClient) -> None:
    volume = VolumeMount(name=docker_world.spec.name, target="/cache", open_directory="open")
    spec = replace(planned(docker_world), volumes=(volume,))
    pasted = replace(spec, name=f"{spec.name}-pasted")
    try:
        with docker_world.launch(spec):
            subprocess.run(
                ["bash", "-c", docker_run_command(pasted)],
                env={**os.environ, "TOKEN": "x"},
                check=True,
                capture_output=True,
            )
            mounts = [
                [(mount["Type"], mount["Name"], mount["Destination"], mount["RW"]) for mount in found["Mounts"]]
                for found in (docker_client.api.inspect_container(name) for name in (spec.name, pasted.name))
            ]
            assert mounts[0] == mounts[1] == [("volume", volume.name, "/cache", True)]
        assert spec.labels[f"{LABEL}.run"] == docker_world.run_id
    finally:
        docker_world.engine.remove(pasted.name)
        docker_world.engine.remove_volume(volume.name)
