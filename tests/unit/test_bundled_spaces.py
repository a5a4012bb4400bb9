"""The folders of the bundled Spaces are complete, and their pins agree with the constraints of their SDK."""

import ast
import csv
import json
import re
import wave
from pathlib import Path
from typing import Any

import pytest
import yaml

REGISTRY = Path(__file__).parents[2] / "registry"
ENDPOINTS = {
    "document-search": "/search",
    "extractive-summary": "/summarize",
    "face-detection": "/detect",
    "image-ocr": "/read",
    "sphinx-transcription": "/transcribe",
    "vader-sentiment": "/analyze",
}
NAMES = tuple(ENDPOINTS)
DOCKER_NAMES = ("prompt-optimizer",)
"""Those of the SDK docker; tests/unit/test_prompt_optimizer.py knows this one."""
PAGE_NAMES = {"csv-explorer": "streamlit", "color-palette": "static"}
"""Those that are pages for people, and their SDKs."""
FRONT_MATTER_KEYS = {
    "title",
    "emoji",
    "colorFrom",
    "colorTo",
    "sdk",
    "sdk_version",
    "python_version",
    "app_file",
    "license",
    "short_description",
}
# The Hub's documentation names these colours and this length.
HUB_COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
HUB_SHORT_DESCRIPTION_CHARACTERS = 60


@pytest.fixture(params=NAMES)
def space(request: pytest.FixtureRequest) -> Path:
    return REGISTRY / "spaces" / str(request.param)


