"""`hfsr registry check` against a real image registry: what it says, and what the entries say afterwards."""

import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tests.engine.command_line import HFSR, Ended, hfsr
from tests.engine.image_registry import (
    ImageRegistry,
    Proxy,
    forget,
    image_registry,
    image_registry_image,
    log_in,
    running_proxy,
)
from tests.unit.registry.registry_texts import entry

__all__ = ["image_registry", "image_registry_image"]  # fixtures

pytestmark = pytest.mark.engine

Check = Callable[..., Ended]


@pytest.fixture
def proxy(image_registry: ImageRegistry) -> Iterator[Proxy]:
    with running_proxy(image_registry.host) as proxy:
        yield proxy


@pytest.fixture
def environment(
    image_registry: ImageRegistry, proxy: Proxy, docker_client: docker.DockerClient, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """Return an environment with a registry of four entries; two of their images are there, one for another machine."""
    log_in(proxy.host)
    there, _ = image_registry.put("there", os.urandom(300_000))
    arm, _ = image_registry.put("arm", architecture="arm64", content=b"arm")
    texts = [
        entry(name).replace("hf.space/x", f"hf.space/{name}").replace("status: available", "status: unverified")
        for name in ("there", "absent", "arm")
    ]
    disabled = entry("left-alone").replace("hf.space/x", "hf.space/there:latest").replace(":latest:latest", ":latest")
    texts.append(disabled.replace("status: available", "status: disabled"))
    (tmp_path / "own.yaml").write_text("spaces:\n" + "".join(texts), encoding="utf-8")
    yield {"HFSR_REGISTRY": str(tmp_path / "own.yaml"), "HFSR_IMAGE_REGISTRY": proxy.host}
    for reference in (there, arm):
        forget(docker_client, reference)


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Check:
    """Return what runs a command with that registry."""

    def run(*arguments: str, **more: str) -> Ended:
        return hfsr(*arguments, directory=tmp_path, environment=environment | more)

    return run


def statuses(run: Check) -> dict[str, str]:
    return {line.split("\t")[0]: line.split("\t")[3] for line in run("list").stdout.splitlines()}


def test_what_is_there_and_what_is_not(run: Check, proxy: Proxy) -> None:
    ended = run("registry", "check", "there", "absent", "arm", "vader-sentiment")
    assert ended.exit_code == 1
    there, absent, arm = (line.split("\t") for line in ended.stdout.splitlines())
    assert (there[:2], there[3:]) == (["there", "available"], ["amd64", ""])
    assert "KiB" in there[2]
    assert (absent[:4], absent[4]) == (["absent", "gone", "", ""], f"{proxy.host} has no such image")
    assert (arm[:2], arm[3]) == (["arm", "wrong_architecture"], "arm64")
    assert ended.stderr == "Built here, so nobody was asked: vader-sentiment\n"


def test_entries_follow_what_was_found(run: Check) -> None:
    assert {statuses(run)[name] for name in ("there", "absent", "arm")} == {"unverified"}
    run("registry", "check", "there", "absent", "arm")
    after = statuses(run)
    assert [after[name] for name in ("there", "absent", "arm")] == ["available", "unavailable", "unavailable"]
    assert "to pull; checked " in run("info", "there").stdout
    assert "has no such image; checked " in run("info", "absent").stdout
    shown = run("info", "there", "--json").json
    assert (shown["status"], shown["check"]["status"], shown["check"]["architectures"]) == (
        "available",
        "available",
        ["amd64"],
    )
    assert shown["check"]["compressed_bytes"] > 300_000
    assert shown["check"]["digest"].startswith("sha256:")
    assert shown["check"]["checked_at"].endswith("Z")


def test_the_users_word_counts_more_than_a_check(run: Check) -> None:
    run("registry", "check", "there", "absent")
    assert statuses(run)["left-alone"] == "disabled"
    run("registry", "edit-status", "absent", "verified")
    assert statuses(run)["absent"] == "verified"
    assert run("info", "absent", "--json").json["check"] is None
    run("registry", "check", "absent")
    assert statuses(run)["absent"] == "verified"  # a word of the user's own


def test_without_a_login_it_says_what_to_do(run: Check, proxy: Proxy) -> None:
    Path(os.environ["DOCKER_CONFIG"], "config.json").unlink()
    ended = run("registry", "check", "there", "--json")
    assert ended.exit_code == 1
    (check,) = ended.json["checks"]
    assert (check["space"], check["status"], check["image"]) == ("there", "needs_login", f"{proxy.host}/there:latest")
    assert f"docker login {proxy.host}" in check["message"]
    assert statuses(run)["there"] == "needs-login"
    log_in(proxy.host, "wrong-password")
    ended = run("registry", "check", "there")
    assert ended.stdout.startswith("there\trefused\t")
    assert "wrong-password" not in ended.stdout + ended.stderr


def test_a_registry_that_is_out_of_reach_changes_nothing(run: Check) -> None:
    run("registry", "check", "there", "absent")
    before = statuses(run)
    ended = run("registry", "check", "there", "absent", HFSR_IMAGE_REGISTRY="127.0.0.1:9")
    assert ended.exit_code == 1
    assert [line.split("\t")[:2] for line in ended.stdout.splitlines()] == [
        ["there", "unreachable"],
        ["absent", "unreachable"],
    ]
    assert "Connection refused" in ended.stdout
    assert statuses(run) == before


def test_exit_codes_and_json(run: Check, proxy: Proxy) -> None:
    ended = run("registry", "check", "there", "--json")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.json["built_here"] == []
    assert set(ended.json["checks"][0]) == {
        "space",
        "image",
        "status",
        "digest",
        "compressed_bytes",
        "architectures",
        "message",
    }
    ended = run("registry", "check", "vader-sentiment", "--json")
    assert (ended.exit_code, ended.json) == (0, {"checks": [], "built_here": ["vader-sentiment"]})
    asked = len(proxy.requests)
    assert run("registry", "check", "there", "no-such-space").exit_code == 3
    assert len(proxy.requests) == asked


def test_without_names_all_entries_are_asked_for(run: Check, proxy: Proxy) -> None:
    ended = run("registry", "check")
    assert ended.exit_code == 1
    names = [line.split("\t")[0] for line in ended.stdout.splitlines()]
    assert names[:4] == ["there", "absent", "arm", "left-alone"]
    assert "whisper-transcription" in names
    assert "vader-sentiment" in ended.stderr
    assert "/v2/openai-whisper/manifests/latest" in [path for _, path, _ in proxy.requests]
    assert proxy.served("/v2/there/manifests/") == ["/v2/there/manifests/latest"]  # two entries have this image


def test_a_bar_is_drawn_on_a_terminal_only(environment: dict[str, str], tmp_path: Path) -> None:
    def said(*, on_a_terminal: bool) -> bytes:
        screen, line = pty.openpty() if on_a_terminal else os.pipe()
        with subprocess.Popen(
            [*HFSR, "registry", "check", "there"],
            cwd=tmp_path,
            env={**os.environ, **environment, "TERM": "xterm"},
            stdout=subprocess.DEVNULL,
            stderr=line,
            stdin=subprocess.DEVNULL,
        ) as process:
            os.close(line)
            text = b""
            try:
                while piece := os.read(screen, 4096):
                    text += piece
            except OSError:  # how the end of a terminal reads
                pass
        os.close(screen)
        assert process.returncode == 0
        return text

    assert b"Checking" in said(on_a_terminal=True)
    assert said(on_a_terminal=False) == b""
