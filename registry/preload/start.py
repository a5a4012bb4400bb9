"""Starts a Space whose image has models of the Hub in it: leads from the cache that the Space uses to them.

    python start.py PROGRAM [ARGUMENT]...

The cache of a running Space is a volume, which outlives the container. Each preloaded file is a symbolic link there. In
one that may only be read, as in privacy mode, no link can be made: then a cache of links alone, for this container,
leads to both. The layout is that of https://huggingface.co/docs/hub/local-cache; a link that leads nowhere any more,
since the image is another one, counts as a file that is missing, and huggingface_hub fetches it again.
"""

# ruff: noqa: INP001 - a script, not a part of a package

import os
import sys
import tempfile
from pathlib import Path
from secrets import token_hex

PRELOADED = Path("/home/user/.cache/huggingface/hub")
_REFS = "refs"


def cache() -> Path:
    """Return the cache that huggingface_hub uses (its `constants.py`)."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return Path(named).expanduser()
    xdg = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return Path(os.environ.get("HF_HOME") or xdg / "huggingface").expanduser() / "hub"


def lead(source: Path, target: Path) -> None:
    """Make `target` lead to all models in the cache `source`; what is there already stays."""
    for model in sorted(source.glob("models--*")):
        for name, folders, names in os.walk(model):
            folder = Path(name)
            place = target / folder.relative_to(source)
            place.mkdir(parents=True, exist_ok=True)
            links = [inner for inner in folders if (folder / inner).is_symlink()]
            for inner in (*names, *links):
                put(folder / inner, place / inner, copies=_REFS in folder.relative_to(model).parts)


def put(file: Path, target: Path, *, copies: bool) -> None:
    """Make `target` the same as `file`: what a branch stands for is copied, all else is a link."""
    if not copies and target.exists():
        return
    link = file.readlink() if file.is_symlink() else file
    # Another container of this Space may be doing the same, and reading it.
    new = target.with_name(f".{token_hex(8)}.new")
    if copies:
        new.write_bytes(file.read_bytes())
    else:
        new.symlink_to(link)
    new.replace(target)


def main() -> None:
    """Lead the way, then become the program that the arguments name."""
    used = cache()
    if used != PRELOADED and PRELOADED.is_dir():
        try:
            lead(PRELOADED, used)
        except OSError:
            merged = Path(tempfile.mkdtemp(prefix="hf-hub-"))
            if used.is_dir():
                lead(used, merged)
            lead(PRELOADED, merged)
            os.environ["HF_HUB_CACHE"] = os.environ["HUGGINGFACE_HUB_CACHE"] = str(merged)
    if len(sys.argv) > 1:
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the words that this was given, no shell


if __name__ == "__main__":
    main()
