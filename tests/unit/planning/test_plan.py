from dataclasses import replace
from pathlib import Path

import pytest

from hf_spaces_runner.domain.api import Api, ApiKind
from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.launch import LaunchProfile
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.request import InputValue, Limits, PullPolicy, Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import InvalidInputError, UsageError
from hf_spaces_runner.planning import check_request
from hf_spaces_runner.planning.plan import image_source_of, make_plan
from tests.unit.planning.samples import IDENTITY, PLAN_DEFAULTS, SPACE

IMAGE = ImageSource(reference="registry.hf.space/openai-clip:latest")
DIGEST = "sha256:" + "a" * 64


def planned(request: Request, space: Space = SPACE) -> Candidate:
    plan = make_plan(request, space, IMAGE, PLAN_DEFAULTS, IDENTITY)
    assert (plan.run_id, plan.tier) == (IDENTITY.run_id, "heavy")
    (candidate,) = plan.candidates
    return candidate


def test_where_the_request_is_silent_the_settings_speak() -> None:
    candidate = planned(Request(space="clip", prompt="hello"))
    assert candidate.kind is CandidateKind.SPACE
    assert (candidate.pull, candidate.timeout_s) == (PullPolicy.MISSING, 300)
    assert (candidate.startup_timeout_s, candidate.slot_timeout_s) == (600, 601)
    assert candidate.launch_spec.image == IMAGE.reference
    assert (candidate.call.prompt, candidate.call.endpoint) == ("hello", None)


def test_what_the_request_says_wins() -> None:
    limits = Limits(timeout_s=1, startup_timeout_s=2, slot_timeout_s=3)
    request = Request(space="clip", endpoint="/mine", pull=PullPolicy.NEVER, limits=limits)
    candidate = planned(request, replace(SPACE, endpoint="/theirs", inputs={"steps": 20}))
    assert (candidate.timeout_s, candidate.startup_timeout_s, candidate.slot_timeout_s) == (1, 2, 3)
    assert (candidate.pull, candidate.call.endpoint) == (PullPolicy.NEVER, "/mine")
    assert candidate.call.preset_inputs == {"steps": 20}
    assert planned(Request(space="clip"), replace(SPACE, endpoint="/theirs")).call.endpoint == "/theirs"


@pytest.mark.parametrize("pull", [None, PullPolicy.MISSING, PullPolicy.NEVER])
def test_in_privacy_no_image_is_asked_for(pull: PullPolicy | None) -> None:
    assert planned(Request(space="clip", privacy=True, pull=pull)).pull is PullPolicy.NEVER
    always = replace(PLAN_DEFAULTS, pull=PullPolicy.ALWAYS)
    (candidate,) = make_plan(Request(space="clip", privacy=True, pull=pull), SPACE, IMAGE, always, IDENTITY).candidates
    assert candidate.pull is PullPolicy.NEVER
    with pytest.raises(UsageError, match="asks nobody for an image"):
        planned(Request(space="clip", privacy=True, pull=PullPolicy.ALWAYS))


@pytest.mark.parametrize(
    ("kind", "profile"), [(ApiKind.AUTO, LaunchProfile.DIRECT), (ApiKind.OPENAPI, LaunchProfile.HUB)]
)
def test_the_profile_that_is_wanted_is_planned_where_it_makes_a_difference(
    kind: ApiKind, profile: LaunchProfile
) -> None:
    space = replace(SPACE, api=Api(kind=kind))
    plan = make_plan(Request(space="clip"), space, IMAGE, PLAN_DEFAULTS, IDENTITY, profile=LaunchProfile.DIRECT)
    assert plan.candidates[0].launch_spec.profile is profile
    assert planned(Request(space="clip"), space).launch_spec.profile is LaunchProfile.HUB


