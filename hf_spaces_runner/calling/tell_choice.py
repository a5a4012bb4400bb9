"""Chooses the endpoint of a call, and tells who asked for it how."""

from collections.abc import Sequence

from hf_spaces_runner.calling.choose_endpoint import SomeEndpoint, choose_endpoint, explain_choice
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback


def choose_and_tell(
    endpoints: Sequence[SomeEndpoint], call: Call, on_progress: ProgressCallback
) -> tuple[SomeEndpoint, tuple[object, ...]]:
    """Return what `choose_endpoint` does, and raise as it does; say why where `call.explain` wants it."""
    endpoint, values = choose_endpoint(endpoints, call)
    if call.explain:
        for line in explain_choice(endpoints, call, endpoint):
            on_progress(Progress(phase=Phase.CALL, message=line, note=True))
    on_progress(Progress(phase=Phase.CALL, message=f"calling {endpoint.name}"))
    return endpoint, values
