"""What kind of thing a file is by its name, and which kinds a Space says that it takes."""

import mimetypes

_MEDIA_KINDS = frozenset({"image", "audio", "video"})


def kind_of_file(name: str) -> str | None:
    """Return `image`, `audio`, `video` or `text` for a file of that `name`; None where the name does not tell."""
    media_type, _ = mimetypes.guess_type(name, strict=False)
    kind = (media_type or "").partition("/")[0]
    return kind if kind in _MEDIA_KINDS or kind == "text" else None


def takes_only(input_type: str) -> frozenset[str] | None:
    """Return the kinds of file that a Space with this `input_type` takes; None for one that may take any.

    `input_type` is free text in the registry (`text_and_image`, `audio`). Only media kinds say what does not fit; a
    Space that takes text alone takes no media file. Video carries audio, so a Space for audio may take it.
    """
    words = frozenset(input_type.lower().replace("-", "_").split("_"))
    kinds = words & _MEDIA_KINDS
    if words == {"text"}:
        return frozenset({"text"})
    if not kinds or "file" in words:
        return None
    return kinds | ({"video"} if "audio" in kinds else frozenset()) | ({"text"} if "text" in words else frozenset())
