import io
import struct
import wave
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hf_spaces_runner.domain.answer import Answer, AnswerFile, AnswerOutput
from hf_spaces_runner.domain.result import OutputFile
from hf_spaces_runner.results.process import process_result


def kept(folder: Path, content: bytes, name: str = "a", category: str = "image_processing") -> OutputFile:
    path = folder / "scratch"
    path.write_bytes(content)
    output = AnswerOutput(label="It", component="File", files=(AnswerFile(path=path, original_name=name),))
    answer = Answer(endpoint="/do", outputs=(output,))
    (file,) = process_result(answer, category=category, output_type="", output_directory=folder / "out").files
    return file


def picture(kind: str, size: tuple[int, int] = (30, 20)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size).save(content, kind)
    return content.getvalue()


def sound(seconds: float = 0.5, rate: int = 8000) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(int(seconds * rate) * 2))
    return content.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "AVIF"])
def test_a_picture_has_its_size_whatever_it_calls_itself(tmp_path: Path, kind: str) -> None:
    file = kept(tmp_path, picture(kind), "photo.exe")
    assert (file.width, file.height, file.duration_s) == (30, 20, None)


def test_a_picture_that_lies_on_its_side_is_measured_as_it_is_shown(tmp_path: Path) -> None:
    content, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(content, "JPEG", exif=exif)
    file = kept(tmp_path, content.getvalue())
    assert (file.width, file.height) == (20, 30)


def test_a_bomb_is_measured_and_not_decoded(tmp_path: Path) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 6, 0, 0, 0)
    file = kept(tmp_path, b"\x89PNG\r\n\x1a\n\x00\x00\x00\r" + header + struct.pack(">I", zlib.crc32(header)))
    assert (file.width, file.height) == (2**31 - 1, 2**31 - 1)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBP"])
def test_a_picture_that_is_only_a_start_is_kept_without_a_size(tmp_path: Path, content: bytes) -> None:
    file = kept(tmp_path, content)
    assert (file.path.read_bytes(), file.width, file.height) == (content, None, None)


def test_a_text_that_calls_itself_a_picture_has_no_size(tmp_path: Path) -> None:
    assert kept(tmp_path, b"<svg width='5' height='5'/>", "a.svg").width is None
    assert kept(tmp_path, b"no picture", "a.png").width is None


@pytest.mark.parametrize("category", ["audio_processing", "specialized", "my_category", ""])
def test_a_sound_has_its_length_and_rate(tmp_path: Path, category: str) -> None:
    file = kept(tmp_path, sound(), "a.wav", category)
    assert (file.media_type, file.duration_s, file.sample_rate_hz, file.width) == ("audio/wav", 0.5, 8000, None)


def test_a_sound_that_was_streamed_is_as_long_as_what_there_is_of_it(tmp_path: Path) -> None:
    content = bytearray(sound(seconds=2))
    content[40:44] = b"\xff\xff\xff\xff"
    duration_s = kept(tmp_path, bytes(content)).duration_s
    assert duration_s == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(
    "content",
    [
        b"ID3", b"fLaC", b"OggS", b"RIFF\x00\x00\x00\x00WAVE", b"\xff\xfb", b"\x00\x00\x00\x20ftypM4A ",
        b"fLaC" + b"\xff" * 5000, b"OggS" * 5000, b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\x00" * 5000,
        b"RIFF\xff\xff\xff\xffWAVE" + b"LIST\x00\x00\x00\x00" * 100_000,
    ],
)  # fmt: skip
def test_a_broken_sound_is_kept_without_a_length(tmp_path: Path, content: bytes) -> None:
    file = kept(tmp_path, content, category="audio_processing")
    assert (file.path.read_bytes(), file.duration_s) == (content, None)


def test_a_sound_cannot_be_longer_than_its_bytes_allow(tmp_path: Path) -> None:
    # A FLAC of 42 bytes that claims 2^36 - 1 samples at 1 Hz.
    block = struct.pack(">HH", 4096, 4096) + bytes(6) + ((1 << 44) | (15 << 36) | (2**36 - 1)).to_bytes(8, "big")
    content = b"fLaC\x80\x00\x00\x22" + block + bytes(16)
    file = kept(tmp_path, content)
    assert (file.media_type, file.duration_s, file.sample_rate_hz) == ("audio/flac", None, 1)


STARTS = (
    picture("PNG"), picture("JPEG"), picture("GIF"), picture("WEBP"), picture("TIFF"), picture("AVIF"), sound(0.01),
    b"ID3\x04\x00\x00\x00\x00\x00\x0a", b"fLaC\x00\x00\x00\x22", b"OggS\x00\x02", b"\x00\x00\x00\x18ftypM4A ",
    b"\xff\xfb\x90",
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    start=st.sampled_from(STARTS),
    cut=st.integers(min_value=4, max_value=400),
    changes=st.lists(
        st.tuples(st.integers(min_value=12, max_value=300), st.binary(min_size=1, max_size=8)), max_size=4
    ),
    tail=st.binary(max_size=300),
)
def test_whatever_is_wrong_with_a_file_it_is_kept_as_it_was(
    tmp_path: Path, start: bytes, cut: int, changes: list[tuple[int, bytes]], tail: bytes
) -> None:
    content = bytearray(start[:cut] + tail)
    for place, change in changes:
        content[place : place + len(change)] = change
    file = kept(tmp_path, bytes(content))
    assert file.path.read_bytes() == content
    assert file.size_bytes == len(content)
    for number in (file.width, file.height, file.duration_s, file.sample_rate_hz):
        assert number is None or 0 < number < 2**31
