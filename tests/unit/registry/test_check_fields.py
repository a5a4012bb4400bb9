import pytest

from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.registry.check_fields import check_fields

GOOD: dict[str, object] = {
    "id": "x",
    "docker_image": "host/x:1",
    "description": "",
    "category": "specialized",
    "input_type": "text",
    "output_type": "text",
    "port": 7860,
    "status": "available",
}


def faults(fields: dict[str, object], *, partly: bool = False) -> list[str]:
    with pytest.raises(UsageError) as caught:
        check_fields(fields, partly=partly)
    command = "edit-status" if partly else "add"
    assert caught.value.hint == f"hfsr registry {command} --help shows what an entry may say"
    return caught.value.message.split("\n")


def test_what_is_right_passes() -> None:
    check_fields(GOOD)
    check_fields({"status": "a word of your own"}, partly=True)


def test_all_faults_are_named_at_once() -> None:
    wrong = {**GOOD, "id": "a b", "port": 0, "memory": "lots", "gpus": True, "tags": ["ok", "a\nb"], "space_id": "x"}
    del wrong["status"]
    assert faults(wrong) == [
        "id: letters, digits, dots, dashes and underscores only (it is 'a b')",
        (
            "port: must be at least 1 (it is '0'); "
            "write the number of the port that the app listens on, such as port: 7860"
        ),
        "status: is missing; add a line `status: ...`",
        "space_id: must be user/name, as on the Hub (it is 'x')",
        "memory: 'lots' is not a size: write 512m or 2g",
        "tags > 1: holds characters that may not stand here (it is 'a\\nb')",
        "gpus: is no key of this place (it is 'True'); did you mean gpu?",
    ]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("id", "", "id: letters"),
        ("id", "x\n", "id: letters"),
        ("id", "../x", "id: letters"),
        ("id", "🎉", "id: letters"),
        ("id", "x" * 129, "id: letters"),
        ("description", "a\nb: c", "description: holds characters"),
        ("description", "\x1b[2J", "description: holds characters"),
        ("description", "\u202eabc", "description: holds characters"),
        ("description", "\udcff", "description: "),
        ("description", "x" * 10_000, "description: must have at most 500 characters"),
        ("status", "", "status: must be a word"),
        ("status", "a\r", "status: holds characters"),
        ("docker_image", "Upper", "docker_image: "),
        ("env", {"A": "\0"}, "env > A: holds a name that no variable has, or a NUL"),
        ("env", {"A B": ""}, "env > A B: holds a name that no variable has, or a NUL"),
        ("inputs", {"a": float("nan")}, "inputs > a: cannot be sent to a Space"),
    ],
)
def test_what_cannot_stand_in_an_entry_is_refused(key: str, value: object, said: str) -> None:
    (line,) = faults({**GOOD, key: value})
    assert line.startswith(said)
    assert len(line) < 300
    assert line.isprintable()


def test_a_part_of_an_entry_is_checked_alone() -> None:
    assert faults({"status": "a\nb"}, partly=True)[0].startswith("status: holds characters")


def test_a_hostile_key_stays_on_its_line() -> None:
    (line,) = faults({**GOOD, "a\n\x1b[2Jb": 1})
    assert line.isprintable()
