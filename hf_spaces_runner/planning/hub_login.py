"""What stands in for the Hub's login, which a Space with `hf_oauth: true` finds there and nobody has at home.

Source: https://huggingface.co/docs/hub/spaces-oauth. Gradio with `SPACE_ID` and a login button does not start without
these variables; without `SPACE_ID` it wants the token of whoever develops the app, which no Space gets.
"""

from collections.abc import Container, Mapping

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.space import Space

PLACEHOLDER = "no-login-outside-the-hub"
"""The value of OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET: the Hub knows no such app, so its login page refuses it."""

_ALWAYS = ("openid", "profile")


def login_environment(front: FrontMatter) -> dict[str, str]:
    """Return the variables that the Hub sets where `front` asks for its login; no secret of anybody is among them."""
    if not front.hf_oauth:
        return {}
    return {
        "OAUTH_CLIENT_ID": PLACEHOLDER,
        "OAUTH_CLIENT_SECRET": PLACEHOLDER,
        "OAUTH_SCOPES": " ".join(dict.fromkeys((*_ALWAYS, *front.hf_oauth_scopes))),
        "OPENID_PROVIDER_URL": "https://huggingface.co",
    }


def login_warning(space: Space, environment: Mapping[str, str], given: Container[str]) -> str | None:
    """Return what to tell the user of `space`, None where it needs no login or was `given` an app for it.

    `environment` is what its source asks for, see `login_environment`.
    """
    if "OAUTH_CLIENT_ID" not in environment or "OAUTH_CLIENT_ID" in given:
        return None
    return (
        f"{space.id} has the Hub's login (hf_oauth), which works on the Hub alone: here nobody can sign in. An app of"
        " your own: -e OAUTH_CLIENT_ID=... --secret OAUTH_CLIENT_SECRET"
    )
