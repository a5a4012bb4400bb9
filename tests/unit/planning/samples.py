"""Values for the tests of the planning: a Space, defaults and an identity, each changed where a test needs it."""

from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity
from hf_spaces_runner.planning.plan import PlanDefaults

SPACE = Space(
    id="clip", docker_image="registry.hf.space/openai-clip:latest", space_id="OpenAI/Clip", input_type="text_and_image"
)
LAUNCH_DEFAULTS = LaunchDefaults(memory_bytes=2 * 1024**3, cpus=None, pids_limit=512, hf_cache="per-space")
IDENTITY = RunIdentity(run_id="20260101-120000-abcdef", owner="host:boot:1:1:1", user="anna", command="hfsr run")
PLAN_DEFAULTS = PlanDefaults(
    launch=LAUNCH_DEFAULTS,
    image_registry="registry.hf.space",
    pull=PullPolicy.MISSING,
    startup_timeout_s=600,
    slot_timeout_s=601,
    timeout_s=300,
)
