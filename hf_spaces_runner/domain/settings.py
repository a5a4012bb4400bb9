"""The settings: their names, their defaults, and what each is for."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hf_spaces_runner.domain.launch import Network
from hf_spaces_runner.domain.request import Builder, PullPolicy
from hf_spaces_runner.domain.server_address import MODEL_SERVERS


class HfCache(StrEnum):
    """Who shares a model cache: each Space its own volume, all of them one, or nobody any."""

    PER_SPACE = "per-space"
    SHARED = "shared"
    NONE = "none"


class BuildkitUse(StrEnum):
    """Which builds go through BuildKit: those that need it, all where it is there, or none."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force. Sizes in bytes, times in seconds."""

    image_registry: str = "registry.hf.space"
    registry: Path | None = None
    ca_bundle: Path | None = None
    base_image: str = "python:{python_version}-slim"
    builder: Builder = Builder.CLASSIC
    buildkit: BuildkitUse = BuildkitUse.AUTO
    node_image: str = "node:22-slim"
    memory: int = 2 * 1024**3
    cpus: float | None = None
    pids_limit: int = 512
    max_running: int = 3
    memory_budget: int | None = None
    disk_reserve: int = 1024**3
    network: Network = Network.OPEN
    pull: PullPolicy = PullPolicy.MISSING
    timeout: float = 300.0
    startup_timeout: float = 600.0
    slot_timeout: float = 600.0
    hf_cache: HfCache = HfCache.PER_SPACE
    cache_quota: int | None = None
    images_older_than: float | None = None
    cloud_spaces: tuple[str, ...] = ()
    cloud_model: str | None = None
    cloud_provider: str = "auto"
    model_servers: tuple[str, ...] = MODEL_SERVERS
    model: str | None = None
    local_model: str = "HuggingFaceTB/SmolLM3-3B"
    model_download: bool = False
    max_new_tokens: int = 1024
    cache: bool = True
    cache_max_bytes: int = 1024**3
    cache_max_age: float = 24 * 3600.0
    privacy_words: tuple[str, ...] = ()
    privacy_kinds: tuple[str, ...] = ()


DESCRIPTIONS = {
    "image_registry": "host of the image registry of Spaces",
    "registry": "registry file laid over the bundled one",
    "ca_bundle": "CA certificates that builds trust",
    "base_image": "image that Spaces are built from, or VERSION=IMAGE of several Pythons with commas between",
    "builder": "which of the Hub's builders of Gradio Spaces is followed: classic, current",
    "buildkit": "which builds go through BuildKit: auto (those that need it), always (all, with pip's cache), never",
    "node_image": "image that app_build_command of static Spaces runs in",
    "memory": "memory cap of a Space",
    "cpus": "CPU cap of a Space; none unless set",
    "pids_limit": "most processes and threads in a Space",
    "max_running": "most Spaces that run at once",
    "memory_budget": "what the memory caps of all running Spaces may add up to; the machine's memory unless set",
    "disk_reserve": "a Space that leaves less disk than this is ended",
    "network": "what Spaces reach: open, isolated, warm-online",
    "pull": "when to ask the image registry: missing, always, never",
    "timeout": "longest time for a call",
    "startup_timeout": "longest time until a Space is ready",
    "slot_timeout": "longest wait for one of the running Spaces to end",
    "hf_cache": "model cache volumes: per-space, shared, none",
    "cache_quota": "clean-ups keep the model caches below this size; no limit unless set",
    "images_older_than": "clean-ups remove images unused for this long; none unless set",
    "cloud_spaces": "remote Spaces that may answer: ID=https://user-name.hf.space, the ID is what it stands in for",
    "cloud_model": "model of the Hub's inference providers that may answer, for credits of yours; none unless set",
    "cloud_provider": "who runs that model: a provider, fastest, cheapest, or auto",
    "model_servers": "addresses on this machine where model servers may listen, which answer if a Space fails",
    "model": "the model of a model server that answers; the first that fits unless set",
    "local_model": "the model that answers in this process if no model server does: a Hub id, or a folder",
    "model_download": "whether that model may be fetched without asking",
    "max_new_tokens": "longest answer of a model in this process, in tokens",
    "cache": "whether answers are kept, and given again for the same call",
    "cache_max_bytes": "kept answers take no more disk than this",
    "cache_max_age": "a kept answer counts for this long",
    "privacy_words": "words and phrases that switch privacy mode on, in prompts, values and names of files",
    "privacy_kinds": "kinds of files that do: image, audio, video, text, file (any), or extensions such as .pdf",
}
"""What `hfsr config` says of each setting, in the order in which it shows them."""
