from dataclasses import replace

import pytest

from hf_spaces_runner.domain.api import Api, ApiKind
from hf_spaces_runner.domain.launch import LaunchProfile
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.launch_profile import (
    CONCURRENCY_VARIABLE,
    default_concurrency,
    needs_hub_profile,
    profile_for,
)
from tests.unit.planning.samples import SPACE

DIRECT, HUB = LaunchProfile.DIRECT, LaunchProfile.HUB
HEAD = 'Traceback (most recent call last):\n  File "/home/user/app/app.py", line 3, in <module>\n'
OS = '  File "<frozen os>", line 679, in __getitem__\n'


@pytest.mark.parametrize(
    ("sdk", "kind", "profile"),
    [
        (Sdk.GRADIO, ApiKind.AUTO, DIRECT),
        (Sdk.GRADIO, ApiKind.GRADIO, DIRECT),
        (Sdk.DOCKER, ApiKind.AUTO, DIRECT),
        (Sdk.DOCKER, ApiKind.OPENAPI, HUB),
        (Sdk.DOCKER, ApiKind.OPENAI, HUB),
        (Sdk.DOCKER, ApiKind.HTTP, HUB),
        (Sdk.STREAMLIT, ApiKind.AUTO, HUB),
        (Sdk.STATIC, ApiKind.AUTO, HUB),
    ],
)
def test_only_what_may_be_gradio_leaves_the_hub(sdk: Sdk, kind: ApiKind, profile: LaunchProfile) -> None:
    space = replace(SPACE, sdk=sdk, api=Api(kind=kind))
    assert profile_for(space, DIRECT) is profile
    assert profile_for(space, HUB) is HUB


@pytest.mark.parametrize(
    "log",
    [
        HEAD + OS + "KeyError: 'SPACE_ID'",
        HEAD + '    author = os.environ["SPACE_ID"].split("/")[0]\n' + OS + "KeyError: 'SPACE_ID'",
        HEAD + '    author = os.getenv("SPACE_ID").split("/")[0]\n' + "AttributeError: 'NoneType' has no 'split'",
        HEAD + "    api.restart_space(repo_id=space_id)\nHFValidationError: Repo id must be a string, not NoneType",
        HEAD + '    assert os.environ["SYSTEM"] == "spaces"\nAssertionError',
        HEAD + "RuntimeError: SPACE_ID is not set",
        "/app/start.sh: line 3: SPACE_ID: unbound variable",
        HEAD + "ValueError: Your machine must be logged in to HF to debug a Gradio app locally. Please",
        HEAD + "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='cdn-media.huggingface.co', port=443)",
        HEAD + OS + "KeyError: 'SPACE_ID'\n\nDuring handling of the above exception, another exception occurred:\n\n"
        + HEAD + "RuntimeError: cannot start",
    ],
)  # fmt: skip
def test_what_fails_for_want_of_the_hub_is_known_by_its_log(log: str) -> None:
    assert needs_hub_profile(log)


@pytest.mark.parametrize(
    "log",
    [
        "",
        HEAD + OS + "KeyError: 'OPENAI_API_KEY'",
        HEAD + OS + "KeyError: 'MY_SPACE_ID'",
        HEAD + OS + "KeyError: 'SPACE_ID_2'",
        HEAD + "ModuleNotFoundError: No module named 'spaces'",
        "WARNING: SPACE_ID is not set, running locally\n" + HEAD + "ValueError: no weights",
        "SPACE_ID=None\n" + HEAD + "ValueError: no weights",
        "Could not create share link. Missing file, download https://cdn-media.huggingface.co/frpc\n"
        + HEAD
        + "KeyError: 1",
        "operating SYSTEM\n",
    ],
)
def test_what_fails_for_another_reason_is_not_taken_for_that(log: str) -> None:
    assert not needs_hub_profile(log)


def test_a_log_of_any_size_is_looked_at_quickly_enough_to_be_a_log_of_an_evil_space() -> None:
    assert not needs_hub_profile(("space_i" * 100_000 + "\n") * 10)


@pytest.mark.parametrize(
    ("given", "calls"), [({}, 1), ("", 1), ("1", 1), ("16", 16), ("none", None), ("None", None), (Secret("3"), 3)]
)
def test_how_many_calls_at_once_a_space_takes_is_what_its_variable_says(
    given: str | Secret | dict[str, str], calls: int | None
) -> None:
    environment = given if isinstance(given, dict) else {CONCURRENCY_VARIABLE: given}
    assert default_concurrency(environment) == calls


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "many", "٣", "4 ", "\x1b[31m"])
def test_a_number_of_calls_that_cannot_be_is_refused_with_what_can(given: str) -> None:
    with pytest.raises(UsageError, match="whole number from 1, or none") as caught:
        default_concurrency({CONCURRENCY_VARIABLE: given})
    assert "\x1b" not in caught.value.message


def test_a_secret_number_of_calls_is_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        default_concurrency({CONCURRENCY_VARIABLE: Secret("hunter2")})
    assert "hunter2" not in caught.value.message
