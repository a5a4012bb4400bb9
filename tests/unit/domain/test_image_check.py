import pytest

from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus, status_after

FOUND_OUT = ("unverified", "available", "unavailable", "needs-login")
AFTER = {
    ImageStatus.AVAILABLE: "available",
    ImageStatus.GONE: "unavailable",
    ImageStatus.WRONG_ARCHITECTURE: "unavailable",
    ImageStatus.NEEDS_LOGIN: "needs-login",
    ImageStatus.REFUSED: "needs-login",
    ImageStatus.UNREACHABLE: None,
}


def checked(status: ImageStatus) -> ImageCheck:
    return ImageCheck(image="host.example/app", status=status)


@pytest.mark.parametrize("before", FOUND_OUT)
@pytest.mark.parametrize("status", ImageStatus)
def test_a_check_replaces_what_a_check_can_find_out(before: str, status: ImageStatus) -> None:
    assert status_after(before, checked(status)) == (AFTER[status] or before)


@pytest.mark.parametrize("before", ["disabled", "", "Available", "needs_login", "experimental"])
@pytest.mark.parametrize("status", ImageStatus)
def test_what_the_user_wrote_stays(before: str, status: ImageStatus) -> None:
    assert status_after(before, checked(status)) == before


@pytest.mark.parametrize("before", [*FOUND_OUT, "disabled"])
def test_without_a_check_nothing_changes(before: str) -> None:
    assert status_after(before, None) == before
