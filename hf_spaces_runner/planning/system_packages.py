"""Decides which of the Debian packages that the Hub's images have a Space seems to need, by what it asks of pip.

The Hub gives all of them to every Space; together they take 165 MB of download and half a minute, so here a Space gets
those that fit a rule. Sources: the README of opencv-python (libGL), the documentation of pydub, moviepy, librosa,
openai-whisper and yt-dlp (ffmpeg), pip's of VCS addresses (git), the build instructions of dlib and llama-cpp-python.
"""

import re

from hf_spaces_runner.domain.space_source import SpaceSource

_GL = ("libgl1", "libglib2.0-0")
_FFMPEG = ("ffmpeg",)
_GIT = ("git",)
# The Hub's base has a compiler, and the headers of its Python. Those of Debian's are for a base image made here.
_COMPILER = ("build-essential", "cmake", "python3-dev")

# By names as PEP 503 has them. The second line of the first: they bring opencv-python, the one with windows.
_BY_REQUIREMENT = (
    (
        frozenset({"opencv-python", "opencv-contrib-python"})
        | {"basicsr", "deepface", "facexlib", "gfpgan", "insightface", "mediapipe", "realesrgan", "ultralytics"},
        _GL,
    ),
    (
        frozenset({"audioread", "demucs", "ffmpeg-python", "librosa", "moviepy", "openai-whisper", "pydub"})
        | {"torchcodec", "whisperx", "yt-dlp"},
        _FFMPEG,
    ),
    (frozenset({"gitpython"}), _GIT),
    (frozenset({"dlib", "face-recognition", "fasttext", "insightface", "llama-cpp-python"}), _COMPILER),
)
_NAME = re.compile(r"^[ \t]*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)
_FROM_GIT = re.compile(r"^[^#\n]*\bgit\+", re.MULTILINE)
_CALLS_FFMPEG = re.compile(r"""["']ffmpeg\b""")
_CALLS_GIT = re.compile(r"""["']git(?:["']| clone\b)""")
_AUDIO = re.compile(r"\b(?:gr|gradio)\.Audio\(")
_ARGUMENTS_LENGTH = 200


def system_packages(source: SpaceSource) -> tuple[str, ...]:
    """Return the Debian packages that the Space of `source` seems to need beside its packages.txt, sorted."""
    texts = "\n".join(filter(None, (source.pre_requirements, source.requirements)))
    names = {re.sub(r"[-_.]+", "-", found["name"].lower()) for found in _NAME.finditer(texts)}
    packages = {package for rule, given in _BY_REQUIREMENT if rule & names for package in given}
    if _FROM_GIT.search(texts) or _CALLS_GIT.search(source.app_text):
        packages.update(_GIT)
    if _CALLS_FFMPEG.search(source.app_text) or _decodes_audio(source.app_text):
        packages.update(_FFMPEG)
    return tuple(sorted(packages))


def _decodes_audio(text: str) -> bool:
    """Return whether Gradio hands sounds to the app as samples, for which it decodes all but WAV with ffmpeg."""
    return any("filepath" not in text[found.end() : found.end() + _ARGUMENTS_LENGTH] for found in _AUDIO.finditer(text))
