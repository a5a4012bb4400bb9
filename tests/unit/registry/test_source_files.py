"""What of a Space's folder goes into its image: git and Docker have their say, secrets and links out have none."""

import os
import subprocess
from pathlib import Path

import pytest

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry import source_files
from hf_spaces_runner.registry.docker_patterns import read_dockerignore
from hf_spaces_runner.registry.source_files import SourceFiles, read_source_files

KEY = "-----BEGIN {}PRIVATE KEY-----\nMIIx\n-----END PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIx\n-----END CERTIFICATE-----\n"


def write(root: Path, *names: str, **texts: str) -> None:
    for name, text in {**dict.fromkeys(names, "x"), **texts}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def docker(root: Path, *lines: str) -> SourceFiles:
    return read_source_files(root, dockerignore=read_dockerignore("\n".join(lines), root / ".dockerignore"))


def git(root: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-C", str(root), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("version", ["2", "4"])
def test_the_same_files_as_git_would_take(tmp_path: Path, version: str) -> None:
    kept = ("app.py", "data/a.csv", "data/keep.log", "src/build", "weights/v1/tracked.bin", "caf\u00e9 \u20ac.txt")
    ignored = ("b.log", "build/x", "data/deep/c.log", "weights/v1/other.bin", "env/lib/x.py", "a b", "#note", "local")
    write(tmp_path, *kept, *ignored)
    write(tmp_path, ".gitignore", "data/.gitignore")
    (tmp_path / ".gitignore").write_text("*.log\n/build\nweights/\nenv/\na\\ b  \n\\#note\n# *.py\n[!l]ocax\n")
    (tmp_path / "data" / ".gitignore").write_text("!keep.log\n")
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".git" / "info" / "exclude").write_text("local\n")
    git(tmp_path, "add", "--force", "weights/v1/tracked.bin", "app.py")
    git(tmp_path, "update-index", "--index-version", version)
    names = git(tmp_path, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    assert set(read_source_files(tmp_path).files) == {*kept, ".gitignore", "data/.gitignore"} == set(names) - {""}


def test_a_gitignore_deep_down_counts(tmp_path: Path) -> None:
    write(tmp_path, "x.log", "a/x.log", "a/b/x.log", "a/b/c/x.log", "a/b/c/y")
    (tmp_path / "a" / "b" / ".gitignore").write_text("/x.log\n/c/x.log\n")
    (tmp_path / "a" / ".gitignore").write_text("/x.log\n")
    assert set(read_source_files(tmp_path).files) == {"x.log", "a/.gitignore", "a/b/.gitignore", "a/b/c/y"}


def test_of_what_was_pushed_nothing_is_ignored(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.bin\n.env\n")
    for name in ("model.bin", "app.py", ".env"):
        (tmp_path / name).touch()
    assert set(read_source_files(tmp_path).files) == {".gitignore", "app.py"}
    # A secret stays out even so.
    assert set(read_source_files(tmp_path, was_pushed=True).files) == {".gitignore", "app.py", "model.bin"}


def test_the_git_of_a_stranger_is_not_run(tmp_path: Path) -> None:
    write(tmp_path, "app.py")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "core.fsmonitor", f"touch {tmp_path}/owned; false")
    (tmp_path / ".gitignore").write_text("*.py\n")
    assert list(read_source_files(tmp_path).files) == [".gitignore"]
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "content", [b"", b"DIRC", b"DIRC\0\0\0\2\xff\xff\xff\xff", b"DIRC\0\0\0\4\0\0\0\1" + b"\xff" * 99]
)
def test_a_broken_index_tracks_nothing(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, "app.py", "b.txt")
    (tmp_path / ".gitignore").write_text("*.py\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "index").write_bytes(content)
    assert list(read_source_files(tmp_path).files) == [".gitignore", "b.txt"]


def test_an_index_that_holds_far_more_than_it_is_large_tracks_nothing(tmp_path: Path) -> None:
    write(tmp_path, "app.py")
    (tmp_path / ".gitignore").write_text("*.py\n")
    (tmp_path / ".git").mkdir()
    # Each name is the one before with a byte more, the first being app.py.
    entry = bytes(62) + b"\0%s\0"
    count = 20_000
    content = entry % b"app.py" + entry % b"x" * (count - 1)
    (tmp_path / ".git" / "index").write_bytes(b"DIRC\0\0\0\4" + count.to_bytes(4, "big") + content)
    assert list(read_source_files(tmp_path).files) == [".gitignore"]


def test_a_git_folder_elsewhere_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "other", "app.py")
    git(tmp_path / "other", "init", "--quiet")
    git(tmp_path / "other", "add", "app.py")
    (tmp_path / "other" / ".git" / "info" / "exclude").write_text("b.txt\n")
    write(tmp_path / "space", "app.py", "b.txt")
    (tmp_path / "space" / ".gitignore").write_text("*.py\n")
    (tmp_path / "space" / ".git").symlink_to(tmp_path / "other" / ".git")
    assert list(read_source_files(tmp_path / "space").files) == [".gitignore", "b.txt"]


