"""A Space whose answers are evil: names, addresses, values and texts that would hurt whoever believed them."""

import json
import unicodedata
from collections.abc import Sequence

import pytest

from tests.engine.hostile_runs import HostileSpace, hostile, hostile_image
from tests.unit.calling.fake_space import fake_space, file_data

__all__ = ["hostile", "hostile_image"]  # fixtures

pytestmark = pytest.mark.engine

ESCAPES = "\x1b[31m\x1b]0;title\x07\x9b31m\u202e\x7f\r"
NAMES = [
    *("../../etc/passwd", "/etc/passwd", "..\\..\\windows\\win.ini", "C:\\evil.txt", "~/.ssh/authorized_keys"),
    *("a\x00b.txt", f"{ESCAPES}.txt", "photo\u202egpj.exe", "half\ud800", "new\nline", "x" * 300, "\u00e4" * 300),
    *("CON", "NUL.txt", "com1.tar.gz", "Lpt9", "aux.", ".bashrc", "...", "..", ".", "", " ", "-rf", "~", "$(id)"),
    *("trailing. . ", "%2e%2e%2f", "same", "same", "SAME", "e\u0301", "\u00e9", "\uff0e\uff0e\uff0fpasswd", "\u200b"),
    *("a:b|c<d>?*", "folder/"),
]  # fmt: skip
RESERVED = {"con", "nul", "aux", "prn", "com1", "lpt9"}


def answer_of(files: Sequence[object]) -> dict[str, str]:
    """Return the variables of a Space that answers with these files."""
    return {"ANSWER": json.dumps([files]), "OUTPUTS": "file"}


def test_a_file_may_be_called_anything(hostile: HostileSpace) -> None:
    named = [file_data(f"/x/{number}", orig_name=name) for number, name in enumerate(NAMES)]
    named += [file_data(f"/x/{number}/{name}") for number, name in enumerate(NAMES) if len(name) < 50]
    ended = hostile.run(variables=answer_of(named))
    assert ended.exit_code == 0, ended.stderr
    assert len(ended.files) == len(named) == len({name.casefold() for name in ended.files})
    for name in ended.files:
        assert len(name.encode()) <= 120
        assert not set(name) & set('/\\<>:"|?*')
        assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in name)
        assert name == unicodedata.normalize("NFC", name)
        assert not name.startswith((".", "-", "~", " "))
        assert not name.endswith((".", " "))
        assert name.partition(".")[0].casefold() not in RESERVED
        assert (hostile.out / name).read_text() == "content"


def test_what_lies_in_the_output_folder_is_not_touched(hostile: HostileSpace) -> None:
    hostile.out.mkdir(parents=True)
    (hostile.out / "folder").mkdir()
    (hostile.out / "link").symlink_to("nowhere")
    (hostile.out / "file.txt").write_text("mine")
    ended = hostile.run(variables=answer_of([file_data(f"/x/{name}") for name in ("folder", "link", "FILE.txt")]))
    assert ended.exit_code == 0, ended.stderr
    assert ended.files == ("FILE-2.txt", "file.txt", "folder.txt", "link", "link.txt")
    assert (hostile.out / "file.txt").read_text() == "mine"
    assert (hostile.out / "link").is_symlink()


def test_a_file_is_what_is_in_it(hostile: HostileSpace) -> None:
    claims = [
        (b"<html><script>evil()</script></html>", "page.png", "page.txt"),
        (b"\x7fELF\x02\x01", "photo.jpg", "photo.bin"),
        (b"MZ\x90\x00", "invoice.pdf", "invoice.bin"),
        (b"#!/bin/sh\nrm -rf /", "song.mp3", "song.txt"),
        (b"#!/bin/sh\nrm -rf /", "install.sh", "install.sh.txt"),
        (b"[Desktop Entry]\nExec=evil", "holiday.desktop", "holiday.desktop.txt"),
        (b"\x89PNG\r\n\x1a\n", "setup.exe", "setup.exe.png"),
        (b"PK\x03\x04", "program.jar", "program.jar.zip"),
        (b"", "empty.png", "empty.txt"),
    ]
    named = [file_data(f"/hex/{content.hex() or '20'}/x", orig_name=name) for content, name, _ in claims]
    ended = hostile.run(variables=answer_of(named))
    assert ended.files == tuple(sorted(expected for _, _, expected in claims))


def test_no_other_address_is_asked(hostile: HostileSpace) -> None:
    with fake_space() as witness:
        host = witness.base_url.removeprefix("http://")
        addresses = [
            *(f"{witness.base_url}/x.png", f"{witness.base_url}/gradio_api/file=/etc/passwd", f"//{host}/x.png"),
            *(f"HTTP://{host}/x", f"http://user@{host}/x", f"ftp://{host}/x", f"gopher://{host}/x", f"http:{host}/x"),
            *("http://169.254.169.254/latest/meta-data", "http://[::1]:22/", "http://[bad", "http://127.0.0.1:2375/info"),
            *("file:///etc/passwd", "file://evil.example/etc/passwd", "data:text/plain,evil", "javascript:evil()"),
        ]  # fmt: skip
        named: list[object] = [file_data(None, url=address) for address in addresses]
        named += [file_data(address, url=address) for address in addresses if not address.startswith("//")]
        named += [file_data("/x", url=f"{witness.base_url}/x", is_stream=True)]
        ended = hostile.run(variables=answer_of(named))
        assert ended.exit_code == 0, ended.stderr
        assert (ended.files, ended.json["files"]) == ((), [])
        for evil in ("redirect_of_the_file", "redirect_to_itself"):
            variables = {**answer_of([file_data("/x/a.txt")]), "ELSEWHERE": witness.base_url}
            ended = hostile.run(evil, variables=variables)
            assert ended.verdict == (14, "unusable_answer")
            assert "redirect" in ended.json["error"]
        assert witness.requests == []


