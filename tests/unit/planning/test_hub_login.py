"""What stands in for the Hub's login: its variables, who is told, and that they win over nothing of the user's."""

from dataclasses import replace

import pytest

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.launch import LaunchProfile
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.planning.hub_login import PLACEHOLDER, login_environment, login_warning
from hf_spaces_runner.planning.launch_policy import plan_launch, variables_for
from hf_spaces_runner.planning.plan import make_plan
from tests.unit.planning.samples import IDENTITY, LAUNCH_DEFAULTS, PLAN_DEFAULTS, SPACE

ASKED = FrontMatter(sdk=Sdk.GRADIO, app_file="app.py", hf_oauth=True, hf_oauth_scopes=("email", "profile"))
ENVIRONMENT = login_environment(ASKED)


def test_a_space_gets_the_variables_of_the_hub_where_it_asks_for_its_login() -> None:
    assert ENVIRONMENT == {
        "OAUTH_CLIENT_ID": PLACEHOLDER,
        "OAUTH_CLIENT_SECRET": PLACEHOLDER,
        "OAUTH_SCOPES": "openid profile email",
        "OPENID_PROVIDER_URL": "https://huggingface.co",
    }
    assert login_environment(replace(ASKED, hf_oauth=False)) == {}


def test_an_app_of_the_users_own_wins() -> None:
    request = Request(
        space="clip", environment={"OAUTH_CLIENT_ID": "mine"}, secrets={"OAUTH_CLIENT_SECRET": Secret("geheim")}
    )
    given = plan_launch(SPACE, request, LAUNCH_DEFAULTS, IDENTITY, asked_for=ENVIRONMENT).environment
    assert given["OAUTH_CLIENT_ID"] == "mine"
    assert given["OAUTH_CLIENT_SECRET"] == Secret("geheim")
    assert given["OPENID_PROVIDER_URL"] == "https://huggingface.co"
    assert login_warning(SPACE, ENVIRONMENT, {"OAUTH_CLIENT_ID"}) is None
    assert login_warning(SPACE, {}, set()) is None
    assert "clip has the Hub's login (hf_oauth)" in (login_warning(SPACE, ENVIRONMENT, {"OAUTH_SCOPES"}) or "")


@pytest.mark.parametrize(("asked_for", "profile"), [(ENVIRONMENT, LaunchProfile.HUB), ({}, LaunchProfile.DIRECT)])
def test_with_a_login_it_starts_as_on_the_hub(asked_for: dict[str, str], profile: LaunchProfile) -> None:
    image = ImageSource(reference="localhost/clip", environment=asked_for)
    plan = make_plan(Request(space="clip"), SPACE, image, PLAN_DEFAULTS, IDENTITY, profile=LaunchProfile.DIRECT)
    spec = plan.candidates[0].launch_spec
    assert spec.profile is profile
    assert ("OAUTH_CLIENT_ID" in spec.environment) is bool(asked_for)


def test_pages_get_variables_and_neither_secrets_nor_what_the_login_needs() -> None:
    page = replace(SPACE, sdk=Sdk.STATIC, env={"A": "1", "TOKEN": "of the entry"})
    request = Request(space="clip", environment={"B": "2"}, secrets={"TOKEN": Secret("geheim")})
    spec = plan_launch(page, request, LAUNCH_DEFAULTS, IDENTITY, asked_for=ENVIRONMENT)
    assert spec.environment["HFSR_PAGE_VARIABLES"] == '{"A": "1", "B": "2"}'
    assert variables_for(page, request) == {"A": "1", "B": "2"}
    assert spec.environment["TOKEN"] == Secret("geheim")
