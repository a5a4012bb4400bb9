"""Has one hop of a chain answer: a Space in a container, or a model."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from hf_spaces_runner.attempt import Answered, Attempting
from hf_spaces_runner.cloud_answers import CloudAnswers
from hf_spaces_runner.conversation import check_can_be_called
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.launch import LaunchProfile
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.kept_answers import KeptAnswers
from hf_spaces_runner.model_answers import ModelAnswers
from hf_spaces_runner.planner import Planner
from hf_spaces_runner.planning.chain import request_for
from hf_spaces_runner.planning.launch_policy import RunIdentity
from hf_spaces_runner.planning.launch_profile import needs_hub_profile
from hf_spaces_runner.planning.plan import within
from hf_spaces_runner.ready_space import Measured, Services
from hf_spaces_runner.result_cache.store import ResultCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Those who can answer, wired; `services` is asked for only where a container is wanted.

    `keeps_answers` is what the settings say of that.
    """

    services: Callable[[], Services]
    planner: Planner
    models: ModelAnswers
    cloud: CloudAnswers
    results: ResultCache
    keeps_answers: bool
    on_progress: ProgressCallback

    def ask(
        self, hop: Hop, request: Request, identity: RunIdentity, measured: Measured, limit_s: float | None
    ) -> Answered:
        """Return what `hop` answers to its part of `request`.

        Args:
            hop: a Space or a model.
            request: as the user made it.
            identity: who runs.
            measured: where times are noted, also those of a failure.
            limit_s: how many seconds it may take; None for as long as its own limits say.

        Raises:
            RunnerError: one of its subclasses.
        """
        if hop.tier is Tier.CLOUD:  # it takes its part of the request itself, and the Hub's token
            return self.cloud.ask(hop, request, identity.run_id, measured, limit_s, self.on_progress)
        ends_at = None if limit_s is None else time.monotonic() + limit_s
        wanted = request_for(hop, request)
        if hop.model is not None:
            return self.models.ask(hop, wanted, identity.run_id, measured, limit_s, self.on_progress)
        attempting = Attempting(
            services=self.services(),
            run_id=identity.run_id,
            output_directory=wanted.output_directory,
            measured=measured,
            on_progress=self.on_progress,
            kept=self._kept(wanted),
        )
        profile = LaunchProfile.DIRECT if request.performance_first else LaunchProfile.HUB
        candidate = self.candidate(hop, request, identity, profile)
        try:
            return attempting.ask(within(candidate, limit_s, ends_at=ends_at))
        except RunnerError as error:
            if not wants_hub(candidate, error):
                raise
            self.on_progress(Progress(phase=Phase.START, message=f"{hop.name} wants the Hub around it: starting again"))
            as_on_hub = self.candidate(hop, request, identity, LaunchProfile.HUB)
            return attempting.ask(within(as_on_hub, limit_s, ends_at=ends_at))

    def candidate(self, hop: Hop, request: Request, identity: RunIdentity, profile: LaunchProfile) -> Candidate:
        """Return what to do for its part of `request` with the Space of `hop`.

        Raises:
            RunnerError: the request does not fit the Space, it is a page, or no base image for it can be had.
        """
        assert hop.space is not None  # noqa: S101 - the hop leads to a Space
        check_can_be_called(hop.space)
        wanted = request_for(hop, request)
        return self.planner.plan_for(hop.space, wanted, identity, builds=True, profile=profile).candidates[0]

    def _kept(self, request: Request) -> KeptAnswers | None:
        wanted = self.keeps_answers if request.cache is None else request.cache
        if not wanted or request.privacy or request.keep:
            return None
        # A container of its own was asked for: an answer that was kept would start none.
        return KeptAnswers(cache=self.results, finds=not request.fresh, sampled=request.cache is True)


def wants_hub(candidate: Candidate, error: RunnerError) -> bool:
    """Return whether `candidate` failed since it was not started as on the Hub."""
    log = "" if error.evidence is None else error.evidence.log
    return candidate.launch_spec.profile is LaunchProfile.DIRECT and needs_hub_profile(log)
