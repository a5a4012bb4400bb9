"""Turns a request and its Space into a plan: the candidates in order, each with everything needed to try it."""

from dataclasses import dataclass, replace

from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.plan import Candidate, Plan
from hf_spaces_runner.domain.request import InputValue, PullPolicy, Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import InvalidInputError, UsageError
from hf_spaces_runner.planning.check_request import check_limits, check_variables
from hf_spaces_runner.planning.image_names import with_image_registry
from hf_spaces_runner.planning.input_kinds import kind_of_file, takes_only
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity, default_command, plan_launch

MAX_PROMPT_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDefaults:
    """What the settings say where a request is silent. Times in seconds."""

    launch: LaunchDefaults
    image_registry: str
    pull: PullPolicy
    startup_timeout_s: float
    slot_timeout_s: float
    timeout_s: float


def image_source_of(space: Space, image_registry: str) -> ImageSource:
    """Return where the image of `space` is pulled from: the digest of its entry wins over a tag."""
    reference = with_image_registry(space.docker_image, image_registry)
    if space.digest is not None and "@" not in reference:
        reference = f"{reference}@{space.digest}"
    return ImageSource(reference=reference)


def make_plan(
    request: Request, space: Space, image: ImageSource, defaults: PlanDefaults, identity: RunIdentity
) -> Plan:
    """Return the plan of `request`; nothing is asked, pulled or started for it.

    Raises:
        InvalidInputError: a file is of a kind that the Space does not take.
        UsageError: the prompt is too large, an input is not one value, or a limit or variable cannot be.
    """
    _check_inputs(request, space)
    check_limits(request.limits)
    check_variables(request)
    limits = request.limits
    candidate = Candidate(
        kind=CandidateKind.SPACE,
        space=space,
        image=image,
        pull=request.pull or defaults.pull,
        launch_spec=replace(plan_launch(space, request, defaults.launch, identity), image=image.reference),
        default_command=default_command(space),
        call=Call(
            prompt=request.prompt,
            inputs=request.inputs,
            endpoint=request.endpoint or space.endpoint,
            preset_inputs=space.inputs,
        ),
        startup_timeout_s=limits.startup_timeout_s or defaults.startup_timeout_s,
        slot_timeout_s=limits.slot_timeout_s or defaults.slot_timeout_s,
        timeout_s=limits.timeout_s or defaults.timeout_s,
    )
    return Plan(run_id=identity.run_id, tier="heavy", candidates=(candidate,))


def _check_inputs(request: Request, space: Space) -> None:
    if request.prompt is not None and len(request.prompt) > MAX_PROMPT_BYTES:
        raise UsageError(
            f"the prompt has {len(request.prompt)} characters; at most {MAX_PROMPT_BYTES} are sent",
            hint="give a long text as a file: -i @file",
        )
    if not _is_utf8(request.prompt):
        raise UsageError("the prompt is not UTF-8", hint="give it as a file: -i @file")
    for given in request.inputs:
        name = printable(given.name or "") or "without a name"
        if not _is_utf8(given.value) or not _is_utf8(given.name):
            raise UsageError(f"input {name} is not UTF-8", hint="give it as a file: -i @file")
        if (given.value is None) == (given.path is None):
            raise UsageError(f"input {name}: give a value or a file, one of them")
        _check_kind(given, space)


def _check_kind(given: InputValue, space: Space) -> None:
    if given.path is None or given.name is not None:
        return
    expected = takes_only(space.input_type)
    kind = kind_of_file(given.path.name)
    if expected is not None and kind is not None and kind not in expected:
        raise InvalidInputError(
            f"{printable(given.path.name)} is {kind}, and {space.id} takes {space.input_type}",
            hint=f"hfsr info {space.id} shows what it takes; -i NAME=@FILE sends a file as it is",
        )


def _is_utf8(value: object) -> bool:
    # Words of a command line that are not UTF-8 come in as lone surrogates, which no JSON can carry.
    return not isinstance(value, str) or not any("\ud800" <= character <= "\udfff" for character in value)
