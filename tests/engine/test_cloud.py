"""Real Gradio apps, behind TLS with the name of a Space on the Hub, answer there as they do on loopback."""

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.cli.main import cli
from hf_spaces_runner.cloud.remote_space import RemoteSpaceCaller
from hf_spaces_runner.cloud.trust import trusted
from hf_spaces_runner.domain.api import Api
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import CallTimeoutError
from tests.engine.apps import GradioApps
from tests.engine.command_line import NO_MODEL_CACHE, hfsr
from tests.engine.oracle.answers import of_ours
from tests.engine.oracle.calls import PICTURE, VERSIONS
from tests.fakes.cloud import gate
from tests.one_call import call_once

pytestmark = pytest.mark.engine

HOST = "user-app.hf.space"
URL = f"https://{HOST}"
CALLS = (
    Call(prompt="über TLS", endpoint="/stream"),
    Call(inputs=(InputValue(path=PICTURE),), endpoint="/image"),
)


def remotely(ca: Path) -> Caller:
    return RemoteSpaceCaller(
        lambda _kind, _api, remote: GradioCaller(remote=remote),
        trust=lambda: trusted(ca),
        token=Secret("hf_made_up"),
        api=Api(),
    )


def ask(caller: Caller, url: str, scratch: Path, *calls: Call, limit_s: float = 60) -> list[list[object]]:
    answers = []
    for number, call in enumerate(calls):
        folder = scratch / str(number)
        folder.mkdir(parents=True)
        answers.append(of_ours(call_once(caller, url, call, folder, Deadline.after(limit_s, time.monotonic))))
    return answers


@pytest.mark.parametrize("version", VERSIONS)
def test_each_generation_answers_the_same_over_tls(
    version: str, gradio_apps: GradioApps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = gradio_apps.base_url(version, "components")
    plain = ask(GradioCaller(), own, tmp_path / "plain", *CALLS)
    with gate(tmp_path, monkeypatch, urlsplit(own).port or 0, HOST) as ca:
        secured = ask(remotely(ca), URL, tmp_path / "secured", *CALLS)
    assert secured == plain
    assert plain[0][0] == "über TLS"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_given_up_ends_on_the_server(
    version: str, gradio_apps: GradioApps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = urlsplit(gradio_apps.base_url(version, "components")).port or 0
    slow, quick = Call(prompt="x" * 800, endpoint="/stream"), Call(prompt="abc", endpoint="/stream")
    with gate(tmp_path, monkeypatch, port, HOST) as ca:
        with pytest.raises(CallTimeoutError, match="the function was running"):
            ask(remotely(ca), URL, tmp_path / "slow", slow, limit_s=1.5)
        # It takes one call at a time: the next one would wait 40 s, had the first not ended there as well.
        assert ask(remotely(ca), URL, tmp_path / "quick", quick, limit_s=25) == [["abc"]]


def test_a_bundled_space_stands_in_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    up = hfsr("up", "vader-sentiment", "--json", directory=tmp_path, environment=NO_MODEL_CACHE)
    assert up.exit_code == 0, up.stderr
    try:
        with gate(tmp_path, monkeypatch, up.json["port"], HOST) as ca:
            ended = CliRunner().invoke(
                cli,
                ("run", "I love it", "--hf-space", "vader-sentiment", "--tier", "cloud", "--json"),
                env={
                    "HFSR_CLOUD_SPACES": f"vader-sentiment={URL}",
                    "HFSR_CA_BUNDLE": str(ca),
                    "HF_HUB_OFFLINE": "0",
                },
            )
    finally:
        hfsr("stop", "vader-sentiment", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert (found["text"], found["space"], found["tier"]) == ("positive", URL, "cloud")
    assert [one["kind"] for one in found["attempts"]] == ["remote_space"]
    assert f"sends the prompt to {URL}" in ended.stderr
