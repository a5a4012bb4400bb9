"""Turns a request and its Space into a plan: the candidates in order, each with everything needed to try it."""

from dataclasses import dataclass, replace

from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.image_names import with_image_registry
from hf_spaces_runner.domain.launch import LaunchProfile
from hf_spaces_runner.domain.plan import Candidate, Plan
from hf_spaces_runner.domain.request import PullPolicy, Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.check_request import check_request
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity, default_command, plan_launch
from hf_spaces_runner.planning.launch_profile import profile_for
from hf_spaces_runner.planning.sharing import sharing_of

PASSWORD_SECRET = "AUTH_PASSWORD"  # noqa: S105 - the name of a variable
"""The secret that is the password for a Space's own login, where several are given."""


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


def login_of(request: Request) -> Login | None:
    """Return what `request` logs in with at the Space.

    Raises:
        UsageError: it names a user, and no secret that could be the password, or several.
    """
    if request.auth_user is None:
        return None
    secrets = request.secrets
    password = secrets.get(PASSWORD_SECRET) or (next(iter(secrets.values())) if len(secrets) == 1 else None)
    if password is None:
        raise UsageError(
            f"which secret is the password of {request.auth_user}? {len(secrets) or 'none'} given",
            hint=f"put it into a variable, and name that with --secret; of several, {PASSWORD_SECRET} is it",
        )
    return Login(user=request.auth_user, password=password)


def within(candidate: Candidate, limit_s: float | None, *, ends_at: float | None = None) -> Candidate:
    """Return `candidate` with no limit above `limit_s` seconds; as it is where that is None.

    All phases together end at `ends_at`, on the monotonic clock.
    """
    if limit_s is None:
        return candidate
    return replace(
        candidate,
        startup_timeout_s=min(candidate.startup_timeout_s, limit_s),
        slot_timeout_s=min(candidate.slot_timeout_s, limit_s),
        timeout_s=min(candidate.timeout_s, limit_s),
        ends_at=ends_at,
    )


def make_plan(
    request: Request,
    space: Space,
    image: ImageSource,
    defaults: PlanDefaults,
    identity: RunIdentity,
    *,
    profile: LaunchProfile = LaunchProfile.HUB,
) -> Plan:
    """Return the plan of `request`; nothing is asked, pulled or started for it.

    `profile` is what the Space is started in, where that makes a difference to it.

    Raises:
        InvalidInputError, UsageError: see `check_request`.
    """
    check_request(request, space)
    limits = request.limits
    if image.environment:  # the Hub's login, for which Gradio outside the Hub wants a token of the user's
        profile = LaunchProfile.HUB
    spec = plan_launch(
        space,
        request,
        defaults.launch,
        identity,
        profile=profile_for(space, profile),
        asked_for=image.environment,
    )
    candidate = Candidate(
        kind=CandidateKind.SPACE,
        space=space,
        image=image,
        # An image registry would learn which Space is asked what nobody else shall know.
        pull=PullPolicy.NEVER if request.privacy else request.pull or defaults.pull,
        launch_spec=replace(spec, image=image.reference),
        default_command=default_command(space),
        call=Call(
            prompt=request.prompt,
            inputs=request.inputs,
            endpoint=request.endpoint or space.endpoint,
            preset_inputs=space.inputs,
            explain=request.explain,
        ),
        startup_timeout_s=limits.startup_timeout_s or space.startup_timeout_s or defaults.startup_timeout_s,
        slot_timeout_s=limits.slot_timeout_s or defaults.slot_timeout_s,
        timeout_s=limits.timeout_s or defaults.timeout_s,
        sharing=sharing_of(request, identity.user, defaults.launch.network, spec.profile),
        keep=request.keep,
        login=login_of(request),
    )
    return Plan(run_id=identity.run_id, tier="heavy", candidates=(candidate,))
