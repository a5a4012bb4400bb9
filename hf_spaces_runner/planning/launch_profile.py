"""Decides in which profile a Space is started, and sees when it was the wrong one."""

import re
from collections.abc import Mapping

from hf_spaces_runner.domain.api import ApiKind
from hf_spaces_runner.domain.launch import LaunchProfile
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.launch_policy import SHARE_HOST, TUNNEL_HOST
from hf_spaces_runner.planning.log_parts import find_parts

CONCURRENCY_VARIABLE = "GRADIO_DEFAULT_CONCURRENCY_LIMIT"
"""Says how many calls at once a function takes that does not say so itself; Gradio 4 and later read it."""

_MAY_BE_GRADIO = frozenset({ApiKind.AUTO, ApiKind.GRADIO})
_NEVER_GRADIO = frozenset({Sdk.STATIC, Sdk.STREAMLIT})

# What a Space says that wants the Hub around it: it has no `SPACE_ID`, or what it made of that is None; Gradio's login
# button wants a token of whoever develops the app; or a file is on a host that is closed for the sake of the tunnels.
_WANTS_HUB = re.compile(
    r"(?<![a-z0-9_])space_id(?![a-z0-9_])"
    r"|[\"']SYSTEM[\"']"
    r"|Your machine must be logged in to HF to debug a Gradio app locally"
    rf"|{re.escape(SHARE_HOST)}|{re.escape(TUNNEL_HOST)}",
    re.IGNORECASE,
)


def profile_for(space: Space, wanted: LaunchProfile) -> LaunchProfile:
    """Return the profile for `space`: `wanted`, unless it is no Gradio app, which gains nothing by leaving the Hub."""
    if space.sdk in _NEVER_GRADIO or space.api.kind not in _MAY_BE_GRADIO:
        return LaunchProfile.HUB
    return wanted


def needs_hub_profile(evidence_log: str) -> bool:
    """Return whether a Space that failed in the direct profile may do better as on the Hub.

    `evidence_log` is what it printed last. Only the lines about its failure count, with the code around it: that is why
    a Space which merely names the Hub there is taken for one that needs it. To start it once more costs little.
    """
    return any(
        _WANTS_HUB.search(text) for part in find_parts(evidence_log) for text in (part.frames, *part.telling) if text
    )


def default_concurrency(environment: Mapping[str, str | Secret]) -> int | None:
    """Return how many calls at once a function of a Space started with `environment` takes unless it says otherwise.

    None means any number. Gradio keeps to it in its queue only: who calls directly must do so by himself. Source:
    `Queue._resolve_concurrency_limit` of Gradio 4.16 to 6.31; `/config` does not tell what a function says itself.

    Raises:
        UsageError: the variable is nothing that Gradio takes.
    """
    given = environment.get(CONCURRENCY_VARIABLE, "")
    text, shown = (given.reveal(), "secret") if isinstance(given, Secret) else (given, repr(one_line(given, limit=40)))
    if text == "":
        return 1
    if text.lower() == "none":
        return None
    if text.isascii() and text.isdigit() and int(text[:10]) > 0:
        return int(text[:10])
    raise UsageError(
        f"{CONCURRENCY_VARIABLE} is {shown}; it takes a whole number from 1, or none",
        hint=f"-e {CONCURRENCY_VARIABLE}=4, or leave it out for one call at a time",
    )
