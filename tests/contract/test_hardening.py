"""That Docker's engine starts a container as the security model says: seen from the engine, and from inside."""

import json
import time
from pathlib import Path
from typing import Any

import docker
import pytest

from hf_spaces_runner.domain.container import ContainerStatus
from hf_spaces_runner.domain.launch import VolumeMount
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity, plan_launch
from tests.contract.conftest import World

pytestmark = pytest.mark.engine

IN_TMP = "/tmp/x"  # noqa: S108 - the container's
LOOK_INSIDE = """\
import json, os, socket
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
written = {}
for path in ("/x", "/tmp/x", "/cache/open/x", "/cache/x"):
    try:
        open(path, "w").close()
        written[path] = True
    except OSError as error:
        written[path] = error.strerror
def reached(host):
    try:
        return socket.gethostbyname(host)
    except OSError:
        return None
print(json.dumps({
    "capabilities": {name: status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")},
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "seccomp": status["Seccomp"].strip(),
    "environment": dict(os.environ),
    "written": written,
    "share_host": reached("api.gradio.app"),
    "first_process": open("/proc/1/cmdline").read().replace(chr(0), " "),
    "mounts": [line.split()[4] for line in open("/proc/self/mountinfo")],
    "engine_socket": os.path.exists("/var/run/docker.sock"),
}))
"""


def inspected(client: docker.DockerClient, container: Container) -> dict[str, Any]:
    found: dict[str, Any] = client.api.inspect_container(container.id)
    return found


def seen_inside(world: World, **changes: object) -> dict[str, Any]:
    spec = world.spec_with(command=("python3", "-c", LOOK_INSIDE), **changes)
    with world.launch(spec) as container:
        end = time.monotonic() + 60
        while container.state().status is not ContainerStatus.EXITED and time.monotonic() < end:
            time.sleep(0.05)
        seen: dict[str, Any] = json.loads(container.logs(100).splitlines()[-1])
        return seen


def test_the_engine_was_told_all_of_the_security_model(docker_world: World, docker_client: docker.DockerClient) -> None:
    spec = plan_launch(
        Space(id="contract", docker_image=docker_world.spec.image),
        Request(space="contract"),
        LaunchDefaults(memory_bytes=512 * 1024**2, cpus=0.5, pids_limit=100, hf_cache="none"),
        RunIdentity(run_id=docker_world.run_id, owner=own_name()),
    )
    with docker_world.launch(spec) as container:
        found = inspected(docker_client, container)
    host = found["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Memory"] == host["MemorySwap"] == 512 * 1024**2
    assert host["PidsLimit"] == 100
    assert host["NanoCpus"] == 500_000_000
    assert host["Init"] is True
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10485760", "max-file": "1"}}
    assert host["PortBindings"] == {"7860/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}
    assert host["ExtraHosts"] == ["api.gradio.app:127.0.0.1"]
    assert host["RestartPolicy"]["Name"] in {"", "no"}
    unwanted = ("Privileged", "PublishAllPorts", "Devices", "DeviceRequests", "Binds", "VolumesFrom", "GroupAdd")
    assert [name for name in unwanted if host[name]] == []
    assert found["Mounts"] == []
    assert {host["PidMode"], host["UTSMode"], host["UsernsMode"]} == {""}
    assert host["IpcMode"] == "private"
    network = docker_client.api.inspect_network(host["NetworkMode"])
    assert network["Name"] == "hf-spaces-runner-open"
    assert network["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert found["NetworkSettings"]["Ports"] == {"7860/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(container.port)}]}


def test_inside_there_are_no_privileges_and_no_more_can_be_got(docker_world: World) -> None:
    seen = seen_inside(docker_world)
    assert set(seen["capabilities"].values()) == {"0000000000000000"}
    assert seen["no_new_privileges"] == "1"
    assert seen["seccomp"] == "2"
    assert not seen["engine_socket"]
    assert "init" in seen["first_process"]


def test_a_capability_that_the_entry_names_is_the_only_one(docker_world: World) -> None:
    seen = seen_inside(docker_world, cap_add=("NET_RAW",))
    assert int(seen["capabilities"]["CapBnd"], 16) == 1 << 13


