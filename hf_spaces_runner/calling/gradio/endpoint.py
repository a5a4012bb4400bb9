"""What Gradio wants to know of an endpoint beyond what people see of it."""

from dataclasses import dataclass

from hf_spaces_runner.calling.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class GradioEndpoint(Endpoint):
    """One event of an app that Python answers.

    `slots` has one entry for each value that the server wants: the index of the parameter that fills it, or None for
    one that is sent as null (State: the server has it). `generator`: it may answer more than once. `conversations` are
    the outputs that are inputs as well, as a chat's history is: pairs of the output's position and the parameter's.
    """

    fn_index: int
    slots: tuple[int | None, ...] = ()
    queued: bool = True
    generator: bool = False
    conversations: tuple[tuple[int, int], ...] = ()
