"""Which Debian packages a Space seems to need: by its requirements, and by words in its app."""

import pytest

from hf_spaces_runner.planning.system_packages import system_packages
from tests.unit.planning.test_build_plan import lines, plan, source

GL = ("libgl1", "libglib2.0-0")
COMPILER = ("build-essential", "cmake", "python3-dev")


@pytest.mark.parametrize(
    ("requirements", "found"),
    [
        ("numpy\n", ()),
        ("opencv-python-headless==4.1\n", ()),
        ("opencv-python==4.1\n", GL),
        ("OpenCV_Contrib.Python\n", GL),
        ("# opencv-python\n", ()),
        ("-r opencv-python\n", ()),
        ("openai-whisper\n", ("ffmpeg",)),
        ("pydub>=0.25 ; python_version > '3'\n", ("ffmpeg",)),
        ("git+https://example.org/a.git\n", ("git",)),
        ("a @ git+https://example.org/a.git@main\n", ("git",)),
        ("-e git+https://example.org/a.git\n", ("git",)),
        ("numpy # not git+https\n", ()),
        ("dlib\n", COMPILER),
        ("insightface\n", tuple(sorted((*GL, *COMPILER)))),
    ],
)
def test_by_requirements(requirements: str, found: tuple[str, ...]) -> None:
    assert system_packages(source(requirements=requirements)) == found
    assert system_packages(source(requirements=None, pre_requirements=requirements)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import gradio as gr\n", ()),
        ("subprocess.run(['ffmpeg', '-i'])", ("ffmpeg",)),
        ('os.system("ffmpeg -i a b")', ("ffmpeg",)),
        ('os.system("git clone https://example.org/a")', ("git",)),
        ('subprocess.run(["git", "clone"])', ("git",)),
        ('"gitignore"', ()),
        ('gr.Audio(label="Talk")', ("ffmpeg",)),
        ('gr.Audio(label="Talk", type="filepath")', ()),
        ("AudioSegment", ()),
    ],
)
def test_by_words_of_the_app(text: str, found: tuple[str, ...]) -> None:
    assert system_packages(source(app_text=text)) == found


def test_they_are_installed_in_one_step_with_those_of_the_space_each_once() -> None:
    made = plan(source(requirements="openai-whisper", packages="tree\nffmpeg\n"))
    (apt,) = (line for line in lines(made, "RUN") if "apt-get" in line)
    assert "--no-install-recommends ffmpeg tree && " in apt
    assert made.dockerfile.index("apt-get") < made.dockerfile.index("--requirement")
