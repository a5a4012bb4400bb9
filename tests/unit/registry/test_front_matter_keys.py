"""The front matter with all its keys: typed values, faults with their place and what to write instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.finding import Health
from hf_spaces_runner.domain.front_matter import FrontMatter, FrontMatterFault, Preload
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.registry.front_matter import MAX_BLOCK_LENGTH, read_front_matter

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def readme(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "# Text", ""])


def read(*lines: str) -> FrontMatter:
    found = read_front_matter(readme(*lines))
    assert found.faults == ()
    assert found.front_matter is not None
    return found.front_matter


def only_fault(*lines: str) -> FrontMatterFault:
    (fault,) = read_front_matter(readme(*lines)).faults
    return fault


def test_every_key_is_typed() -> None:
    front = read(
        "title: 2048",
        "emoji: 🙂",
        "colorFrom: blue",
        "colorTo: gray",
        "sdk: gradio",
        "sdk_version: 5.49.1",
        "python_version: '3.10'",
        "app_file: ./src/app.py",
        "base_path: /start",
        "suggested_hardware: t4-small",
        "suggested_storage: large",
        "models: [gpt2, user/model]",
        "datasets: [user/data]",
        "tags:",
        "  - one",
        "license: apache-2.0",
        "short_description: short",
        "thumbnail: https://example.org/x.png",
        "header: mini",
        "pinned: false",
        "fullWidth: True",
        "disable_embedding: true",
        "hf_oauth: true",
        "hf_oauth_scopes: [email]",
        "hf_oauth_expiration_minutes: 60",
        "hf_oauth_authorized_org: acme",
        "startup_duration_timeout: 1h",
        "custom_headers:",
        "  Cross-Origin-Embedder-Policy: require-corp",
        "preload_from_hub:",
        "  - user/model",
        f"  - user/model a.bin,b.bin {COMMIT}",
        "mine: {a: [1]}",
    )
    assert (front.sdk, front.sdk_version, front.python_version) == (Sdk.GRADIO, "5.49.1", "3.10")
    assert (front.title, front.emoji, front.color_from, front.color_to) == ("2048", "🙂", "blue", "gray")
    assert (front.app_file, front.base_path, front.short_description) == ("src/app.py", "/start", "short")
    assert (front.suggested_hardware, front.suggested_storage, front.header) == ("t4-small", "large", "mini")
    assert (front.models, front.datasets, front.tags) == (("gpt2", "user/model"), ("user/data",), ("one",))
    assert (front.license, front.thumbnail) == (("apache-2.0",), "https://example.org/x.png")
    assert (front.pinned, front.full_width, front.disable_embedding, front.hf_oauth) == (False, True, True, True)
    assert (front.hf_oauth_scopes, front.hf_oauth_expiration_minutes) == (("email",), 60)
    assert (front.hf_oauth_authorized_org, front.startup_timeout_s) == (("acme",), 3600)
    assert front.custom_headers == {"cross-origin-embedder-policy": "require-corp"}
    assert front.preload_from_hub == (
        Preload(repo="user/model"),
        Preload(repo="user/model", files=("a.bin", "b.bin"), revision=COMMIT),
    )
    assert front.extra == {"mine": {"a": [1]}}
    assert (front.lines["title"], front.lines["mine"]) == (2, 34)


@pytest.mark.parametrize(("sdk", "app_file"), [("docker", "app.py"), ("static", "index.html")])
def test_defaults_are_the_hubs(sdk: str, app_file: str) -> None:
    front = read(f"sdk: {sdk}", "title:", "python_version: null", "app_file: ~")
    assert (front.app_file, front.app_port, front.startup_timeout_s) == (app_file, 7860, 1800)
    assert (front.title, front.python_version, front.full_width) == ("", None, None)


@pytest.mark.parametrize(
    ("line", "where", "said", "fix"),
    [
        ("sdk_version: latest", "4:14", "'latest' is not a version", "5.49.1"),
        ("sdk_version: 5.0; rm -rf /", "4:14", "is not a version", "5.49.1"),
        ("python_version: 2.7", "4:17", "not a version of Python 3", '"3.11"'),
        ("app_file: ../x.py", "4:11", "inside the folder", "app.py"),
        ("app_file: /etc/passwd", "4:11", "inside the folder", "app.py"),
        ("app_file: -c", "4:11", "inside the folder", "app.py"),
        (r'app_file: "a\e[31m"', "4:11", "inside the folder", "app.py"),
        ("app_port: 99999", "4:11", "from 1 to 65535", "65535"),
        ("app_port: 0x50", "4:11", "from 1 to 65535", "65535"),
        ("colorFrom: grey", "4:12", "'grey' is none of red,", "write gray"),
        ("colorTo: cyan", "4:10", "'cyan' is none of red,", ""),
        ("emoji: rocket", "4:8", "'rocket' is not an emoji", "🚀"),
        ("pinned: yes", "4:9", "true or false, not 'yes'", "true or false"),
        ("models: user/model", "4:9", "must be a list", "`- `"),
        ("models: [https://huggingface.co/a/b]", "4:10", "not the id of a repository", "user/name"),
        ("datasets: [a, [b]]", "4:15", "each item must be a text", "`- `"),
        ("tags: [a, '']", "4:11", "each item must be a text", "`- `"),
        ("title: [x]", "4:8", "must be a text", ""),
        (f"short_description: {'x' * 61}", "4:20", "61 characters, and the Hub takes 60", "60"),
        ("header: tiny", "4:9", "'tiny' is none of default, mini", "mini"),
        ("suggested_storage: huge", "4:20", "none of small, medium, large", "small"),
        ("startup_duration_timeout: soon", "4:27", "'soon' is not a duration", "30m"),
        ("base_path: start", "4:12", "must begin with /", "write /start"),
        ("custom_headers: {x-frame-options: deny}", "4:18", "no header that the Hub", "cross-origin-embedder-policy"),
        ("custom_headers: {cross-origin-opener-policy: any}", "4:46", "'any' is none of", "same-origin"),
        ("custom_headers: [a]", "4:17", "`name: value`", "indent"),
        ("preload_from_hub: [a/b c.bin main]", "4:20", "'main' is not a commit", "40 digits"),
        ("preload_from_hub: [a/b ../c]", "4:20", "'../c' is not a file", ""),
        ("preload_from_hub: [a/b c d e]", "4:20", "more than three parts", ""),
    ],
)
def test_a_value_that_cannot_be(line: str, where: str, said: str, fix: str) -> None:
    fault = only_fault("sdk: docker", "", line)
    shown = f"README.md:{where}: {line.partition(':')[0]}: "
    assert fault.status is Health.FAIL
    assert fault.at("README.md").startswith(shown)
    assert said in fault.message
    assert fix in fault.fix
    assert fault.fix


@pytest.mark.parametrize(
    ("line", "said", "fix"),
    [
        ("python_version: 3.10", "the number 3.1", 'python_version: "3.10"'),
        ("license: apache2", "no licence 'apache2'", "write apache-2.0"),
        ("license: [mit, gplv3.0]", "no licence 'gplv3.0'", "write gpl-3.0"),
        ("suggested_hardware: t4-smal", "'t4-smal' is none of", "write t4-small"),
        ("app-file: x.py", "passes over 'app-file'", "write app_file"),
        ("colorfrom: red", "passes over 'colorfrom'", "write colorFrom"),
        ("thumbnail: x.png", "not an address", "https://"),
        ("app_port: 80", "only where sdk is docker", "remove it"),
        ("app_build_command: npm run build", "only where sdk is static", "remove it"),
        ("hf_oauth_scopes: [email]", "without hf_oauth: true", "hf_oauth: true"),
    ],
)
def test_what_may_be_meant_otherwise_is_only_doubted(line: str, said: str, fix: str) -> None:
    fault = only_fault("sdk: gradio", "sdk_version: 5.49.1", line)
    assert (fault.status, fault.line, fault.stops_build) == (Health.WARN, 4, False)
    assert said in fault.message
    assert fix in fault.fix


def test_keys_of_our_own_and_those_of_models_are_no_fault() -> None:
    assert read("sdk: docker", "language: [en]", "license_name: mine", "x: 1").extra.keys() == {
        *("language", "license_name", "x"),
    }


def test_a_colour_keeps_nobody_from_building() -> None:
    found = read_front_matter(readme("sdk: docker", "colorTo: x", "app_port: y"))
    assert found.front_matter is not None
    assert (found.front_matter.color_to, found.front_matter.app_port) == ("", 7860)
    assert [(fault.key, fault.stops_build) for fault in found.faults] == [("colorTo", False), ("app_port", True)]


def test_streamlit_and_a_missing_version_are_doubted() -> None:
    found = read_front_matter(readme("sdk: streamlit"))
    assert [(fault.key, fault.status) for fault in found.faults] == [
        ("sdk", Health.WARN),
        ("sdk_version", Health.WARN),
    ]


@pytest.mark.parametrize(
    ("lines", "line", "said", "fix"),
    [
        (["title: x"], 2, "it is missing", "write sdk: gradio, docker or static"),
        (["SDK: docker"], 2, "it is missing", "write sdk, not SDK"),
        (["title: x", "sdk: gradioo"], 3, "'gradioo' is none of gradio, docker", "write gradio"),
    ],
)
def test_without_an_sdk_there_is_no_front_matter(lines: list[str], line: int, said: str, fix: str) -> None:
    found = read_front_matter(readme(*lines))
    assert found.front_matter is None
    fault = found.faults[0]
    assert (fault.key, fault.line, fault.stops_build) == ("sdk", line, True)
    assert said in fault.message
    assert fault.fix == fix


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "no front matter"),
        ("# Title\n", 1, "no front matter"),
        ("\n\n---\nsdk: gradio\n---\n", 3, "does not begin on the first line"),
        ("---\nsdk: gradio\n", 1, "does not end"),
        (f"---\nx: {'a' * 2 * MAX_BLOCK_LENGTH}\n---\n", 1, "does not end within 64 KiB"),
        ("---\n- gradio\n---\n", 2, "not a list of"),
        ("---\n---\n", 2, "not a list of"),
        ("---\na: &a [x]\nsdk: *a\n---\n", 3, "aliases"),
        ("---\nsdk: gradio\nsdk: docker\n---\n", 3, "stands twice"),
        ("---\nsdk: [gradio\n---\n", 2, "a bracket is not closed"),
        ("---\nsdk: gradio\n\tx: y\n---\n", 3, "a tab"),
        ("---\nsdk: !!python/object/apply:os.system [id]\n---\n", 2, "could not determine a constructor"),
        (f"---\nx: {'[' * 5000}\n---\n", 2, "nested more than"),
    ],
)
def test_a_block_that_cannot_be_read(text: str, line: int, said: str) -> None:
    found = read_front_matter(text)
    assert found.front_matter is None
    (fault,) = found.faults
    assert (fault.line, fault.stops_build, fault.status) == (line, True, Health.FAIL)
    assert said in fault.message
    assert fault.fix


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    found = read_front_matter("\ufeff---\r\nsdk: gradio\r\nsdk_version: 5.0.0\r\napp_port: x\r\n---\r\ntext\r\n")
    assert found.front_matter is not None
    assert found.front_matter.sdk_version == "5.0.0"
    assert [(fault.key, fault.line) for fault in found.faults] == [("app_port", 4)]


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    found = read_front_matter(f"---\n{text}\n---\n")
    assert found.front_matter is not None or any(fault.stops_build for fault in found.faults)


KEYS = st.sampled_from([*FrontMatter.__dataclass_fields__, "colorFrom", "fullWidth", "startup_duration_timeout"])


@given(st.lists(st.tuples(KEYS, st.text(st.characters(codec="utf-8"), max_size=20))))
def test_any_value_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    text = readme("sdk: gradio", *(f"{key}: {value!r}" for key, value in pairs))
    assert all(fault.line > 0 and fault.fix for fault in read_front_matter(text).faults)