def test_inside_is_nothing_of_the_host_even_where_the_docker_client_has_a_proxy(
    docker_world: World, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies = {"httpProxy": "http://user:pw@proxy.example:1", "httpsProxy": "http://proxy.example:1", "noProxy": "x"}
    config = private_home / "docker" / "config.json"
    config.write_text(json.dumps({"proxies": {"default": proxies}}), encoding="utf-8")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:1")
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_host")
    # A client of its own: it reads its configuration once, when it is made.
    client = docker.from_env()
    try:
        with_proxy = World(engine=type(docker_world.engine)(client), spec=docker_world.spec)  # type: ignore[call-arg]
        assert vars(client.api)["_general_configs"]["proxies"]
        variables = seen_inside(with_proxy, environment={"OWN": "1"})["environment"]
    finally:
        client.close()
    assert variables["OWN"] == "1"
    assert not [name for name in variables if "proxy" in name.lower()]
    assert not [value for value in variables.values() if "proxy.example" in value or "hf_of_the_host" in value]


def test_the_share_host_is_a_dead_end(docker_world: World) -> None:
    assert seen_inside(docker_world, extra_hosts={"api.gradio.app": "127.0.0.1"})["share_host"] == "127.0.0.1"


@pytest.mark.parametrize("read_only", [False, True])
def test_a_volume_has_a_folder_that_anybody_may_write_to(
    docker_world: World, docker_client: docker.DockerClient, read_only: bool
) -> None:
    name = docker_world.spec.name
    volume = VolumeMount(name=name, target="/cache", open_directory="open")
    tmpfs = {"/tmp": "rw,exec,nosuid,nodev,mode=1777"} if read_only else {}  # noqa: S108 - the container's
    try:
        as_root = seen_inside(docker_world, volumes=(volume,), read_only=read_only, tmpfs=tmpfs)
        assert as_root["written"]["/cache/open/x"] is True
        assert as_root["written"][IN_TMP] is True
        assert (as_root["written"]["/x"] is True) is not read_only
        assert "/cache" in as_root["mounts"]
        labels = docker_client.api.inspect_volume(name)["Labels"]
        assert labels == {"hf-spaces-runner.volume": name}
        image = docker_client.containers.create(
            docker_world.spec.image, user="1000:1000", labels=dict(docker_world.spec.labels)
        )
        repository, tag = f"{docker_world.spec.image.rsplit(':', 1)[0]}-1000", "user"
        image.commit(repository=repository, tag=tag, changes="USER 1000:1000")
        image.remove()
        try:
            as_user = seen_inside(docker_world, image=f"{repository}:{tag}", volumes=(volume,))
        finally:
            docker_client.images.remove(f"{repository}:{tag}", force=True)
        # What root left there belongs to root, and the folder is sticky, as /tmp is.
        assert as_user["written"]["/cache/open/x"] == "Permission denied"
        assert as_user["written"]["/cache/x"] == "Permission denied"
        assert as_user["written"][IN_TMP] is True
    finally:
        docker_world.engine.remove_volume(name)


def test_memory_beyond_the_cap_ends_it_and_shows(docker_world: World) -> None:
    spec = docker_world.spec_with(
        command=("python3", "-c", "x = bytearray(500 * 1024 ** 2); print(len(x))"), memory_bytes=64 * 1024**2
    )
    with docker_world.launch(spec) as container:
        end = time.monotonic() + 60
        while container.state().status is not ContainerStatus.EXITED and time.monotonic() < end:
            time.sleep(0.05)
        state = container.state()
    assert (state.oom_killed, state.exit_code) == (True, 137)


def test_a_container_that_only_inherits_our_labels_from_its_image_is_not_ours(
    docker_world: World, docker_client: docker.DockerClient
) -> None:
    labels = {"hf-spaces-runner.run": "20260101-000000-abcdef", "hf-spaces-runner.test": "yes"}
    foreign = docker_client.containers.create(docker_world.spec.image, labels=labels)
    try:
        assert foreign.name not in {container.name for container in docker_world.engine.containers()}
    finally:
        foreign.remove(force=True)
