"""A language model that may answer in place of a Space: where it runs, and what it takes."""

from dataclasses import dataclass
from enum import StrEnum


class ModelPlace(StrEnum):
    """Where a model runs: in a server on this machine, in this process, or with somebody else."""

    SERVER = "server"
    PROCESS = "process"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model.

    `name` is what its server calls it, a Hub id, or the path of a folder. `base_url` is the address of an
    OpenAI-compatible server without `/v1`; None in this process. `server` says in one word what kind of server that is
    (`ollama`, `llama.cpp`, `lm-studio`, `vllm`, `transformers`, `openai`). `takes_images` says whether images may go
    along with a prompt. `context_tokens` is how many tokens it can hold; None where nobody says it. `is_loaded`: it is
    known to be in memory, so nobody waits for that.
    """

    name: str
    place: ModelPlace
    base_url: str | None = None
    server: str = ""
    takes_images: bool = False
    context_tokens: int | None = None
    is_loaded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModelState:
    """How it stands with the model `name` in this process: `why_not` it cannot answer, None where it can.

    `is_here`: it is on this machine, so nothing is fetched for it; `size_bytes` is that of its weights then.
    """

    name: str
    why_not: str | None
    is_here: bool
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """What was found at an address where a model server may listen.

    `address` is as `server_address` writes it, or as the user did where it is none. `why_not` says why nobody there can
    be asked; None where somebody can. `kind` is one of those that `Model.server` has. `models` can chat, in the order
    in which the server names them.
    """

    address: str
    why_not: str | None = None
    kind: str = ""
    models: tuple[Model, ...] = ()

    @property
    def is_reachable(self) -> bool:
        """Whether a model server answers."""
        return self.why_not is None
