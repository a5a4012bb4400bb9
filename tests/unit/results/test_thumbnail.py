import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from hf_spaces_runner.results.thumbnail import make_thumbnail


def saved(path: Path, size: tuple[int, int], kind: str = "PNG", colour: str = "red") -> Path:
    Image.new("RGB", size, colour).save(path, kind)
    return path


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_a_picture_is_scaled_down(tmp_path: Path, kind: str) -> None:
    small = make_thumbnail(saved(tmp_path / "a", (400, 100), kind), width=20, height=20)
    assert small is not None
    assert (small.width, small.height, len(small.rgb)) == (20, 5, 300)
    assert small.rgb[0] > 200 > small.rgb[1]


def test_a_small_picture_stays_as_it_is(tmp_path: Path) -> None:
    small = make_thumbnail(saved(tmp_path / "a", (2, 1)), width=20, height=20)
    assert small is not None
    assert small.rgb == b"\xff\x00\x00" * 2


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(side: int) -> bytes:
    """Return a PNG of `side` times `side` pixels, of which each thousand take a byte."""
    rows = zlib.compress(bytes(min(side * side * 3, 30_000_000)), 9)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def truncated() -> bytes:
    content = io.BytesIO()
    Image.effect_noise((100, 100), 50).save(content, "PNG")
    return content.getvalue()[:2000]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b"\x89PNG\r\n\x1a\n",
        bomb(10_000),
        bomb(2**31 - 1),
        truncated(),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ],
    ids=["empty", "text", "only a start", "bomb", "largest bomb", "truncated", "postscript"],
)
def test_a_hostile_picture_has_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert make_thumbnail(tmp_path / "a.png", width=20, height=20) is None


def test_a_file_of_many_megabytes_is_not_opened(tmp_path: Path) -> None:
    path = saved(tmp_path / "a", (2, 1))
    with path.open("r+b") as file:
        file.truncate(65 * 1024**2)
    assert make_thumbnail(path, width=20, height=20) is None
