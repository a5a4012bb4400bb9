"""What one call in an app's queue goes through, whichever way its messages come."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.gradio.app import GradioApp
from hf_spaces_runner.calling.gradio.app_errors import space_failed
from hf_spaces_runner.calling.gradio.differences import PartialOutputs
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.queue_progress import QueueProgress
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.errors import AnswerError, CallError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the queue. `size_bytes` is what it took on its way."""

    content: Mapping[str, object] = field(repr=False)
    size_bytes: int

    @property
    def kind(self) -> object:
        """What Gradio calls it."""
        return self.content.get("msg")


def read_message(raw: bytes, what: str, limits: AnswerLimits) -> Message:
    """Return the message that `raw` encodes.

    Raises:
        AnswerError: it is not one.
    """
    content = decode_json(raw, what, limits)
    if not isinstance(content, dict):
        raise AnswerError(f"{what} sent an event that is not an object")
    return Message(content=content, size_bytes=len(raw))


class QueueCall:
    """A call to `endpoint` that takes the queue's messages one by one until one carries the result."""

    def __init__(
        self, app: GradioApp, endpoint: GradioEndpoint, limits: AnswerLimits, on_progress: ProgressCallback
    ) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._events = 0
        self._progress = QueueProgress(endpoint.name, on_progress)
        self._partial = PartialOutputs(as_differences=app.protocol.sends_differences, max_bytes=limits.max_json_bytes)

    @property
    def standing(self) -> str:
        """How far the call has come, in a few words."""
        return self._progress.standing

    def take(self, message: Message) -> list[object] | None:
        """Take one message; return the outputs if it is the last one.

        Raises:
            SpaceFailedError: the function raised.
            CallError: the queue is full, or the app closes it.
            AnswerError: it is not what Gradio sends, or there are too many.
        """
        self._events += 1
        if self._events > self._limits.max_stream_events:
            raise AnswerError(f"the Space sent more than {self._limits.max_stream_events} events")
        content = message.content
        match message.kind:
            case "process_completed":
                output = content.get("output")
                if content.get("success") is False or (isinstance(output, dict) and "error" in output):
                    raise space_failed(self._endpoint.name, output if isinstance(output, dict) else {})
                return outputs_of(self._endpoint.name, output)
            case "unexpected_error":
                raise space_failed(self._endpoint.name, {"error": content.get("message")})
            case "queue_full":
                raise CallError("the Space's queue is full", verdict="queue_full", hint="try again")
            case "close_stream" | "Server stopped unexpectedly.":
                raise self.ended_early("closed")
            case "process_generating" | "process_streaming":
                output = content.get("output")
                data = output.get("data") if isinstance(output, dict) else None
                self._progress.generated(self._partial.take(data, message.size_bytes))
            case _:
                self._progress.take(content)
        return None

    def ended_early(self, how: str = "ended") -> CallError:
        """Return the error for a stream that ends before the call is done."""
        return CallError(
            f"the Space {how} its stream before {self._endpoint.name} was done: {self.standing}",
            verdict="connection_lost",
            hint="the Space may have crashed: look at its last log lines",
        )


def outputs_of(endpoint: str, output: object) -> list[object]:
    """Return the outputs in what a call answered.

    Raises:
        AnswerError: there are none.
    """
    data = output.get("data") if isinstance(output, dict) else None
    if not isinstance(data, list):
        raise AnswerError(f"{endpoint} answered without a list of outputs")
    return data
