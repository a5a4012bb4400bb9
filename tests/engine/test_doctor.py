"""The doctor on a real engine and before a real image registry: what is in order, and what is made to be out of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.runner import Runner
from tests.engine.command_line import Ended, hfsr
from tests.engine.image_registry import (
    PASSWORD,
    ImageRegistry,
    image_registry,
    image_registry_image,
    log_in,
    running_registry,
)

__all__ = ["image_registry", "image_registry_image"]  # fixtures

pytestmark = pytest.mark.engine

CLOSED = {"HFSR_IMAGE_REGISTRY": "127.0.0.1:1"}
OF_THE_ENGINE = {
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
    "engine_disk",
    "gpu",
    "leftovers",
    "model_caches",
}

Doctor = Callable[..., tuple[Ended, dict[str, dict[str, Any]]]]


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    def run(**environment: str) -> tuple[Ended, dict[str, dict[str, Any]]]:
        ended = hfsr("doctor", "--json", directory=tmp_path, environment={**CLOSED, **environment})
        return ended, {check["name"]: check for check in ended.json["checks"]}

    return run


def test_an_engine_that_answers_is_in_order(doctor: Doctor, docker_client: docker.DockerClient) -> None:
    ended, checks = doctor()
    assert set(checks) >= OF_THE_ENGINE
    for name in ("hfsr", "settings", "registry", "engine", "engine_version", "containers", "no_new_privileges"):
        assert checks[name]["status"] == "ok", checks[name]
    assert docker_client.version()["Version"] in checks["engine_version"]["message"]
    worst = "fail" if any(check["status"] == "fail" for check in checks.values()) else "warn"
    assert (ended.json["status"], ended.exit_code) == (worst, 1 if worst == "fail" else 0)


def test_the_library_gives_the_same(doctor: Doctor) -> None:
    _, checks = doctor()
    findings = Runner.diagnose({**os.environ, **CLOSED})
    assert [finding.name for finding in findings] == list(checks)


def test_it_changes_nothing(doctor: Doctor, private_home: Path) -> None:
    home = private_home / "new"
    doctor(HFSR_HOME=str(home))
    assert not (home / "state").exists()
    what_was_read = home / "cache" / "registry"
    assert [path for path in home.rglob("*") if path.is_file() and what_was_read not in path.parents] == []


def test_caps_that_no_memory_is_left_for(doctor: Doctor) -> None:
    ended, checks = doctor(HFSR_MEMORY_BUDGET="512m")
    assert ended.exit_code == 1
    assert checks["memory"]["status"] == "fail"
    assert checks["memory"]["message"] == "Spaces may have 512 MiB, and each has a cap of 2 GiB: none starts"
    assert "HFSR_MEMORY=256m" in checks["memory"]["fix"]


def test_a_disk_that_is_never_large_enough(doctor: Doctor) -> None:
    _, checks = doctor(HFSR_DISK_RESERVE="1000000t")
    assert checks["state_folder"]["status"] == checks["cache_folder"]["status"] == "warn"
    # The disk of an engine in a virtual machine cannot be seen.
    assert checks["engine_disk"]["status"] == "fail" or checks["engine_disk"]["message"].startswith("unknown")


def test_what_a_dead_process_left_is_shown_and_stays_for_cleanup(
    doctor: Doctor, private_home: Path, tmp_path: Path
) -> None:
    dead = f"{own_name().rpartition(':')[0]}:1"
    left = private_home / "hfsr" / "cache" / "scratch" / f"20260101-120000-abcdef~{dead}"
    left.mkdir(parents=True)
    (left / "photo.jpg").write_bytes(b"x" * 2048)
    _, checks = doctor()
    assert checks["leftovers"]["status"] == "warn"
    assert "hfsr cleanup" in checks["leftovers"]["fix"]
    assert left.is_dir()
    hfsr("cleanup", directory=tmp_path)
    assert not left.exists()


def test_an_image_registry_that_wants_a_login(doctor: Doctor, image_registry: ImageRegistry) -> None:
    _, checks = doctor(HFSR_IMAGE_REGISTRY=image_registry.host)
    assert checks["image_registry"]["status"] == "ok"
    assert checks["login"]["status"] == "warn"
    assert f"{image_registry.host} wants a login" in checks["login"]["message"]
    assert f"docker login {image_registry.host}" in checks["login"]["fix"]


def test_an_image_registry_that_accepts_the_login(doctor: Doctor, image_registry: ImageRegistry) -> None:
    log_in(image_registry.host)
    ended, checks = doctor(HFSR_IMAGE_REGISTRY=image_registry.host)
    assert (checks["image_registry"]["status"], checks["login"]["status"]) == ("ok", "ok")
    assert checks["login"]["message"] == f"{image_registry.host} accepts it"
    assert PASSWORD not in ended.stdout + ended.stderr


def test_an_image_registry_that_refuses_the_login(doctor: Doctor, image_registry: ImageRegistry) -> None:
    log_in(image_registry.host, "wrong-password")
    ended, checks = doctor(HFSR_IMAGE_REGISTRY=image_registry.host)
    assert (checks["image_registry"]["status"], checks["login"]["status"]) == ("ok", "warn")
    assert f"{image_registry.host} refuses the login" in checks["login"]["message"]
    assert f"docker logout {image_registry.host}, then docker login" in checks["login"]["fix"]
    assert "wrong-password" not in ended.stdout + ended.stderr


def test_an_image_registry_that_has_stopped(
    doctor: Doctor, docker_client: docker.DockerClient, image_registry_image: str
) -> None:
    with running_registry(docker_client, image_registry_image) as registry:
        host = registry.host
        assert doctor(HFSR_IMAGE_REGISTRY=host)[1]["image_registry"]["status"] == "ok"
    log_in(host)
    ended, checks = doctor(HFSR_IMAGE_REGISTRY=host)
    assert checks["image_registry"]["status"] == "warn"
    assert f"{host} cannot be reached from here: Connection refused" in checks["image_registry"]["message"]
    assert (checks["login"]["status"], checks["login"]["message"]) == (
        "ok",
        f"there is one for {host}; it was not tried",
    )
    assert PASSWORD not in ended.stdout
