"""How pip is called: the hash sees no cache, and no Space sees the cache of another."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from hf_spaces_runner.planning.pip_command import Pip


def cache_of(step: str) -> str:
    found = re.search(r"--mount=type=cache,id=([^,\s]+),", step)
    assert found is not None, step
    return found[1]


def test_without_buildkit_nothing_is_cached() -> None:
    assert Pip().install("x") == (
        "RUN python -m pip install --no-cache-dir --disable-pip-version-check --no-input --progress-bar off x"
    )
    assert Pip().install("x", ours=True) == Pip().install("x")


def test_a_cache_leaves_nothing_in_the_image() -> None:
    step = Pip(with_ca_bundle=True).cached_for("hf-spaces-runner/a").install("x")
    assert step.startswith(
        "RUN --mount=type=cache,id=hf-spaces-runner-pip-hf-spaces-runner/a,target=/mnt,uid=1000,gid=1000 PIP_CERT="
    )
    assert " --cache-dir /mnt " in step
    assert "--no-cache-dir" not in step


def test_spaces_share_a_cache_only_before_their_code_runs() -> None:
    one, other = (Pip().cached_for(f"hf-spaces-runner/{name}") for name in ("one", "other"))
    assert cache_of(one.install("gradio", ours=True)) == cache_of(other.install("gradio", ours=True))
    caches = {cache_of(one.install("x")), cache_of(other.install("x")), cache_of(one.install("gradio", ours=True))}
    assert len(caches) == 3


def test_the_packages_of_a_day_are_installed_by_uv() -> None:
    pip = Pip(before=datetime(2024, 5, 2, tzinfo=UTC), with_ca_bundle=True)
    step = pip.install("--requirement", "/r.txt", "gradio==4.0.0")
    assert " python -m uv pip install --exclude-newer 2024-05-02T00:00:00Z --no-cache-dir " in step
    assert step.endswith(" --requirement /r.txt gradio==4.0.0")
    assert "SSL_CERT_FILE=" in step
    assert "$PIP_INDEX_URL" in step.replace("{", "").replace("}", "")
    (own,) = pip.itself()
    assert own.endswith("--progress-bar off uv")
    assert "python -m pip install" in own
    assert Pip().itself() == []


def test_the_caches_of_uv_are_others_than_those_of_pip() -> None:
    pip = Pip().cached_for("hf-spaces-runner/a")
    of_day = replace(pip, before=datetime(2024, 5, 2, tzinfo=UTC))
    caches = {cache_of(made.install("x", ours=ours)) for made in (pip, of_day) for ours in (True, False)}
    assert len(caches) == 4
    assert " --cache-dir /mnt " in of_day.install("x")
