from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.domain.finding import Finding, Health, worst
from hf_spaces_runner.domain.machine import (
    EngineFacts,
    FolderFacts,
    ImageRegistryFacts,
    LeftBehind,
    Login,
    MachineFacts,
    Problem,
    RegistryFacts,
)
from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.diagnosis import diagnose
from hf_spaces_runner.planning.facts import Facts

GIB = 1024**3
HUB = "registry.hf.space"
PULLED = Space(id="clip", docker_image=f"{HUB}/openai-clip:latest", memory_bytes=4 * GIB)
BUILT = Space(id="mood", docker_image="hf-spaces-runner/mood:latest", source=Path("/registry/spaces/mood"))

ENGINE = EngineFacts(
    address="unix:///var/run/docker.sock",
    product="Docker",
    version="28.0.1",
    api_version="1.48",
    os_type="linux",
    architecture="x86_64",
    storage_driver="overlay2",
    security=("name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"),
    live_restore=False,
    cgroup_version="2",
    cgroup_driver="systemd",
    missing_limits=(),
    warnings=(),
    gives_gpus=False,
    memory_bytes=16 * GIB,
    data_folder="/var/lib/docker",
    local=True,
    emulates_amd64=False,
    images=frozenset({f"{HUB}/openai-clip:latest", "hf-spaces-runner/mood:0123456789ab"}),
    plain_hosts=frozenset(),
)
FOLDER = FolderFacts(name="state", path=Path("/home/me/state"), refusal="", free_bytes=9 * GIB, file_system="ext4")
MACHINE = MachineFacts(free_memory_bytes=8 * GIB, gpus=0, folders=(FOLDER,))
IMAGE_REGISTRY = ImageRegistryFacts(host=HUB, answer=401, wants_login=False, login=Login.ACCEPTED, token=True)
LEFT_BEHIND = LeftBehind(leftovers=0, leftover_bytes=0, caches=2, cache_bytes=3 * GIB)
FACTS = Facts(
    version="1.2.3",
    python_version="3.11.2",
    settings=Settings(),
    settings_problem=None,
    origins={"memory": "default"},
    registry=RegistryFacts(known=2, spaces=(PULLED, BUILT)),
    certificates=140,
    machine=MACHINE,
    engine=ENGINE,
    disk_free_bytes=50 * GIB,
    image_registry=IMAGE_REGISTRY,
    left_behind=LEFT_BEHIND,
)
PROBLEM = Problem(message="what was observed", fix="what to do")
NAMES = [
    "hfsr",
    "settings",
    "registry",
    "ca_bundle",
    "state_folder",
    "engine",
    "engine_version",
    "containers",
    "architecture",
    "storage_driver",
    "engine_warnings",
    "seccomp",
    "access_control",
    "no_new_privileges",
    "user_namespace",
    "live_restore",
    "cgroup",
    "limits",
    "memory",
    "free_memory",
    "engine_disk",
    "gpu",
    "image_registry",
    "login",
    "leftovers",
    "model_caches",
]


def engine(**changes: Any) -> Facts:
    return replace(FACTS, engine=replace(ENGINE, **changes))


def machine(**changes: Any) -> Facts:
    return replace(FACTS, machine=replace(MACHINE, **changes))


def folder(**changes: Any) -> Facts:
    return machine(folders=(replace(FOLDER, **changes),))


def settings(**changes: Any) -> Facts:
    return replace(FACTS, settings=Settings(**changes))


def image_registry(**changes: Any) -> Facts:
    return replace(FACTS, image_registry=replace(IMAGE_REGISTRY, **changes))


def found(facts: Facts, name: str) -> Finding:
    return next(finding for finding in diagnose(facts) if finding.name == name)


def test_a_machine_without_a_fault_has_a_good_line_for_each_thing() -> None:
    findings = diagnose(FACTS)
    assert [finding.name for finding in findings] == NAMES
    assert [finding for finding in findings if finding.status is not Health.OK or finding.fix] == []
    assert worst(findings) is Health.OK


