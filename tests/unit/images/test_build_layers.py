"""Which images of earlier sources go once a newer one is there."""

from typing import Any

from hf_spaces_runner.images.build_layers import KEPT_EARLIER, earlier

REPOSITORY = "hf-spaces-runner/x"


def tag(number: int) -> str:
    return f"{REPOSITORY}:{number:012x}"


def test_the_oldest_go_and_the_last_few_stay() -> None:
    listed = [{"Created": number, "RepoTags": [tag(number)]} for number in (3, 5, 1, 4, 2)]
    assert KEPT_EARLIER == 2
    assert earlier(listed, tag(5)) == [tag(2), tag(1)]
    # The one that was just made may be older than others, since the engine had all its layers.
    assert earlier(listed, tag(1)) == [tag(3), tag(2)]


def test_what_is_no_image_of_a_source_stays() -> None:
    listed: list[dict[str, Any]] = [
        {"Created": 1, "RepoTags": [f"{REPOSITORY}:stage-1", f"{REPOSITORY}:mine", tag(9)]},
        {"Created": 2, "RepoTags": None},
        {"Created": None, "RepoTags": [f"{REPOSITORY}:latest"]},
    ]
    assert earlier(listed, tag(1)) == []
