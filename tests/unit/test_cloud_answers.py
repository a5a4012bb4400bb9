"""The cloud tier: off unless it is set up, silent in privacy mode, and it says what goes where before it goes."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.cloud.provider import ProviderCaller
from hf_spaces_runner.cloud.remote_space import RemoteSpaceCaller
from hf_spaces_runner.cloud.trust import trusted
from hf_spaces_runner.cloud_answers import CloudAnswers
from hf_spaces_runner.domain.cloud import CloudModel, CloudSpace
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.request import InputValue, Limits, Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import (
    CallTimeoutError,
    InvalidInputError,
    NoEndpointError,
    PolicyError,
    RunnerError,
    UsageError,
)
from hf_spaces_runner.ready_space import Measured
from tests.fakes.cloud import Sky, answer_events, gate, sky
from tests.unit.calling.fake_space import FakeSpace, fake_space

HOST = "user-mood.hf.space"
URL = f"https://{HOST}"
TOKEN = "hf_TheOneThatWasGiven"  # noqa: S105 - made up
OTHER = "PasswordOfTheContainer"
MODEL = CloudModel(name="org/model")
SELECTED = Space(id="mood", docker_image="x", category="text_processing", output_type="text", description="Tells moods")
REQUEST = Request(
    space="mood", prompt="the prompt", secrets={"HF_TOKEN": Secret(TOKEN), "OTHER": Secret(OTHER)}, auth_user="zoltan"
)
SAID = b'{"choices": [{"index": 0, "delta": {"content": "said"}, "finish_reason": "stop"}]}'


def answers(
    tmp_path: Path,
    *spaces: CloudSpace,
    model: CloudModel | None = None,
    is_offline: bool = False,
    trust: Callable[[], ssl.SSLContext] = lambda: trusted(None),
) -> CloudAnswers:
    @contextmanager
    def scratch(run_id: str) -> Iterator[Path]:
        folder = tmp_path / "scratch" / run_id
        folder.mkdir(parents=True)
        yield folder

    return CloudAnswers(
        spaces=spaces,
        model=model,
        timeout_s=30,
        is_offline=is_offline,
        connect_space=lambda token, api: RemoteSpaceCaller(
            lambda _kind, _api, remote: GradioCaller(remote=remote), trust=trust, token=token, api=api
        ),
        connect_model=lambda wanted, token: ProviderCaller(wanted, token=token, trust=trust),
        scratch=scratch,
    )


def told(hops: Iterator[Hop]) -> list[tuple[str, str | None]]:
    return [(hop.name, hop.skipped) for hop in hops]


def test_it_is_off_unless_it_is_set_up(tmp_path: Path) -> None:
    off = answers(tmp_path)
    assert not off.is_configured
    assert off.members() == ()
    assert told(off.hops(REQUEST, SELECTED)) == []


def test_spaces_come_before_the_model(tmp_path: Path) -> None:
    on = answers(tmp_path, CloudSpace(url=URL, stands_for="mood"), model=MODEL)
    assert on.is_configured
    hops = list(on.hops(REQUEST, SELECTED))
    assert [(hop.kind, hop.name, hop.tier, hop.skipped, hop.is_selected) for hop in hops] == [
        (CandidateKind.REMOTE_SPACE, URL, Tier.CLOUD, None, False),
        (CandidateKind.INFERENCE_PROVIDER, "org/model", Tier.CLOUD, None, False),
    ]


@pytest.mark.parametrize(
    ("request_", "is_offline", "reasons"),
    [
        (Request(space="mood", prompt="x"), False, [None, "--secret HF_TOKEN"]),
        (Request(space="mood", prompt="x", privacy=True, secrets=REQUEST.secrets), False, ["privacy", "privacy"]),
        (REQUEST, True, ["HF_HUB_OFFLINE", "HF_HUB_OFFLINE"]),
        (Request(space="mood", secrets=REQUEST.secrets), False, [None, "prompt"]),
    ],
)
def test_who_is_left_out_has_a_reason(
    tmp_path: Path, request_: Request, is_offline: bool, reasons: list[str | None]
) -> None:
    on = answers(tmp_path, CloudSpace(url=URL, stands_for="mood"), model=MODEL, is_offline=is_offline)
    found = [hop.skipped for hop in on.hops(request_, SELECTED)]
    assert [why is None for why in found] == [reason is None for reason in reasons]
    assert all(reason is None or reason in (why or "") for why, reason in zip(found, reasons, strict=True))


@pytest.mark.parametrize("is_offline", [False, True])
def test_nothing_goes_out_for_a_private_request_even_by_mistake(tmp_path: Path, is_offline: bool) -> None:
    on = answers(tmp_path, CloudSpace(url=URL, stands_for="mood"), is_offline=is_offline)
    hop = next(answers(tmp_path, *on.spaces).hops(REQUEST, SELECTED))
    request = REQUEST if is_offline else Request(space="mood", prompt="x", privacy=True)
    heard: list[Progress] = []
    with pytest.raises(PolicyError):  # a socket would be another error: this test has none
        on.ask(hop, request, "run", Measured(), None, heard.append)
    assert heard == []


@pytest.mark.parametrize(
    ("settings", "privacy", "kind"),
    [
        ({}, False, UsageError),
        ({"model": MODEL}, True, PolicyError),
        ({"model": MODEL, "is_offline": True}, False, PolicyError),
        ({}, True, PolicyError),
    ],
)
def test_who_asks_for_the_cloud_is_told_why_there_is_none(
    tmp_path: Path, settings: dict[str, Any], privacy: bool, kind: type[RunnerError]
) -> None:
    tier = answers(tmp_path, **settings)
    with pytest.raises(kind, match="--tier cloud") as caught:
        tier.check(replace(REQUEST, tier=Tier.CLOUD, privacy=privacy))
    assert caught.value.hint
    tier.check(replace(REQUEST, privacy=privacy))
    answers(tmp_path, model=MODEL).check(replace(REQUEST, tier=Tier.CLOUD))


def test_a_status_asks_nobody(tmp_path: Path) -> None:
    members = answers(tmp_path, CloudSpace(url=URL), model=MODEL).members()
    assert [(member.kind, member.name, member.stands_for, member.why_not) for member in members] == [
        ("remote_space", URL, "user-mood", None),
        ("inference_provider", "org/model", None, None),
    ]
    assert all(member.why_not for member in answers(tmp_path, model=MODEL, is_offline=True).members())


class Asking:
    """Asks one member of the cloud, and keeps what was told."""

    def __init__(self, on: CloudAnswers, tmp_path: Path) -> None:
        self.on = on
        self.directory = tmp_path / "out"
        self.heard: list[Progress] = []

    def ask(self, request: Request, limit_s: float | None = None) -> Any:
        hop = next(hop for hop in self.on.hops(request, SELECTED) if hop.skipped is None)
        return self.on.ask(hop, request, "run", Measured(), limit_s, self._hear)

    def _hear(self, progress: Progress) -> None:
        self.heard.append(progress)

    @property
    def warnings(self) -> list[str]:
        return [step.message for step in self.heard if step.warning]


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeSpace, Path]]:
    with fake_space() as fake, gate(tmp_path, monkeypatch, int(fake.base_url.rpartition(":")[2]), HOST) as ca:
        yield fake, ca


@pytest.mark.network
@pytest.mark.parametrize("stands_for", ["mood", "text_processing"])
def test_a_remote_space_answers(space: tuple[FakeSpace, Path], tmp_path: Path, stands_for: str) -> None:
    fake, ca = space
    on = answers(tmp_path, CloudSpace(url=URL, stands_for=stands_for), trust=lambda: trusted(ca))
    asking = Asking(on, tmp_path)
    answered = asking.ask(REQUEST)
    assert (answered.processed.text, answered.image, answered.container) == ("said", None, None)
    assert asking.warnings == [f"sends the prompt and your Hub token to {URL}"]
    assert asking.heard[0].warning
    everything = str(fake.headers) + str(fake.bodies)
    assert TOKEN in everything
    assert OTHER not in everything
    assert "zoltan" not in everything


@pytest.mark.network
def test_inputs_by_name_go_to_the_same_space_alone(space: tuple[FakeSpace, Path], tmp_path: Path) -> None:
    fake, ca = space
    request = Request(space="mood", inputs=(InputValue(name="text", value="by name"),))
    on = answers(tmp_path, CloudSpace(url=URL, stands_for="mood"), trust=lambda: trusted(ca))
    assert Asking(on, tmp_path).ask(request).processed.text == "said"
    assert b"by name" in b"".join(fake.bodies)
    category = answers(tmp_path / "2", CloudSpace(url=URL, stands_for="text_processing"), trust=lambda: trusted(ca))
    fake.bodies.clear()
    with pytest.raises(InvalidInputError, match="text"):
        Asking(category, tmp_path).ask(request)
    assert b"by name" not in b"".join(fake.bodies)


@pytest.mark.network
@pytest.mark.parametrize("endpoint", ["/predict", "predict", "/other"])
def test_a_stand_in_need_not_be_the_same_app(space: tuple[FakeSpace, Path], tmp_path: Path, endpoint: str) -> None:
    _, ca = space
    selected = replace(SELECTED, endpoint=endpoint)
    on = answers(tmp_path, CloudSpace(url=URL, stands_for="mood"), trust=lambda: trusted(ca))
    hop = next(on.hops(REQUEST, selected))
    answered = on.ask(hop, REQUEST, "run", Measured(), None, lambda _: None)
    assert answered.processed.text == "said"


@pytest.mark.network
def test_the_same_app_on_the_hub_is_asked_for_what_was_named(space: tuple[FakeSpace, Path], tmp_path: Path) -> None:
    _, ca = space
    twin = replace(SELECTED, space_id="user/mood", endpoint="/other")
    on = answers(tmp_path, CloudSpace(url=URL), trust=lambda: trusted(ca))
    hop = next(on.hops(REQUEST, twin))
    assert hop.is_selected
    with pytest.raises(NoEndpointError, match="/other"):
        on.ask(hop, REQUEST, "run", Measured(), None, lambda _: None)


@pytest.mark.network
def test_a_model_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sky(tmp_path, monkeypatch, "router.huggingface.co") as router:
        router.answers["POST /v1/chat/completions"] = answer_events(SAID)
        asking = Asking(answers(tmp_path, model=MODEL, trust=lambda: trusted(router.ca)), tmp_path)
        answered = asking.ask(REQUEST)
    assert answered.processed.text == "said"
    (warning,) = asking.warnings
    assert warning == (
        "sends the prompt and your Hub token to https://router.huggingface.co for org/model;"
        " this may cost credits of your account"
    )
    said = json.loads(_only(router))["messages"]
    assert said[0]["role"] == "system"
    assert "Tells moods" in said[0]["content"]
    assert said[1] == {"role": "user", "content": "the prompt"}


def _only(router: Sky) -> bytes:
    (asked,) = router.asked
    assert OTHER not in str(asked)
    return asked.body


def wait_for_nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


@pytest.mark.network
@pytest.mark.parametrize(("limit_s", "timeout_s"), [(0.3, None), (None, 0.3), (20, 0.3), (0.3, 20)])
def test_the_shorter_limit_holds(
    space: tuple[FakeSpace, Path], tmp_path: Path, limit_s: float | None, timeout_s: float | None
) -> None:
    fake, ca = space
    fake.answers = {"GET": wait_for_nothing}
    request = Request(space="mood", prompt="x", limits=Limits(timeout_s=timeout_s))
    on = answers(tmp_path, CloudSpace(url=URL, stands_for="mood"), trust=lambda: trusted(ca))
    with pytest.raises(CallTimeoutError, match=r"300 ms|0\.3 s"):
        Asking(on, tmp_path).ask(request, limit_s)
