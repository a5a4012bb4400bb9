import os
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.domain.machine import EngineFacts
from hf_spaces_runner.errors import EngineUnavailableError
from hf_spaces_runner.orchestrator.engine_facts import read_engine_facts
from tests.unit.orchestrator.described_engine import Answers, described_engine

pytestmark = pytest.mark.network


def facts_of(info: Answers | None = None, version: Answers | None = None, **environment: str) -> EngineFacts:
    with described_engine(info=info, version=version) as client:
        return read_engine_facts(client, environment)


def test_docker_describes_itself() -> None:
    assert facts_of(DOCKER_HOST="tcp://127.0.0.1:2375") == EngineFacts(
        address="tcp://127.0.0.1:2375",
        product="Docker",
        version="28.0.1",
        api_version="1.48",
        os_type="linux",
        architecture="x86_64",
        storage_driver="overlay2",
        security=("name=apparmor", "name=seccomp,profile=builtin"),
        live_restore=False,
        cgroup_version="2",
        cgroup_driver="systemd",
        missing_limits=(),
        warnings=(),
        gives_gpus=False,
        memory_bytes=8 * 1024**3,
        data_folder="/nowhere/docker",
        local=False,
        emulates_amd64=False,
        images=frozenset({"a:1", "b:2"}),
        plain_hosts=frozenset(),
    )


@pytest.mark.parametrize(
    ("info", "version", "field", "value"),
    [
        ({}, {"Components": [{"Name": "Podman Engine"}, {"Name": "Conmon"}]}, "product", "Podman"),
        ({}, {"Platform": {"Name": "Docker Desktop 4.38.0 (181591)"}}, "product", "Docker Desktop"),
        ({"OperatingSystem": "Docker Desktop"}, {}, "emulates_amd64", True),
        ({}, {"Platform": {"Name": "Docker Engine - Community"}}, "product", "Docker"),
        ({"SwapLimit": False, "PidsLimit": False}, {}, "missing_limits", ("swap", "processes")),
        ({"MemoryLimit": False, "CpuCfsQuota": False}, {}, "missing_limits", ("memory", "CPU")),
        ({"SwapLimit": None}, {}, "missing_limits", ()),
        ({"Warnings": ["WARNING: \x1b[31mtake\ncare"]}, {}, "warnings", ("WARNING: take care",)),
        ({"Runtimes": {"runc": {}, "nvidia": {}}}, {}, "gives_gpus", True),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]}, {}, "gives_gpus", True),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "vendor.com/net=0"}]}, {}, "gives_gpus", False),
        ({"RegistryConfig": {"IndexConfigs": {"a:5000": {"Secure": False}}}}, {}, "plain_hosts", frozenset({"a:5000"})),
        ({"RegistryConfig": None, "SecurityOptions": None, "Runtimes": None}, {}, "security", ()),
        ({"LiveRestoreEnabled": True}, {}, "live_restore", True),
        ({"MemTotal": None}, {}, "memory_bytes", 0),
        ({"CgroupVersion": None}, {}, "cgroup_version", ""),
    ],
)
def test_other_engines_describe_themselves(info: Answers, version: Answers, field: str, value: Any) -> None:
    assert getattr(facts_of(info, version), field) == value


def test_an_engine_is_on_this_machine_where_its_kernel_and_its_data_are(tmp_path: Path) -> None:
    kernel = os.uname().release
    assert facts_of({"KernelVersion": kernel, "DockerRootDir": str(tmp_path)}).local
    assert not facts_of({"KernelVersion": kernel, "DockerRootDir": str(tmp_path / "none")}).local
    assert not facts_of({"KernelVersion": kernel, "DockerRootDir": ""}).local
    assert not facts_of({"KernelVersion": "6.10.14-linuxkit", "DockerRootDir": str(tmp_path)}).local


def test_the_address_is_that_of_the_context_where_no_variable_names_one() -> None:
    assert facts_of().address.endswith("docker.sock")
    assert facts_of(DOCKER_CONTEXT="none-of-this-name").address == "its usual address"


def test_an_engine_that_breaks_off_is_an_error_of_ours() -> None:
    with (
        described_engine(images=None) as client,
        pytest.raises(EngineUnavailableError, match="asking the engine about itself failed: out of order"),
    ):
        read_engine_facts(client, {})
