"""The environment that a Space finds on the Hub, made for this machine."""

from hf_spaces_runner.domain.image_names import subdomain_of
from hf_spaces_runner.domain.space import Space

LOCAL_OWNER = "local"
"""The user name of a Space that has no Hub id."""

HF_CACHE_DIRECTORY = "/hf-cache/huggingface"
"""Where the model cache is, in a volume outside every home, so that it serves root and UID 1000 images alike."""


def hub_id_of(space: Space) -> str:
    """Return the Hub id of `space`, or one under `local/` for a Space that the Hub does not know."""
    return space.space_id or f"{LOCAL_OWNER}/{space.id}"


def hub_environment(
    space: Space, *, cpus: float | None, memory_bytes: int, gpus: str | None, hardware: str | None = None
) -> dict[str, str]:
    """Return the variables that a Space is started with, as on the Hub, and those that keep it quiet and local.

    `SYSTEM=spaces` together with `SPACE_ID` makes Gradio refuse `share=True`, since the Hub does. What leaves one out,
    as the direct launch profile does, must keep it from sharing by other means. Source: the Hub's documentation of a
    Space's helper environment variables, and Gradio's `utils.get_space`.
    """
    hub_id = hub_id_of(space)
    author, _, name = hub_id.partition("/")
    return {
        "SYSTEM": "spaces",
        "SPACE_ID": hub_id,
        "SPACE_AUTHOR_NAME": author,
        "SPACE_REPO_NAME": name,
        "SPACE_TITLE": space.description or name,
        "SPACE_HOST": f"{subdomain_of(hub_id)}.hf.space",
        "SPACE_CREATOR_USER_ID": "000000000000000000000000",
        "CPU_CORES": f"{cpus:g}" if cpus else "2",
        "MEMORY": f"{max(1, round(memory_bytes / 1024**3))}Gi",
        "ACCELERATOR": "none" if gpus is None else hardware or "gpu",
        "PYTHONUNBUFFERED": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_NUM_PORTS": "1",
        "GRADIO_SERVER_NAME": "0.0.0.0",  # noqa: S104 - inside the container; outside it only loopback is published
        "GRADIO_SERVER_PORT": str(space.port),
        "GRADIO_SSR_MODE": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "SPACES_ZERO_GPU": "0",
    }