def test_dockerignore_leaves_out_and_takes_back(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile", ".dockerignore", "README.md", "docs/a.md", "docs/keep/b.md", "src/x.o", "src/a/x.o")
    found = docker(tmp_path, "*.md", "docs", "!docs/keep", "src/*.o", "Dockerfile", ".dockerignore")
    # The engine reads Dockerfile and .dockerignore, and takes them out of the context itself.
    assert list(found.files) == [".dockerignore", "Dockerfile", "docs/keep/b.md", "src/a/x.o"]
    assert set(found.left_out) == {"README.md", "docs/a.md", "src/x.o"}


def test_no_line_takes_a_secret_back(tmp_path: Path) -> None:
    write(tmp_path, "a", ".env", ".git/config")
    (tmp_path / ".gitignore").write_text("!.env\n")
    found = docker(tmp_path, "*", "!.env", "!.git", "!a")
    assert (list(found.files), found.secrets) == (["a"], [".env"])


def test_what_secrets_lie_in_is_told(tmp_path: Path) -> None:
    names = (".env", ".env.local", ".hfsr.env", "x/.netrc", "keys/id_rsa", "id_ed25519", ".docker/config.json")
    folders = (".ssh", "home/.aws")
    write(tmp_path, *names, *(f"{folder}/x" for folder in folders), ".huggingface/token", ".streamlit/secrets.toml")
    write(tmp_path, ".cache/huggingface/token", ".cache/huggingface/download/x.metadata")
    kept = (".env.example", "id_rsa.pub", "config.json", "token", ".streamlit/config.toml", "src/env.py", ".docker/x")
    write(tmp_path, *kept)
    found = read_source_files(tmp_path)
    assert set(found.files) == set(kept)
    told = {*names, *folders, ".huggingface/token", ".streamlit/secrets.toml", ".cache/huggingface/token"}
    assert set(found.secrets) == told


def test_a_cache_of_the_hub_without_a_login_is_not_worth_a_word(tmp_path: Path) -> None:
    write(tmp_path, "a", ".cache/huggingface/download/x.metadata")
    found = read_source_files(tmp_path)
    assert (list(found.files), found.left_out, found.secrets) == (["a"], [".cache/huggingface"], [])


def test_private_keys_stay_out_and_certificates_do_not(tmp_path: Path) -> None:
    keys = {
        "server.pem": KEY.format("RSA "),
        "both.pem": CERTIFICATE + KEY.format(""),
        "deploy": "\n" + KEY.format("OPENSSH "),
        "x.txt": KEY.format("ENCRYPTED "),
        "putty.ppk": "PuTTY-User-Key-File-2: ssh-rsa\n",
        "pgp.asc": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
    }
    kept = {
        "ca.pem": CERTIFICATE,
        "public.key": "-----BEGIN PUBLIC KEY-----\n",
        "check.py": f"KEY = (\n{KEY.format('')})\n",
        "README.md": f"# Keys\n{KEY.format('')}",
        "quoted.pem": f"# {KEY.format('')}",
    }
    write(tmp_path, **keys, **kept)
    found = read_source_files(tmp_path)
    assert (set(found.files), set(found.secrets)) == (set(kept), set(keys))


def test_links_stay_links(tmp_path: Path) -> None:
    root = tmp_path / "space"
    write(root, "a/b/file", ".env")
    (tmp_path / "outside").touch()
    inside = {"dir": "a/b", "a/up": "../a/b/./file", "broken": "nothing", "loop": "loop", "top": ".", "secret": ".env"}
    # The last two stay inside by their words alone, or by where they lead alone.
    out = {
        "out": "../outside",
        "etc": "/etc/passwd",
        "home": str(root / "a"),
        "a/high": "top/..",
        "a/round": "../../space/a",
    }
    (root / "a" / "top").symlink_to("..")
    for name, target in {**inside, **out}.items():
        (root / name).symlink_to(target)
    found = read_source_files(root)
    links = {name: file.link for name, file in found.files.items() if file.link is not None}
    assert links == {**inside, "a/top": ".."}
    assert set(found.links_out) == set(out)
    assert set(found.left_out) == {*out, ".env"}


def test_a_link_that_git_ignores_may_lead_anywhere(tmp_path: Path) -> None:
    (tmp_path / "models").symlink_to("/data/models")
    (tmp_path / ".gitignore").write_text("models\n")
    assert read_source_files(tmp_path).links_out == []


def test_names_of_any_kind(tmp_path: Path) -> None:
    names = ["a b", "new\nline", "-rf", "*", os.fsdecode(b"caf\xe9")]
    write(tmp_path, *names)
    assert set(read_source_files(tmp_path).files) == set(names)


def test_folders_count_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_files, "MAX_SOURCE_FILES", 3)
    write(tmp_path, "a/b/x")
    assert len(read_source_files(tmp_path).files) == 1
    (tmp_path / "c").mkdir()
    with pytest.raises(InvalidRegistryError, match="holds more than") as caught:
        read_source_files(tmp_path)
    assert ".gitignore" in (caught.value.hint or "")
