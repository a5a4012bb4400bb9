"""What is found in the source of a Space: each fault in a folder that is fine but for it."""

from pathlib import Path

import pytest

from hf_spaces_runner.domain.finding import Health, worst
from hf_spaces_runner.domain.space_folder import SpaceFinding
from hf_spaces_runner.registry.registry import bundled_registry_directory
from hf_spaces_runner.validating import validate_space

TOKEN = "hf_" + "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8bC0dF2h"
AWS = "AKIA" + "Q2W4E6R8T0Y1U3I5"
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
GRADIO = "---\nsdk: gradio\nsdk_version: 5.49.1\n---\n"
DOCKER = "---\nsdk: docker\n---\n"
APP = "import gradio as gr\ngr.Interface(len, 'text', 'number').launch()\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"


def found(root: Path, files: dict[str, str | bytes]) -> list[SpaceFinding]:
    """Write `files` and return what is not in order."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [finding for finding in validate_space(root) if finding.status is not Health.OK]


def in_gradio(root: Path, files: dict[str, str | bytes]) -> list[SpaceFinding]:
    return found(root, {"README.md": GRADIO, "app.py": APP, "requirements.txt": "", **files})


@pytest.mark.parametrize(
    "space", sorted((bundled_registry_directory() / "spaces").iterdir()), ids=lambda path: path.name
)
def test_the_bundled_spaces_are_not_wrong(space: Path) -> None:
    findings = validate_space(space)
    # A Space of Streamlit is told that the Hub makes no new ones.
    others = [finding for finding in findings if not finding.message.startswith("sdk: streamlit")]
    assert worst(others) is Health.OK


def test_a_space_that_is_fine_has_a_line_for_each_check(tmp_path: Path) -> None:
    assert in_gradio(tmp_path, {}) == []
    names = [finding.name for finding in validate_space(tmp_path)]
    assert names == [
        *("folder", "front_matter", "app", "requirements", "source", "address", "share", "secrets", "large_files"),
        *("names", "links", "line_ends"),
    ]


@pytest.mark.parametrize(
    ("files", "name", "place", "said"),
    [
        ({"app.py": "import gradio\ngradio.x.launch(server_name='127.0.0.1')"}, "address", "app.py:2", "127.0.0.1"),
        ({"app.py": "import gradio\ngradio.x.launch(\n server_port=80)"}, "address", "app.py:3", "asks port 7860"),
        ({"app.py": "x.launch(share=True)"}, "share", "app.py:1", "public tunnel"),
        ({"app.py": f"T = '{TOKEN}'"}, "secrets", "app.py:1", "a token of the Hub"),
        ({"x.yaml": f"a: 1\nb: {AWS}"}, "secrets", "x.yaml:2", "a key of AWS"),
        ({"id": KEY}, "secrets", "id:1", "a private key"),
        ({".env": "A=1"}, "secrets", ".env", "file for secrets"),
        ({"sub/.env.local": "A=1"}, "secrets", "sub/.env.local", "file for secrets"),
        (
            {"requirements.txt": "gradio==4.44.1"},
            "requirements",
            "requirements.txt:1",
            "does not fit sdk_version: 5.49.1",
        ),
        ({"requirements.txt": "# ok\n\nGradio<5 # x"}, "requirements", "requirements.txt:3", "does not fit"),
        ({"packages.txt": "libgl1 # for cv2"}, "packages", "packages.txt:1", "no comments"),
        ({"README.txt": "", "readme.txt": ""}, "names", "README.txt", "differ by case only"),
        ({"A/x": "", "a/y": ""}, "names", "A", "A and a differ by case only"),
        ({"utils.py": "", "app.py": "import Utils"}, "names", "app.py:1", "the file here is utils"),
        ({"lib/thing.py": "", "app.py": "from lib.Thing import x"}, "names", "app.py:1", "the file here is lib/thing"),
        ({"data/a.csv": "", "app.py": "open('Data/a.csv')"}, "names", "app.py:1", "the file here is data/a.csv"),
        ({"start.sh": "#!/bin/sh\r\nls\r\n"}, "line_ends", "start.sh", "line ends of Windows"),
        ({"README.md": b"\xef\xbb\xbf" + GRADIO.encode()}, "line_ends", "README.md:1", "byte order mark"),
        ({"model.safetensors": POINTER}, "large_files", "model.safetensors", "only the pointer"),
        ({"Dockerfile": "FROM x"}, "app", "README.md:2", "does nothing where sdk is gradio"),
        ({"lib.py": "def f(:\n"}, "source", "lib.py:1", "is not Python"),
        ({"deep.py": "a" + "+a" * 50_000}, "source", "deep.py", "nested too deeply"),
        ({"long.py": "# " + "x" * 200_000}, "source", "long.py", "larger than 128 KiB"),
        ({"latin.py": b"# \xe4"}, "source", "latin.py", "is not UTF-8"),
        ({".venv/pyvenv.cfg": ""}, "folder", "None", ".venv is a virtual environment"),
    ],
)
def test_what_may_break_is_doubted_once(
    tmp_path: Path, files: dict[str, str | bytes], name: str, place: str, said: str
) -> None:
    (finding,) = in_gradio(tmp_path, files)
    assert (finding.name, finding.status) == (name, Health.WARN)
    assert place == (f"{finding.file}:{finding.line}" if finding.line else str(finding.file))
    assert said in finding.message
    assert finding.fix


@pytest.mark.parametrize(
    ("files", "name", "place", "said", "fix"),
    [
        ({"README.md": "# Hello"}, "front_matter", "README.md:1", "no front matter", "sdk: gradio"),
        ({"README.md": "---\ntitle: x\n---\n"}, "front_matter", "README.md:2", "sdk: it is missing", "sdk: gradio"),
        ({"README.md": b"---\nsdk: \xff"}, "front_matter", "README.md", "is not UTF-8", "UTF-8"),
        ({"README.md": "x" * 2_000_000}, "front_matter", "README.md", "larger than 1024 KiB", ""),
        ({"requirements.txt": "ok; " + "(" * 900}, "requirements", "requirements.txt:1", "is not a requirement", ""),
        ({"requirements.txt": "ok\n??? x"}, "requirements", "requirements.txt:2", "'??? x' is not a requirement", ""),
        ({"requirements.txt": "a".encode("utf-16")}, "source", "requirements.txt", "UTF-16, as PowerShell", "UTF-8"),
        ({"packages.txt": "libgl1\n-y"}, "packages", "packages.txt:2", "'-y' is not the name", ""),
    ],
)
def test_what_breaks_for_certain_fails(
    tmp_path: Path, files: dict[str, str | bytes], name: str, place: str, said: str, fix: str
) -> None:
    (finding,) = in_gradio(tmp_path, files)
    assert (finding.name, finding.status) == (name, Health.FAIL)
    assert place == (f"{finding.file}:{finding.line}" if finding.line else str(finding.file))
    assert said in finding.message
    assert fix in (finding.fix or "")


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": f"T = 'hf_{'x' * 34}'\nA = 'AKIAIOSFODNN7EXAMPLE'\nimport os\nos.environ['HF_TOKEN']"},
        {".env": f"T={TOKEN}", ".gitignore": ".env\n"},
        {".env.example": "T="},
        {
            "requirements.txt": "gradio>=5\n-r more.txt\ngit+https://x/y\n./a.whl\nnumpy>=1 \\\n  ,<3 # c\nx @ https://y/z"
        },
        {"requirements.txt": "gradio==4.0; python_version < '3.9'"},
        {"utils.py": "", "app.py": "import utils, Crypto.Hash\nfrom utils import Utils"},
        {"app.py": "import redis, subprocess\nredis.Redis(host='localhost')\nsubprocess.run(['x'])"},
        {"start.sh": "#!/bin/sh\nls\n", "page.html": "a\r\n"},
        {"old.py": "x = '\\d'\n"},
    ],
)
def test_what_is_no_fault(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    assert in_gradio(tmp_path, files) == []


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    findings = in_gradio(tmp_path, {"app.py": f"T = '{TOKEN}'\nK = '{AWS}'"})
    assert [finding.line for finding in findings] == [1, 2]
    assert TOKEN not in str(findings)
    assert AWS not in str(findings)


def test_large_files_are_for_lfs(tmp_path: Path) -> None:
    (tmp_path / "a.bin").touch()
    for name in ("a.bin", "b.bin"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(11 * 1024**2)
    (finding,) = in_gradio(tmp_path, {".gitattributes": "a.* filter=lfs diff=lfs merge=lfs -text"})
    assert (finding.name, finding.file, finding.message) == (
        "large_files",
        "b.bin",
        "has 11 MiB, and git pushes to the Hub end at 10 MiB",
    )


def test_a_link_out_of_the_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "passwd").symlink_to("/etc/passwd")
    (finding,) = in_gradio(tmp_path, {})
    assert (finding.name, finding.status, finding.file) == ("links", Health.FAIL, "passwd")


@pytest.mark.parametrize(
    ("files", "said", "fix"),
    [
        ({}, "the folder is empty", "README.md"),
        ({"x.py": ""}, "not the source of a Space", "sdk: gradio"),
        ({"Dockerfile": ""}, "not the source of a Space", "sdk: docker"),
        ({"readme.md": ""}, "it is called readme.md", "rename it README.md"),
    ],
)
def test_what_is_not_a_space(tmp_path: Path, files: dict[str, str | bytes], said: str, fix: str) -> None:
    (finding,) = found(tmp_path, files)
    assert finding.status is Health.FAIL
    assert said in finding.message
    assert fix in (finding.fix or "")


@pytest.mark.parametrize(
    ("files", "said", "fix"),
    [
        ({"README.md": GRADIO}, "there is no app.py here", "app_file"),
        ({"README.md": GRADIO, "App.py": APP}, "only App.py: names are case-sensitive", "rename it app.py"),
        ({"README.md": DOCKER}, "there is no Dockerfile here", "add a Dockerfile"),
        ({"README.md": DOCKER, "dockerfile": "FROM x"}, "only dockerfile", "rename it Dockerfile"),
        ({"README.md": "---\nsdk: static\n---\n"}, "there is no index.html here", "app_file"),
        ({"README.md": "---\ntitle: x\n---\n", "Dockerfile": "FROM x"}, "sdk: it is missing", "write sdk: docker"),
    ],
)
def test_files_that_the_sdk_needs(tmp_path: Path, files: dict[str, str | bytes], said: str, fix: str) -> None:
    finding = found(tmp_path, files)[0]
    assert (finding.status, finding.file, finding.line) == (Health.FAIL, "README.md", 2)
    assert said in finding.message
    assert fix in (finding.fix or "")


def test_an_app_that_is_no_python_fails_where_the_version_is_said(tmp_path: Path) -> None:
    readme = GRADIO.replace("sdk: gradio", 'sdk: gradio\npython_version: "3.11"')
    (finding,) = in_gradio(tmp_path, {"README.md": readme, "app.py": "\nx = (\n"})
    assert (finding.name, finding.status, finding.file, finding.line) == ("source", Health.FAIL, "app.py", 2)


def test_a_missing_list_of_packages_names_them(tmp_path: Path) -> None:
    code = APP + "import torch, os, numpy\nfrom sklearn.svm import SVC\nfrom . import near\nimport near\n"
    (finding,) = found(tmp_path, {"README.md": GRADIO, "app.py": code, "near.py": ""})
    assert (finding.name, finding.status, finding.file, finding.line) == ("requirements", Health.WARN, "app.py", 4)
    assert finding.message == "there is no requirements.txt, and the code imports sklearn, torch"


@pytest.mark.parametrize(
    ("dockerfile", "app", "places"),
    [
        ("FROM x\nEXPOSE 7860\nCMD uvicorn a:a --host 0.0.0.0 --port 7860", "", []),
        ("FROM x\nEXPOSE 8000", "", [("dockerfile", 2)]),
        ('FROM x\nCMD ["uvicorn", "a:a", "--port", "80"]', "", [("dockerfile", 2), ("dockerfile", 2)]),
        ('FROM x\nCMD ["python", "a.py", "--host", "127.0.0.1"]', "", [("dockerfile", 2)]),
        ("FROM x AS y\nEXPOSE 1234\nFROM z\nHEALTHCHECK CMD curl 127.0.0.1:80", "", []),
        ("RUN x", "", [("dockerfile", 1)]),
        ("FROM x", APP, [("address", 2)]),
        ("FROM x\nENV GRADIO_SERVER_NAME=0.0.0.0", APP, []),
        ("FROM x", "import uvicorn\nuvicorn.run(app)", [("address", 2)]),
        ("FROM x", "import uvicorn\nuvicorn.run(app, host='0.0.0.0', port=80)", [("address", 2)]),
        ("FROM x", "import flask\napp.run()", [("address", 2)]),
        ("FROM x", "import flask\napp.run(host='0.0.0.0', port=7860)", []),
    ],
)
def test_a_dockerfile_and_what_it_starts(
    tmp_path: Path, dockerfile: str, app: str, places: list[tuple[str, int]]
) -> None:
    findings = found(tmp_path, {"README.md": DOCKER, "Dockerfile": dockerfile, "app.py": app})
    assert [(finding.name, finding.line) for finding in findings] == places


def test_many_of_one_kind_are_counted(tmp_path: Path) -> None:
    findings = in_gradio(tmp_path, {f"s{number}.sh": "#!/bin/sh\r\n" for number in range(15)})
    assert len(findings) == 11
    assert findings[-1].message == "and 5 more of this kind"


def test_names_of_a_stranger_are_safe_to_print(tmp_path: Path) -> None:
    findings = in_gradio(tmp_path, {"a\x1b[31m\nb.py": "def f(:", "c\u202e.sh": "#!/bin/sh\r\n"})
    assert {finding.name for finding in findings} == {"names", "source", "line_ends"}
    for finding in findings:
        assert "\x1b" not in finding.message + str(finding.file) + str(finding.fix)
        assert "\u202e" not in finding.message + str(finding.file) + str(finding.fix)
        assert "\n" not in finding.message + str(finding.file)