@pytest.mark.parametrize(
    ("facts", "name", "status", "message", "fix"),
    [
        (replace(FACTS, settings_problem=PROBLEM), "settings", "fail", "what was observed\nall else", "what to do"),
        (replace(FACTS, registry=PROBLEM), "registry", "fail", "what was observed", "what to do"),
        (
            replace(FACTS, registry=RegistryFacts(known=1, spaces=(), faults=("r.yaml:1:1: a", "r.yaml:2:1: b"))),
            "registry",
            "warn",
            "1 Spaces; 2 faults, first: r.yaml:1:1: a",
            "hfsr registry validate",
        ),
        (replace(FACTS, certificates=PROBLEM), "ca_bundle", "fail", "what was observed", "what to do"),
        (folder(refusal="Read-only file system"), "state_folder", "fail", "/home/me/state: Read-only", "HFSR_HOME"),
        (folder(free_bytes=GIB - 1), "state_folder", "warn", "only 1024.0 MiB free", "HFSR_HOME"),
        (folder(file_system="nfs4"), "state_folder", "warn", "network file system (nfs4)", "local disk"),
        (replace(FACTS, engine=PROBLEM), "engine", "fail", "what was observed", "what to do"),
        (engine(version="19.03.15"), "engine_version", "warn", "Docker 19.03.15, API 1.48 is older", "upgrade"),
        (engine(os_type="windows"), "containers", "fail", "containers of windows", "Linux containers"),
        (engine(os_type=""), "containers", "fail", "an unknown system", "Linux containers"),
        (engine(architecture="aarch64"), "architecture", "warn", "aarch64, and images", "binfmt"),
        (engine(storage_driver="vfs"), "storage_driver", "warn", "copies the whole image", "overlay2"),
        (
            engine(warnings=("WARNING: API is accessible on http://0.0.0.0:2375",)),
            "engine_warnings",
            "warn",
            "it warns: API is",
            "docker info",
        ),
        (engine(security=("name=apparmor",)), "seccomp", "warn", "not supported", "SECCOMP"),
        (engine(security=("name=seccomp,profile=unconfined",)), "seccomp", "warn", "no profile", "seccomp-profile"),
        (engine(security=("name=seccomp,profile=default",)), "access_control", "warn", "neither AppArmor", "apparmor"),
        (engine(api_version="1.22"), "no_new_privileges", "fail", "API 1.22", "upgrade"),
        (engine(missing_limits=("swap",)), "limits", "warn", "caps of swap", "cgroup.controllers"),
        (
            engine(missing_limits=("memory", "swap"), cgroup_version="1"),
            "limits",
            "warn",
            "memory, swap",
            "swapaccount=1",
        ),
        (
            engine(missing_limits=("memory",), cgroup_version="1", security=("name=rootless",)),
            "limits",
            "warn",
            "memory",
            "cgroup version 2",
        ),
        (engine(missing_limits=("CPU",), security=("name=rootless",)), "limits", "warn", "caps of CPU", "Delegate="),
        (engine(memory_bytes=3 * GIB), "memory", "warn", "clip has a cap of 4 GiB: it never starts", "more memory"),
        (engine(memory_bytes=5 * GIB), "memory", "warn", "some will wait", "HFSR_MAX_RUNNING=2"),
        (engine(memory_bytes=GIB), "memory", "fail", "none starts", "HFSR_MEMORY=512m"),
        (settings(memory_budget=GIB), "memory", "fail", "Spaces may have 1 GiB", "memory_budget"),
        (settings(max_running=9), "memory", "warn", "9 at once", "HFSR_MAX_RUNNING=8"),
        (machine(free_memory_bytes=GIB), "free_memory", "warn", "1 GiB free now, less than", "docker stats"),
        (replace(FACTS, disk_free_bytes=GIB - 1), "engine_disk", "fail", "/var/lib/docker", "hfsr cleanup"),
        (
            replace(engine(images=frozenset()), disk_free_bytes=3 * GIB - 1),
            "engine_disk",
            "warn",
            "2 images of the registry not here yet, 2 GiB",
            "docker image prune",
        ),
        (machine(gpus=1), "gpu", "warn", "cannot give it", "nvidia-ctk"),
        (
            image_registry(answer=PROBLEM),
            "image_registry",
            "warn",
            "what was observed; Spaces that are built",
            "what to do",
        ),
        (image_registry(answer=302), "image_registry", "warn", "answers 302", "proxy"),
        (image_registry(login=PROBLEM), "login", "warn", "what was observed", "what to do"),
        (
            image_registry(login=Login.REFUSED),
            "login",
            "warn",
            "refuses the login",
            f"docker logout {HUB}, then docker login {HUB}",
        ),
        (
            image_registry(login=Login.NONE, wants_login=True),
            "login",
            "warn",
            "wants a login",
            f"docker login {HUB} with",
        ),
        (
            image_registry(login=Login.ACCEPTED, token=False),
            "login",
            "warn",
            "does not look like a Hub token",
            "not your password",
        ),
        (
            image_registry(login=Login.UNTRIED, token=False),
            "login",
            "warn",
            "does not look like a Hub token",
            "docker logout",
        ),
        (replace(FACTS, left_behind=PROBLEM), "leftovers", "warn", "what was observed", "what to do"),
        (
            replace(FACTS, left_behind=replace(LEFT_BEHIND, leftovers=3, leftover_bytes=GIB)),
            "leftovers",
            "warn",
            "3 containers or scratch folders of runs that ended, 1 GiB",
            "hfsr cleanup",
        ),
    ],
)
def test_a_fault_is_a_line_with_its_fix(facts: Facts, name: str, status: str, message: str, fix: str) -> None:
    finding = found(facts, name)
    assert finding.status == status
    assert message in finding.message
    assert fix in (finding.fix or "")
    assert worst(diagnose(facts)) == status


