"""The main job: a bundled Space, built on first use, does real work in a hardened container and leaves nothing."""

import json
import os
import subprocess
from pathlib import Path

import docker
import pytest

from hf_spaces_runner import Runner
from hf_spaces_runner.registry.registry import bundled_registry_directory
from tests.engine.command_line import HFSR, hfsr, our_containers, scratch_folders

pytestmark = pytest.mark.engine

SAMPLES = {
    name: bundled_registry_directory() / "spaces" / name / "sample"
    for name in (
        *("vader-sentiment", "sphinx-transcription", "face-detection"),
        *("extractive-summary", "document-search", "image-ocr"),
    )
}


def home() -> Path:
    return Path(os.environ["HFSR_HOME"])


def expected(space: str) -> dict[str, object]:
    content: dict[str, object] = json.loads((SAMPLES[space] / "expected.json").read_text())
    return content


def test_a_sentence_is_classified(tmp_path: Path, docker_client: docker.DockerClient) -> None:
    sentence = (SAMPLES["vader-sentiment"] / "input.txt").read_text().strip()
    ended = hfsr("run", sentence, "--hf-space", "vader-sentiment", "--json", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    result = ended.json
    assert result["status"] == "ok"
    assert result["text"] == "positive"
    assert result["space"] == "vader-sentiment"
    assert result["attempts"][0]["timings"]["ready_s"] > 0
    assert our_containers(docker_client, "vader-sentiment") == []
    assert scratch_folders(home()) == []
    assert list(tmp_path.iterdir()) == []


def test_speech_becomes_text(tmp_path: Path) -> None:
    wav = SAMPLES["sphinx-transcription"] / "input.wav"
    ended = hfsr("run", "--hf-space", "sphinx-transcription", "-i", f"@{wav}", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    assert len(ended.stdout.split()) >= 3
    assert list(tmp_path.iterdir()) == []


def test_faces_are_framed_and_the_picture_comes_back(tmp_path: Path) -> None:
    picture = SAMPLES["face-detection"] / "input.jpg"
    ended = hfsr(
        "run", "--hf-space", "face-detection", "-i", f"@{picture}", "-o", "faces", "--json", directory=tmp_path
    )
    assert ended.exit_code == 0, ended.stderr
    file = ended.json["files"][0]
    assert (tmp_path / file["path"]).stat().st_size == file["bytes"] > 1000
    assert file["media_type"].startswith("image/")
    assert [child.name for child in tmp_path.iterdir()] == ["faces"]


def test_a_text_is_summarised_by_its_own_sentences(tmp_path: Path) -> None:
    text = (SAMPLES["extractive-summary"] / "input.txt").read_text()
    ended = hfsr("run", text, "--hf-space", "extractive-summary", "--network", "isolated", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    assert [ended.stdout.rstrip("\n")] == expected("extractive-summary")["outputs"]


def test_a_question_finds_its_passage_among_two_documents(tmp_path: Path) -> None:
    document = SAMPLES["document-search"] / "input.md"
    other = tmp_path / "other.html"
    other.write_text("<p>The ferry <b>sounds</b> its horn at noon.</p>")
    ended = hfsr(
        *(
            "run",
            str(expected("document-search")["question"]),
            "--hf-space",
            "document-search",
            "--network",
            "isolated",
        ),
        *("-i", f"@{document}", "-i", f"@{other}", "--json"),
        directory=tmp_path,
    )
    assert ended.exit_code == 0, ended.stderr
    found = ended.json["outputs"][1]["value"]
    assert [(passage["document"], passage["place"]) for passage in found] == [
        ("input.md", "lines 11-14"),
        ("other.html", "paragraph 1"),
    ]


def test_a_document_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    archive = tmp_path / "letters.zip"
    archive.write_bytes(b"PK\3\4\0\0")
    ended = hfsr("run", "boat", "--hf-space", "document-search", "-i", f"@{archive}", directory=tmp_path)
    assert ended.exit_code == 13, ended.stderr
    assert "letters.zip is not text" in ended.stderr


def test_the_text_in_a_picture_is_read(tmp_path: Path) -> None:
    picture = SAMPLES["image-ocr"] / "input.png"
    ended = hfsr(*("run", "--hf-space", "image-ocr", "--network", "isolated", "-i", f"@{picture}"), directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    lines = expected("image-ocr")["must_contain"]
    assert isinstance(lines, list)
    assert all(line in ended.stdout for line in lines)


def test_without_an_output_directory_files_go_into_one_named_after_the_run(tmp_path: Path) -> None:
    picture = SAMPLES["face-detection"] / "input.jpg"
    ended = hfsr("run", "--hf-space", "face-detection", "-i", f"@{picture}", "--json", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    (made,) = tmp_path.iterdir()
    assert ended.json["run_id"] in made.name


def test_the_library_runs_it_in_one_line() -> None:
    phases = []
    runner = Runner(on_progress=lambda progress: phases.append(progress.phase.value))
    assert runner.run("I love it", space="vader-sentiment").text == "positive"
    assert {"start", "ready", "call"} <= set(phases)


def test_a_prompt_that_the_space_finds_too_long_is_answered_in_its_own_words(tmp_path: Path) -> None:
    ended = hfsr("run", "-", "--hf-space", "vader-sentiment", "--json", directory=tmp_path, stdin="good " * 210_000)
    assert (ended.exit_code, ended.json["verdict"]) == (13, "space_error"), ended.stderr
    assert "20" in ended.json["error"]


def test_file_names_that_are_not_utf8_work(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9 \xff.jpg"
    Path(os.fsdecode(name)).write_bytes((SAMPLES["face-detection"] / "input.jpg").read_bytes())
    ended = subprocess.run(
        [*HFSR, "run", "--hf-space", "face-detection", "-i", b"@" + name, "-o", "out"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip().startswith(b"out/") or b"out/" in ended.stdout


def test_keep_leaves_the_space_up_until_it_is_stopped(tmp_path: Path, docker_client: docker.DockerClient) -> None:
    ended = hfsr("run", "fine", "--hf-space", "vader-sentiment", "--keep", "--json", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    name = ended.json["container"]
    try:
        assert name in our_containers(docker_client, "vader-sentiment")
        assert ended.json["url"].startswith("http://127.0.0.1:")
        assert name not in hfsr("cleanup", "--older-than", "0", "--dry-run", directory=tmp_path).stdout
        assert hfsr("stop", name, directory=tmp_path).stdout == f"{name}\n"
        assert name not in our_containers(docker_client, "vader-sentiment")
    finally:
        for left in docker_client.containers.list(all=True, filters={"name": name}):
            left.remove(force=True)


def test_a_read_only_root_serves_a_gradio_space_as_it_is(tmp_path: Path) -> None:
    ended = hfsr("run", "awful", "--hf-space", "vader-sentiment", "--read-only", directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (0, "negative\n"), ended.stderr