def test_odd_json_is_read_as_plain_values(hostile: HostileSpace) -> None:
    numbers = f"NaN, -Infinity, 1e999, -0.0, 1{'0' * 4000}, 1e-999"
    value = f'[{{"a": [{numbers}], "a\\u0000": "\\ud800half \\udc00", "b": 1, "b": 2, "__proto__": {{}}}}]'
    ended = hostile.run(variables={"ANSWER": value, "OUTPUTS": "json"})
    assert ended.exit_code == 0, ended.stderr
    assert ended.json["outputs"][0]["value"] == {"a": "half ", "b": 2, "__proto__": {}}
    ended = hostile.run(variables={"ANSWER": f"[[{numbers}]]", "OUTPUTS": "json"})
    assert ended.json["outputs"][0]["value"] == [None, None, None, -0.0, 10**4000, 0.0]


@pytest.mark.parametrize("output_format", ["json", "human", "quiet"])
def test_no_escape_sequence_reaches_the_terminal(hostile: HostileSpace, output_format: str) -> None:
    text = f"{ESCAPES}evil text"
    answer = json.dumps([text, {text: [text]}, f"<b>{text}</b>", {"label": text, "confidences": []}])
    variables = {"ANSWER": answer, "OUTPUTS": "textbox,json,html,label", "LABEL": json.dumps(text), "COUNT": "50"}
    ended = hostile.run("notes_flood", "-v", output_format=output_format, variables=variables)
    assert ended.exit_code == 0, ended.stderr
    assert "evil text" in ended.stdout
    assert output_format == "quiet" or "Warning: the Space says: evil note" in ended.stderr


@pytest.mark.parametrize("evil", ["ten_megabytes_of_error", "ten_megabytes_of_quoted_error"])
def test_an_error_is_told_in_a_few_lines(hostile: HostileSpace, evil: str) -> None:
    ended = hostile.run(evil)
    assert ended.verdict == (13, "space_error")
    assert "evil error" in ended.json["error"]
    assert len(ended.json["error"]) < 5000


def test_a_schema_cannot_speak_to_the_terminal(hostile: HostileSpace) -> None:
    parameter = {
        "parameter_name": "x",
        "label": ESCAPES,
        "parameter_has_default": True,
        "parameter_default": ESCAPES,
        "type": {"enum": [f"{ESCAPES}red", "\x9b31m" * 5000], "minimum": 10**400},
    }
    ended = hostile.run("", "-i", "x=none of these", variables={"PARAMETERS": json.dumps([parameter])})
    assert ended.verdict == (13, "invalid_input")
    assert "x takes one of red, " in ended.json["error"]


def test_defaults_that_are_no_json_are_sent_back_as_they_can_be(hostile: HostileSpace) -> None:
    text = '{"parameter_name": "text", "type": {"type": "string"}}'
    default = '"parameter_has_default": true, "parameter_default": [1e999, NaN, "\\ud800"]'
    parameters = f'[{text}, {{"parameter_name": "x", "type": {{}}, {default}}}]'
    ended = hostile.run(variables={"PARAMETERS": parameters})
    assert ended.exit_code == 0, ended.stderr
    assert ended.json["text"] == "said"


@pytest.mark.parametrize(
    ("evil", "message"),
    [
        ("a_million_levels", "too many values"),
        ("a_million_digits", "not JSON"),
        ("small_objects", "too many values"),
        ("config_of_small_objects", "too many values"),
        ("a_gigabyte_of_data_url", "larger than 12 MiB"),
        ("five_gigabytes_of_text", "larger than 12 MiB"),
        ("five_gigabytes_of_ticket", "more than 12 MiB"),
        ("five_gigabytes_of_config", "more than 12 MiB"),
        ("ten_thousand_files", "more than 1000 files"),
        ("crowd_of_outputs", "more than 10000 outputs"),
    ],
)
def test_what_is_too_much_is_cut_off(hostile: HostileSpace, evil: str, message: str) -> None:
    ended = hostile.run(evil)
    assert ended.verdict == (14, "unusable_answer")
    assert message in ended.json["error"]


@pytest.mark.parametrize(
    ("evil", "outputs"),
    [
        ("all_heavy", "json"),
        ("all_long", "textbox"),
        ("many_small_objects", "json"),
        ("many_keys", "json"),
        ("text_of_commas", "textbox"),
        ("data_url", "file"),
    ],
)
def test_as_much_as_is_allowed_is_given(hostile: HostileSpace, evil: str, outputs: str) -> None:
    ended = hostile.run(evil, call_s=30, variables={"OUTPUTS": outputs})
    assert ended.exit_code == 0, ended.stderr
    assert len(ended.json["text"]) > 1_000_000
    assert ended.files == ()


@pytest.mark.parametrize(
    ("evil", "exit_code", "message"),
    [
        ("crowd_of_parameters", 13, "49960 more"),
        ("crowd_of_namesakes", 13, "49960 more"),
        ("crowd_of_endpoints", 13, "and 14970 more"),
        ("crowd_of_choices", 13, "no free text parameter"),
        ("ids_of_one_hash", 0, None),
        ("one_default_for_all", 13, "needs param_1, param_2"),
    ],
)
def test_a_schema_of_crowds_is_read_in_time(
    hostile: HostileSpace, evil: str, exit_code: int, message: str | None
) -> None:
    ended = hostile.run(evil, call_s=10)
    assert ended.exit_code == exit_code, ended.stderr
    assert message is None or message in ended.json["error"]