def front_matter(space: Path) -> dict[str, Any]:
    opening, head, body = (space / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    assert opening == ""
    assert body.strip()
    keys = yaml.safe_load(head)
    assert isinstance(keys, dict)
    return keys


def pins(path: Path) -> dict[str, str]:
    """Package names, as PEP 503 writes them, and their exact versions."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pair) == 2 and pair[1][0].isdigit() and pair[1].replace(".", "").isalnum() for pair in pairs), path
    names = [name.lower().replace("_", "-").replace(".", "-") for name, _ in pairs]
    assert len(names) == len(set(names)), path
    return dict(zip(names, (version for _, version in pairs), strict=True))


def expectation(space: Path) -> dict[str, Any]:
    expected = json.loads((space / "sample" / "expected.json").read_text(encoding="utf-8"))
    assert isinstance(expected, dict)
    return expected


def test_every_folder_is_known_to_these_tests() -> None:
    assert sorted(path.name for path in (REGISTRY / "spaces").iterdir() if path.is_dir()) == sorted(
        [*NAMES, *DOCKER_NAMES, *PAGE_NAMES]
    )


def test_front_matter_is_as_on_the_hub(space: Path) -> None:
    keys = front_matter(space)
    assert keys.keys() >= FRONT_MATTER_KEYS
    assert keys["sdk"] == "gradio"
    assert keys["python_version"] == "3.11", "a quoted string: YAML would read a bare 3.10 as 3.1"
    assert {keys["colorFrom"], keys["colorTo"]} <= HUB_COLOURS
    assert len(keys["short_description"]) <= HUB_SHORT_DESCRIPTION_CHARACTERS


def test_bundled_spaces_share_one_sdk_so_that_they_share_image_layers() -> None:
    versions = {
        (keys["sdk_version"], keys["python_version"])
        for keys in (front_matter(REGISTRY / "spaces" / name) for name in NAMES)
    }
    assert len(versions) == 1


def test_app_file_parses_and_names_the_expected_endpoint(space: Path) -> None:
    tree = ast.parse((space / front_matter(space)["app_file"]).read_text(encoding="utf-8"))
    named = [
        str(keyword.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "api_name" and isinstance(keyword.value, ast.Constant)
    ]
    assert [f"/{name}" for name in named] == [ENDPOINTS[space.name]]


def test_requirements_are_pinned_and_agree_with_the_constraints_of_the_sdk(space: Path) -> None:
    sdk_version = front_matter(space)["sdk_version"]
    constraints = pins(REGISTRY / "constraints" / f"gradio-{sdk_version}.txt")
    requirements = pins(space / "requirements.txt")
    assert requirements
    assert "gradio" not in requirements, "the front matter says which"
    shared = requirements.keys() & constraints.keys()
    assert {name: requirements[name] for name in shared} == {name: constraints[name] for name in shared}


@pytest.mark.parametrize("path", sorted((REGISTRY / "constraints").glob("*.txt")), ids=lambda path: str(path.stem))
def test_constraints_pin_the_sdk_that_they_are_named_after(path: Path) -> None:
    name, version = path.stem.split("-")
    constraints = pins(path)
    assert constraints[name] == version
    needs = {
        "gradio": {"gradio-client", "uvicorn", "websockets", "fastapi", "pydantic", "huggingface-hub"},
        "streamlit": {"altair", "numpy", "pandas", "pyarrow", "protobuf"},
    }
    assert constraints.keys() >= needs[name]
    assert path.read_text(encoding="utf-8").count("#") == 1


def test_sample_says_what_it_expects(space: Path) -> None:
    expected = expectation(space)
    assert expected["endpoint"] == ENDPOINTS[space.name]
    assert (space / "sample" / expected["input"]).stat().st_size > 0
    assert expected["outputs"]
    assert expected["tolerance"]


@pytest.mark.parametrize(("name", "sdk"), PAGE_NAMES.items())
def test_a_page_is_like_one_of_the_hub(name: str, sdk: str) -> None:
    keys = front_matter(REGISTRY / "spaces" / name)
    assert keys.keys() >= {"title", "emoji", "colorFrom", "colorTo", "app_file", "license", "short_description"}
    assert keys["sdk"] == sdk
    assert {keys["colorFrom"], keys["colorTo"]} <= HUB_COLOURS
    assert len(keys["short_description"]) <= HUB_SHORT_DESCRIPTION_CHARACTERS
    assert (REGISTRY / "spaces" / name / keys["app_file"]).is_file()
    assert expectation(REGISTRY / "spaces" / name)["tolerance"]


def test_the_csv_explorer_asks_for_what_the_constraints_pin() -> None:
    space = REGISTRY / "spaces" / "csv-explorer"
    constraints = pins(REGISTRY / "constraints" / f"streamlit-{front_matter(space)['sdk_version']}.txt")
    assert pins(space / "requirements.txt").items() <= constraints.items()


def test_the_csv_sample_has_the_rows_and_columns_that_are_expected() -> None:
    space = REGISTRY / "spaces" / "csv-explorer"
    expected = expectation(space)
    rows = list(csv.reader((space / "sample" / expected["input"]).read_text(encoding="utf-8").splitlines()))
    assert (rows[0], len(rows) - 1) == (expected["columns"], expected["rows"])
    assert {len(row) for row in rows} == {len(expected["columns"])}
    assert sum(expected["search"]["words"] in " ".join(row) for row in rows[1:]) == expected["search"]["rows"]


def test_the_palette_loads_nothing_from_elsewhere() -> None:
    space = REGISTRY / "spaces" / "color-palette"
    for name in ("index.html", "style.css", "main.js", "colors.js"):
        text = (space / name).read_text(encoding="utf-8")
        assert not re.search(r"(?i)https?:|//cdn|@import|fetch\(", text), name
    codes = [expectation(space)["color"], *expectation(space)["palette"]]
    assert len(codes) == 6
    assert all(re.fullmatch("#[0-9a-f]{6}", code) for code in codes)


def test_what_serves_static_spaces_is_pinned() -> None:
    assert pins(REGISTRY / "static" / "requirements.txt").keys() >= {"starlette", "uvicorn", "anyio", "h11"}


def test_sentiment_sample_is_one_short_text() -> None:
    space = REGISTRY / "spaces" / "vader-sentiment"
    expected = expectation(space)
    assert 0 < len((space / "sample" / expected["input"]).read_text(encoding="utf-8").strip()) < 500
    label, scores = expected["outputs"]
    assert label == {"label": "positive"}
    assert scores.keys() == {"compound", "pos", "neu", "neg"}
    assert scores["pos"] + scores["neu"] + scores["neg"] == pytest.approx(1, abs=0.002)
    assert 0 < expected["number_tolerance"] < 0.05


def test_speech_sample_is_small_16_khz_mono_and_its_words_are_in_the_expected_text() -> None:
    space = REGISTRY / "spaces" / "sphinx-transcription"
    expected = expectation(space)
    path = space / "sample" / expected["input"]
    assert path.stat().st_size < 200_000
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16_000, 1, 2)
        assert 1 < sound.getnframes() / sound.getframerate() < 10
        assert any(sound.readframes(sound.getnframes()))
    (text,) = expected["outputs"]
    assert expected["must_contain"]
    assert set(expected["must_contain"]) <= set(text.split())


def test_face_sample_is_a_small_jpeg_and_its_boxes_lie_inside() -> None:
    space = REGISTRY / "spaces" / "face-detection"
    expected = expectation(space)
    data = (space / "sample" / expected["input"]).read_bytes()
    assert len(data) < 150_000
    assert (data[:3], data[-2:]) == (b"\xff\xd8\xff", b"\xff\xd9")
    picture, boxes = expected["outputs"]
    # The frame header of a baseline JPEG: marker, length, precision, height, width.
    frame = data.index(b"\xff\xc0")
    height, width = (int.from_bytes(data[frame + at : frame + at + 2], "big") for at in (5, 7))
    assert picture == {"media_type": "image/jpeg", "width": width, "height": height}
    assert boxes
    for box in boxes:
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
        assert 0 <= box["y"] < box["y"] + box["height"] <= height
    assert 0 < expected["pixel_tolerance"] < min(box["width"] for box in boxes) / 4


def test_summary_sample_expects_sentences_of_its_text_in_their_order() -> None:
    space = REGISTRY / "spaces" / "extractive-summary"
    expected = expectation(space)
    text = " ".join((space / "sample" / expected["input"]).read_text(encoding="utf-8").split())
    (summary,) = expected["outputs"]
    assert len(summary) < len(text) / 2
    places = [text.index(sentence) for sentence in summary.rstrip(".").split(". ")]
    assert len(places) == 3, "what `sentences` is unless told"
    assert places == sorted(places)


def test_search_sample_expects_a_passage_at_the_lines_that_it_names() -> None:
    space = REGISTRY / "spaces" / "document-search"
    expected = expectation(space)
    lines = (space / "sample" / expected["input"]).read_text(encoding="utf-8").splitlines()
    told, found = expected["outputs"]
    assert expected["question"]
    for passage in found:
        first, last = map(int, passage["place"].removeprefix("lines ").split("-"))
        assert " ".join(" ".join(lines[first - 1 : last]).split()) == passage["text"]
        assert passage["document"] == expected["input"]
        assert passage["score"] > 0
        assert passage["text"] in told
    assert 0 < expected["number_tolerance"] < 0.05


def test_ocr_sample_is_a_small_png_and_its_words_are_in_the_expected_text() -> None:
    space = REGISTRY / "spaces" / "image-ocr"
    expected = expectation(space)
    data = (space / "sample" / expected["input"]).read_bytes()
    assert len(data) < 50_000
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    (text,) = expected["outputs"]
    assert expected["must_contain"]
    assert all(line in text for line in expected["must_contain"])


def test_ocr_asks_debian_for_each_language_that_it_offers() -> None:
    space = REGISTRY / "spaces" / "image-ocr"
    packages = (space / "packages.txt").read_text(encoding="utf-8").split()
    tree = ast.parse((space / "app.py").read_text(encoding="utf-8"))
    (languages,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["LANGUAGES"]
    )
    assert sorted(packages) == sorted(["tesseract-ocr", *(f"tesseract-ocr-{code}" for code in languages)])