@pytest.mark.parametrize(
    ("facts", "name", "message"),
    [
        (
            replace(FACTS, origins={"memory": "HFSR_MEMORY", "pull": "/x/config.toml", "cpus": "default"}),
            "settings",
            "set by you: memory, pull",
        ),
        (settings(registry=Path("/mine.yaml")), "registry", "2 Spaces, /mine.yaml laid over"),
        (replace(FACTS, certificates=None), "ca_bundle", "none found"),
        (folder(free_bytes=None, file_system=""), "state_folder", "/home/me/state: can be written"),
        (engine(product="Podman", version="5.4.0"), "engine_version", "Podman 5.4.0"),
        (engine(version="dev"), "engine_version", "Docker dev"),
        (
            engine(security=("name=rootless", "name=seccomp,profile=builtin")),
            "engine",
            "rootless Docker answers at unix:",
        ),
        (engine(architecture="aarch64", emulates_amd64=True), "architecture", "by emulation"),
        (
            engine(
                warnings=(
                    "WARNING: bridge-nf-call-iptables is disabled",
                    "WARNING: No swap limit support",
                    "WARNING: No blkio throttle.read_bps_device support",
                    "WARNING: No cpu cfs quota support",
                )
            ),
            "engine_warnings",
            "nothing",
        ),
        (engine(security=("name=selinux",)), "access_control", "SELinux"),
        (engine(product="Docker Desktop", security=()), "access_control", "a virtual machine"),
        (engine(security=("name=rootless",)), "user_namespace", "rootless"),
        (engine(security=("name=userns",)), "user_namespace", "userns-remap"),
        (engine(live_restore=True), "live_restore", "outlive"),
        (engine(cgroup_version="", cgroup_driver=""), "cgroup", "unknown"),
        (engine(memory_bytes=0), "memory", "unknown"),
        (replace(FACTS, registry=RegistryFacts(known=0, spaces=())), "memory", "the largest cap is 2 GiB"),
        (replace(FACTS, disk_free_bytes=None), "engine_disk", "unknown"),
        (
            replace(engine(images=frozenset({f"{HUB}/openai-clip:latest"})), disk_free_bytes=2 * GIB),
            "engine_disk",
            "1 image of",
        ),
        (engine(gives_gpus=True), "gpu", "can give NVIDIA GPUs"),
        (image_registry(answer=200, login=Login.NONE), "login", "private Spaces cannot"),
        (image_registry(host="mirror.example", token=False), "login", "mirror.example accepts it"),
        (image_registry(login=Login.UNTRIED), "login", "was not tried"),
        (replace(FACTS, left_behind=replace(LEFT_BEHIND, caches=0)), "model_caches", "none"),
        (FACTS, "model_caches", "2 volumes, 3 GiB in all"),
    ],
)
def test_what_is_no_fault_is_said_all_the_same(facts: Facts, name: str, message: str) -> None:
    finding = found(facts, name)
    assert (finding.status, finding.fix) == (Health.OK, None)
    assert message in finding.message


def test_without_an_engine_everything_else_is_looked_at() -> None:
    findings = diagnose(replace(FACTS, engine=PROBLEM, disk_free_bytes=None, left_behind=None))
    assert [finding.name for finding in findings] == [*NAMES[:6], "image_registry", "login"]


def test_free_memory_matters_only_where_the_engine_is_on_this_machine() -> None:
    for facts in (engine(local=False), machine(free_memory_bytes=None)):
        assert "free_memory" not in [finding.name for finding in diagnose(facts)]


@pytest.mark.parametrize(
    ("setting", "images", "missing"),
    [
        (HUB, (), 2),
        (HUB, (f"{HUB}/openai-clip:latest",), 1),
        (HUB, (f"{HUB}/openai-clip:other",), 2),
        ("mirror.example:5000", (f"{HUB}/openai-clip:latest",), 2),
        ("mirror.example:5000", ("mirror.example:5000/openai-clip:latest", "hf-spaces-runner/mood:ab"), 0),
    ],
)
def test_images_that_are_here_are_known_by_their_names(setting: str, images: tuple[str, ...], missing: int) -> None:
    facts = replace(engine(images=frozenset(images)), settings=Settings(image_registry=setting))
    assert facts.missing_images == missing


def test_the_worst_finding_decides() -> None:
    findings = [Finding(name="x", status=status, message="") for status in (Health.WARN, Health.FAIL, Health.OK)]
    assert worst(findings) is Health.FAIL
    assert worst(findings[:1] + findings[2:]) is Health.WARN
    assert worst([]) is Health.OK