@pytest.mark.parametrize(
    ("image", "digest", "image_registry", "reference"),
    [
        ("registry.hf.space/a:latest", None, "registry.hf.space", "registry.hf.space/a:latest"),
        ("registry.hf.space/a:latest", None, "localhost:5000", "localhost:5000/a:latest"),
        ("ghcr.io/a:latest", None, "localhost:5000", "ghcr.io/a:latest"),
        ("registry.hf.space/a:latest", DIGEST, "localhost:5000", f"localhost:5000/a:latest@{DIGEST}"),
        (f"registry.hf.space/a@{DIGEST}", "sha256:" + "b" * 64, "registry.hf.space", f"registry.hf.space/a@{DIGEST}"),
    ],
)
def test_where_an_image_is_pulled_from(image: str, digest: str | None, image_registry: str, reference: str) -> None:
    space = replace(SPACE, docker_image=image, digest=digest)
    assert image_source_of(space, image_registry) == ImageSource(reference=reference)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(memory_bytes=0),
        Limits(memory_bytes=-1),
        Limits(memory_bytes=1024),
        Limits(cpus=0),
        Limits(cpus=-1),
        Limits(cpus=0.001),
        Limits(cpus=float("nan")),
        Limits(cpus=float("inf")),
        Limits(gpus=""),
        Limits(gpus="0"),
        Limits(gpus="-1"),
        Limits(gpus="some"),
        Limits(gpus="all,capabilities=utility"),
        Limits(timeout_s=0),
        Limits(timeout_s=-1),
        Limits(timeout_s=float("nan")),
        Limits(timeout_s=float("inf")),
        Limits(startup_timeout_s=1e300),
        Limits(slot_timeout_s=-0.1),
    ],
)
def test_a_limit_that_cannot_be_is_refused_before_anything_happens(limits: Limits) -> None:
    with pytest.raises(UsageError):
        planned(Request(space="clip", limits=limits))


def test_limits_that_can_be_are_taken() -> None:
    limits = Limits(memory_bytes=6 * 1024**2, cpus=0.01, gpus="2", timeout_s=0.1, slot_timeout_s=1e6)
    assert planned(Request(space="clip", limits=limits)).launch_spec.gpus == "2"


@pytest.mark.parametrize("name", ["", "A=B", "1A", "A B", "A\n", "Ä", "-e", "A\0"])
@pytest.mark.parametrize("where", ["environment", "secrets"])
def test_a_name_that_no_variable_can_have_is_refused(name: str, where: str) -> None:
    value = {name: Secret("hidden") if where == "secrets" else "hidden"}
    with pytest.raises(UsageError) as caught:
        planned(replace(Request(space="clip"), **{where: value}))  # type: ignore[arg-type]
    assert "hidden" not in caught.value.message


@pytest.mark.parametrize("value", ["hid\0den", "hidden\udcff"])
@pytest.mark.parametrize("where", ["environment", "secrets"])
def test_a_value_that_no_process_can_be_given_is_refused_and_not_shown(value: str, where: str) -> None:
    request = replace(Request(space="clip"), **{where: {"A": Secret(value) if where == "secrets" else value}})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="A is not text") as caught:
        planned(request)
    assert "hid" not in caught.value.message


def test_a_prompt_beyond_all_measure_is_refused_and_one_of_a_megabyte_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert planned(Request(space="clip", prompt="x" * 1024**2)).call.prompt == "x" * 1024**2
    monkeypatch.setattr(check_request, "MAX_PROMPT_LENGTH", 10)
    with pytest.raises(UsageError, match="the prompt has 11 characters; at most 10"):
        planned(Request(space="clip", prompt="x" * 11))


@pytest.mark.parametrize(
    "request_",
    [
        Request(space="clip", prompt="\udcff"),
        Request(space="clip", inputs=(InputValue(name="a", value="\udcff"),)),
        Request(space="clip", inputs=(InputValue(name="a"),)),
        Request(space="clip", inputs=(InputValue(name="a", value="x", path=Path("y")),)),
    ],
)
def test_what_is_no_input_is_refused(request_: Request) -> None:
    with pytest.raises(UsageError):
        planned(request_)


@pytest.mark.parametrize("value", [0, False, "", [], {}])
def test_a_value_may_be_empty(value: object) -> None:
    given = InputValue(name="a", value=value)
    assert planned(Request(space="clip", inputs=(given,))).call.inputs == (given,)


def test_a_file_of_the_wrong_kind_is_refused_before_anything_starts() -> None:
    space = replace(SPACE, input_type="audio")
    with pytest.raises(InvalidInputError, match=r"photo\.jpg is image, and clip takes audio") as caught:
        planned(Request(space="clip", inputs=(InputValue(path=Path("/x/photo.jpg")),)), space)
    assert "-i NAME=@FILE" in (caught.value.hint or "")
    for given in (
        InputValue(path=Path("talk.wav")),
        InputValue(path=Path("unknown.xyz")),
        InputValue(name="cover", path=Path("photo.jpg")),
    ):
        assert planned(Request(space="clip", inputs=(given,)), space).call.inputs == (given,)


def test_a_file_name_is_told_without_its_control_characters() -> None:
    file = InputValue(path=Path("\x1b[31mphoto\n.jpg\udcff.jpg"))
    with pytest.raises(InvalidInputError) as caught:
        planned(Request(space="clip", inputs=(file,)), replace(SPACE, input_type="audio"))
    assert "\x1b" not in caught.value.message
