"""Reads from `/config` which Gradio an app runs on, and so how it is spoken to."""

import re
from dataclasses import dataclass
from enum import StrEnum

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError, NoEndpointError

_PREFIX = re.compile(r"(?:/[A-Za-z0-9_-]+)*")
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})")


class Protocol(StrEnum):
    """The queue's protocols, by their names in `/config`; Gradio 3 gives none, and speaks over a websocket."""

    WS = "ws"
    SSE = "sse"
    SSE_V1 = "sse_v1"
    SSE_V2 = "sse_v2"
    SSE_V2_1 = "sse_v2.1"
    SSE_V3 = "sse_v3"

    @property
    def sends_differences(self) -> bool:
        """Whether the partial outputs of a generator come as changes to the last one, as since Gradio 4.17."""
        return self in (Protocol.SSE_V2, Protocol.SSE_V2_1, Protocol.SSE_V3)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradioApp:
    """A running app. `prefix` goes before each path but `/config`; `version` is (0, 0) where it names none.

    `as_on_hub`: it believes that it runs on the Hub, so its queued functions take no direct calls. `queues_all` is what
    Gradio 3 does with functions that do not say whether they queue.
    """

    version: tuple[int, int]
    prefix: str = ""
    protocol: Protocol = Protocol.SSE_V3
    max_file_bytes: int | None = None
    as_on_hub: bool = False
    queues_all: bool = True

    @property
    def marks_files(self) -> bool:
        """Whether each file of an answer carries the mark `gradio.FileData`, as since Gradio 4.21."""
        return self.protocol in (Protocol.SSE_V2_1, Protocol.SSE_V3)

    @property
    def is_gradio_3(self) -> bool:
        """Whether files are written in the form of Gradio 3."""
        return self.protocol is Protocol.WS


def read_config(config: object) -> GradioApp:
    """Return the app that `/config` describes, without its endpoints.

    Raises:
        AnswerError: `config` is not what Gradio answers.
        NoEndpointError: the app speaks a protocol that we do not.
    """
    described: dict[str, object] = config if isinstance(config, dict) else {}
    if not isinstance(described.get("dependencies"), list) or not isinstance(described.get("components"), list):
        raise AnswerError("GET /config answered JSON that is not a Gradio app's: no components and dependencies")
    version = one_line(str(described.get("version", "")), limit=20)
    protocol = one_line(str(described.get("protocol") or Protocol.WS), limit=20)
    if protocol not in set(Protocol):
        raise NoEndpointError(
            f"protocol {protocol} of Gradio {version or '(no version)'} is not supported yet",
            hint="take a version of the Space that uses Gradio 3 to 6",
        )
    prefix = described.get("api_prefix") or ""
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise AnswerError("GET /config answered an api_prefix that is not a path")
    match = _VERSION.match(version)
    max_file_size = described.get("max_file_size")
    return GradioApp(
        version=(int(match[1]), int(match[2])) if match else (0, 0),
        prefix=prefix,
        protocol=Protocol(protocol),
        max_file_bytes=max_file_size if type(max_file_size) is int else None,
        as_on_hub=described.get("is_space") is True or isinstance(described.get("space_id"), str),
        queues_all=protocol != Protocol.WS or described.get("enable_queue") is True,
    )
