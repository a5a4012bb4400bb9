import io
import json
import wave
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.results.sniff import FileType, sniff


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(buffer, kind)
    return buffer.getvalue()


def sound() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(100))
    return buffer.getvalue()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as writer:
        writer.writestr("a", "b")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type", "extension", "kind"),
    [
        (picture("PNG"), "image/png", ".png", OutputKind.IMAGE),
        (picture("JPEG"), "image/jpeg", ".jpg", OutputKind.IMAGE),
        (picture("GIF"), "image/gif", ".gif", OutputKind.IMAGE),
        (picture("WEBP"), "image/webp", ".webp", OutputKind.IMAGE),
        (picture("TIFF"), "image/tiff", ".tif", OutputKind.IMAGE),
        (sound(), "audio/wav", ".wav", OutputKind.AUDIO),
        (b"ID3\x04\x00", "audio/mpeg", ".mp3", OutputKind.AUDIO),
        (b"\xff\xfb\x90\x00", "audio/mpeg", ".mp3", OutputKind.AUDIO),
        (b"fLaC\x00", "audio/flac", ".flac", OutputKind.AUDIO),
        (b"OggS\x00", "audio/ogg", ".ogg", OutputKind.AUDIO),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4", ".m4a", OutputKind.AUDIO),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4", ".mp4", OutputKind.VIDEO),
        (b"\x1a\x45\xdf\xa3\x01\x42\x82\x84webm", "video/webm", ".webm", OutputKind.VIDEO),
        (b"\x1a\x45\xdf\xa3\x01\x42\x82\x88matroska", "video/x-matroska", ".mkv", OutputKind.VIDEO),
        (b"%PDF-1.7\n", "application/pdf", ".pdf", OutputKind.FILE),
        (archive(), "application/zip", ".zip", OutputKind.FILE),
        (b'{"a": 1}', "application/json", ".json", OutputKind.FILE),
        (b"MZ\x90\x00", "application/octet-stream", ".bin", OutputKind.FILE),
        (b"\x7fELF\x02", "application/octet-stream", ".bin", OutputKind.FILE),
        (b"RIFF\x00\x00\x00\x00what", "application/octet-stream", None, OutputKind.FILE),
        (b"\x00\x01\x02", "application/octet-stream", None, OutputKind.FILE),
        (b"caf\xe9", "application/octet-stream", None, OutputKind.FILE),
        ("Grüße".encode(), "text/plain", ".txt", OutputKind.FILE),
        (b"", "text/plain", ".txt", OutputKind.FILE),
    ],
)
def test_content_tells_the_type(
    tmp_path: Path, content: bytes, media_type: str, extension: str | None, kind: OutputKind
) -> None:
    found = sniff(written(tmp_path, content), "")
    assert (found.media_type, found.kind) == (media_type, kind)
    assert next(iter(found.extensions), None) == extension


@pytest.mark.parametrize(
    ("content", "extension", "media_type"),
    [
        (b"a,b\n", ".csv", "text/csv"),
        (b"# a\n", ".md", "text/markdown"),
        (b"<svg/>", ".svg", "image/svg+xml"),
        (b"not json", ".json", "text/plain"),
        (b"[1]", ".txt", "application/json"),
        (b"[1]", ".csv", "text/csv"),
        (b"any text", ".obj", "text/plain"),
        (b"[" * 100_000, ".json", "text/plain"),
    ],
)
def test_text_is_told_from_text_by_its_extension(
    tmp_path: Path, content: bytes, extension: str, media_type: str
) -> None:
    assert sniff(written(tmp_path, content), extension).media_type == media_type


def test_json_beyond_a_mebibyte_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(["x" * 1024**2]).encode())
    assert sniff(path, ".json") == FileType(media_type="text/plain", extensions=(".txt",))


def test_a_character_cut_at_the_end_of_the_head_is_still_text(tmp_path: Path) -> None:
    assert sniff(written(tmp_path, b"x" + "ä".encode() * 40_000), "").media_type == "text/plain"
