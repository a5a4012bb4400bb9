"""Fetches a model, or some of its files, from the Hub into the user's cache, while an image is built.

    python fetch.py [--revision COMMIT] REPO [FILE]...

It runs with whatever huggingface_hub the Space's SDK has brought: 0.16 to 2.
"""

# ruff: noqa: INP001, T201 - a script, not a part of a package; what it prints is the log of the build

import argparse
import os
import sys

parser = argparse.ArgumentParser()
parser.add_argument("repo")
parser.add_argument("--revision")
parser.add_argument("files", nargs="*")


def because(error: BaseException) -> str:
    """Return what went wrong with the Hub, and what to do about it."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    name = type(error).__name__
    if name == "GatedRepoError" or status in {401, 403}:
        return (
            "it is gated, private, or not there, and a build gives no token to anybody."
            " Remove it from preload_from_hub, and let the Space fetch it when it runs: --secret HF_TOKEN"
        )
    if name in {"EntryNotFoundError", "RemoteEntryNotFoundError"}:
        return "it has no such file at this revision: correct preload_from_hub in README.md"
    if name in {"RepositoryNotFoundError", "RevisionNotFoundError"}:
        return "the Hub has no such model, or not this revision: correct preload_from_hub in README.md"
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        return "HF_HUB_OFFLINE is set: unset it for the build"
    said = " ".join(str(error).split())[:300]
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    return f"{endpoint} did not give it to the build ({name}: {said})"


def main() -> None:
    """Fetch what the arguments name, or end with a message and 1."""
    asked = parser.parse_args()
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from huggingface_hub import hf_hub_download, snapshot_download  # noqa: PLC0415 - it reads these when it loads

    try:
        for name in asked.files:
            hf_hub_download(asked.repo, name, revision=asked.revision, token=False)
            print(f"preloaded {name} of {asked.repo}", flush=True)
        if not asked.files:
            snapshot_download(asked.repo, revision=asked.revision, token=False)
            print(f"preloaded {asked.repo}", flush=True)
    except Exception as error:  # noqa: BLE001 - of requests, httpx and the library itself, whichever there is
        sys.exit(f"preload_from_hub: {asked.repo}: {because(error)}")


if __name__ == "__main__":
    main()
