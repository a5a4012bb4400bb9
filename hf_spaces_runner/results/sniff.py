"""Tells what a file is by its content, and which extension it may therefore carry."""

import codecs
import json
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.answer import OutputKind

_HEAD_BYTES = 64 * 1024
_JSON_BYTES = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class FileType:
    """What a file is. `extensions` are those that it may keep, its usual one first; empty means any harmless one."""

    media_type: str
    extensions: tuple[str, ...] = ()

    @property
    def kind(self) -> OutputKind:
        """The kind of output that such a file is."""
        return _KINDS.get(self.media_type.partition("/")[0], OutputKind.FILE)


_KINDS = {"image": OutputKind.IMAGE, "audio": OutputKind.AUDIO, "video": OutputKind.VIDEO}
_TEXT_TYPES = {
    ".txt": "text/plain", ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".md": "text/markdown",
    ".html": "text/html", ".htm": "text/html", ".xml": "application/xml", ".svg": "image/svg+xml",
    ".json": "application/json", ".jsonl": "application/jsonl", ".yaml": "application/yaml",
    ".yml": "application/yaml", ".srt": "application/x-subrip", ".vtt": "text/vtt",
}  # fmt: skip
_ZIPPED = (
    ".zip", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub", ".npz", ".pt", ".pth", ".ckpt", ".keras",
    ".3mf", ".kmz",
)  # fmt: skip
_UNKNOWN = FileType(media_type="application/octet-stream")
_PROGRAM = FileType(media_type="application/octet-stream", extensions=(".bin",))
_PROGRAM_STARTS = (b"MZ", b"\x7fELF", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")

_STARTS: tuple[tuple[int, bytes, FileType], ...] = tuple(
    (offset, magic, FileType(media_type=media_type, extensions=tuple(extensions.split())))
    for offset, magic, media_type, extensions in (
        (0, b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
        (0, b"\xff\xd8\xff", "image/jpeg", ".jpg .jpeg"),
        (0, b"GIF87a", "image/gif", ".gif"),
        (0, b"GIF89a", "image/gif", ".gif"),
        (0, b"II*\x00", "image/tiff", ".tif .tiff"),
        (0, b"MM\x00*", "image/tiff", ".tif .tiff"),
        (8, b"WEBP", "image/webp", ".webp"),
        (8, b"WAVE", "audio/wav", ".wav"),
        (8, b"AVI ", "video/x-msvideo", ".avi"),
        (0, b"ID3", "audio/mpeg", ".mp3"),
        (0, b"fLaC", "audio/flac", ".flac"),
        (0, b"OggS", "audio/ogg", ".ogg .oga .opus .ogv"),
        (4, b"ftypM4A", "audio/mp4", ".m4a"),
        (4, b"ftypavi", "image/avif", ".avif"),
        (4, b"ftyphei", "image/heic", ".heic"),
        (4, b"ftypqt", "video/quicktime", ".mov"),
        (4, b"ftyp", "video/mp4", ".mp4 .m4v .m4a"),
        (0, b"%PDF-", "application/pdf", ".pdf"),
        (0, b"PK\x03\x04", "application/zip", " ".join(_ZIPPED)),
        (0, b"PK\x05\x06", "application/zip", ".zip"),
        (0, b"\x1f\x8b", "application/gzip", ".gz .tgz"),
        (0, b"glTF", "model/gltf-binary", ".glb"),
    )
)
_RIFF = frozenset({b"WEBP", b"WAVE", b"AVI "})
_MATROSKA = b"\x1a\x45\xdf\xa3"
SNIFFED_EXTENSIONS = frozenset(extension for _, _, kind in _STARTS for extension in kind.extensions) | {".webm", ".mkv"}
"""The extensions that a file may carry only if its content is of that type."""


def sniff(path: Path, extension: str) -> FileType:
    """Return what the file at `path` is.

    Args:
        path: the file; only its first 64 KiB are looked at (1 MiB where it may be JSON).
        extension: what it calls itself, in lower case; only one kind of text is told from another by it.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    binary = _sniff_binary(head)
    if binary is not None:
        return binary
    if not _is_text(head):
        return _UNKNOWN
    if extension in ("", ".json", ".txt") and _is_json(path, head):
        return FileType(media_type="application/json", extensions=(".json",))
    if extension in _TEXT_TYPES and extension != ".json":
        return FileType(media_type=_TEXT_TYPES[extension], extensions=(extension,))
    return FileType(media_type="text/plain", extensions=() if extension not in ("", ".json") else (".txt",))


def _sniff_binary(head: bytes) -> FileType | None:
    if head.startswith(_PROGRAM_STARTS):
        return _PROGRAM
    for offset, magic, kind in _STARTS:
        if head.startswith(magic, offset) and (magic not in _RIFF or head.startswith(b"RIFF")):
            return kind
    if head.startswith(_MATROSKA):
        extension, media_type = (".webm", "video/webm") if b"webm" in head[:64] else (".mkv", "video/x-matroska")
        return FileType(media_type=media_type, extensions=(extension,))
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # noqa: PLR2004 - an MPEG layer 3 frame's sync
        return FileType(media_type="audio/mpeg", extensions=(".mp3",))
    return None


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < _HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def _is_json(path: Path, head: bytes) -> bool:
    if head.lstrip()[:1] not in (b"{", b"[") or path.stat().st_size > _JSON_BYTES:
        return False
    try:
        json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return True
