import copy
import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.secret import Secret, redact

# No variable can hold NUL, and the test below puts it where a value was.
VALUES = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=30).filter(
    lambda value: not set(value) <= {"*"}
)


@given(VALUES, st.text(max_size=50), st.text(max_size=50))
def test_a_redacted_text_never_holds_the_value(value: str, before: str, after: str) -> None:
    assert value not in redact(f"{before}{value}{after}", (Secret(value),)).replace("***", "\x00")


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_of_several_secrets_none_is_left_be_one_part_of_another_or_not(values: list[str]) -> None:
    hidden = redact(" ".join(values), tuple(Secret(value) for value in values))
    assert not [value for value in values if len(value) > 3 and value in hidden]


def test_an_empty_secret_changes_nothing() -> None:
    assert redact("as it was", (Secret(""),)) == "as it was"


def test_each_line_of_a_key_is_hidden_wherever_it_was_cut_off() -> None:
    key = Secret("-----BEGIN KEY-----\nMIIEvQIBADANBgkqh\nkiG9w0BAQEFAASCB\n-----END KEY-----\n")
    log = "app | MIIEvQIBADANBgkqh\napp | kiG9w0BAQEFAASCB\napp | -----END KEY-----\napp | done"
    assert redact(log, (key,)) == "app | ***\napp | ***\napp | ***\napp | done"


def test_it_shows_its_value_to_nobody_who_does_not_ask() -> None:
    secret = Secret("hunter2")
    request = Request(space="x", secrets={"TOKEN": secret})
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        repr(request),
        str({"a": [secret]}),
    ]
    assert not [text for text in shown if "hunter2" in text]
    assert secret.reveal() == "hunter2"
    assert copy.deepcopy(secret) == secret
    assert dataclasses.replace(request, keep=True).secrets["TOKEN"].reveal() == "hunter2"
