"""The setting `base_image`: one image for all Pythons, or one for each."""

import pytest

from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.images.base_name import BASE_REFERENCE, base_image_name, gives_python


@pytest.mark.parametrize(
    ("setting", "python_version", "image"),
    [
        ("python:{python_version}-slim", "3.11", "python:3.11-slim"),
        ("python:{python_version}-slim", "3.11.4", "python:3.11.4-slim"),
        ("mirror.example/debian:12", "3.9", "mirror.example/debian:12"),
        ("3.9=old/py:1,python:{python_version}", "3.9", "old/py:1"),
        ("3.9=old/py:1,python:{python_version}", "3.9.18", "old/py:1"),
        ("3.9=old/py:1, python:{python_version}", "3.10", "python:3.10"),
        ("3.9.1=exact:1,3.9=old/py:1", "3.9.1", "exact:1"),
    ],
)
def test_what_the_setting_means_for_a_python(setting: str, python_version: str, image: str) -> None:
    assert base_image_name(setting, python_version) == image


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("no image!", "not the name of an image"),
        ("3.9=old:1", "names no image for Python 3.11"),
        ("", "names no image"),
    ],
)
def test_a_setting_that_names_none(setting: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        base_image_name(setting, "3.11")


def test_only_the_base_image_of_our_own_making_may_have_another_python() -> None:
    assert gives_python("python:3.9-slim", "3.9")
    assert gives_python(BASE_REFERENCE, "3.11.2")
    assert not gives_python(BASE_REFERENCE, "3.9")
