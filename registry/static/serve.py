"""Serves the files of a static Space as the Hub does. It runs inside the Space's container, on Starlette and uvicorn.

Each page gets `window.huggingface.variables`: what the JSON object in the variable HFSR_PAGE_VARIABLES holds, and the
few variables that the Hub itself puts there, in the form that pages of the Hub have. Nothing else of the environment is
shown, so no secret reaches a page.
"""

# ruff: noqa: INP001 - a script, not a part of a package

import argparse
import errno
import hashlib
import json
import mimetypes
import os
import re
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Seen in pages of the Hub; with hf_oauth also what a login needs, and never OAUTH_CLIENT_SECRET.
HELPER_VARIABLES = ("SPACE_CREATOR_USER_ID", "OAUTH_CLIENT_ID", "OAUTH_SCOPES", "OPENID_PROVIDER_URL")
GIVEN_VARIABLES = "HFSR_PAGE_VARIABLES"
PAGES = frozenset({".html", ".htm"})
# A larger page is data in the form of a page; it is sent as it is.
MAX_PAGE_BYTES = 16 * 1024**2
# Behind <head>, else <html>, else the doctype: a script before the doctype would change how the page is laid out.
PLACES = tuple(
    re.compile(tag, re.IGNORECASE) for tag in (rb"<head(\s[^>]*)?>", rb"<html(\s[^>]*)?>", rb"<!doctype[^>]*>")
)
# What Python 3.11 and a slim image do not know; a browser refuses a module or a font of another type.
TYPES = {
    ".avif": "image/avif",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".js": "text/javascript",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
# The files of an image have no times of their own, so what a browser kept of an earlier image must not count.
STARTED = formatdate(usegmt=True)


def variables() -> dict[str, str]:
    """Return what `window.huggingface.variables` holds."""
    helpers = {name: os.environ[name] for name in HELPER_VARIABLES if name in os.environ}
    given = json.loads(os.environ.get(GIVEN_VARIABLES) or "{}")
    return {**helpers, **{str(name): str(value) for name, value in given.items()}}


def script_of(values: dict[str, str]) -> bytes:
    """Return the script that sets `values`; none of them can end it."""
    text = (
        json.dumps(values, separators=(",", ":"))
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
    )
    return f"<script>window.huggingface={{variables:{text}}};</script>".encode()


def with_script(page: bytes, script: bytes) -> bytes:
    """Return `page` with `script` before all scripts of its own."""
    found = next((match for place in PLACES if (match := place.search(page))), None)
    at = found.end() if found else 0
    return page[:at] + script + page[at:]


def type_of(path: Path) -> str:
    """Return the media type of a file; it is sent as it lies there, so one that is compressed is no text."""
    known, encoding = mimetypes.guess_type(path.name)
    if encoding is not None:
        return "application/octet-stream"
    return TYPES.get(path.suffix.lower()) or known or ("application/octet-stream" if path.suffix else "text/plain")


class Headed:
    """An app whose every answer has some more headers."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        """Answer as `app` does, with `headers`."""
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_headed)


@lru_cache(maxsize=10_000)
def digest_of(path: str) -> str:
    """Return the hash of a file, which stays what it is as long as the image does."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


class Site(StaticFiles):
    """The files of the Space: those beside its page first, then those of its root."""

    def __init__(self, root: Path, app_file: str, script: bytes) -> None:
        """Serve `root`, with `app_file` as its first page and `script` in all pages."""
        super().__init__(directory=root, html=True)
        self.all_directories = [(root / app_file).parent, root]
        self.first_page = Path(app_file).name
        self.script = script

    def get_path(self, scope: Scope) -> str:
        """Return the path of a request inside the folder."""
        path = super().get_path(scope)
        return self.first_page if path == "." else path

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return the file at `path`; a link that leads to itself is none."""
        try:
            return super().lookup_path(path)
        except OSError as error:
            if error.errno == errno.ELOOP:
                return "", None
            raise

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return the file, or the page with the script in it."""
        path = Path(full_path)
        kept = {"last-modified": STARTED}
        response: Response
        if path.suffix.lower() in PAGES and stat_result.st_size <= MAX_PAGE_BYTES:
            page = with_script(path.read_bytes(), self.script)
            kept["etag"] = f'"{hashlib.sha256(page).hexdigest()[:32]}"'
            response = HTMLResponse(page, status_code=status_code, headers=kept)
        else:
            kept["etag"] = f'"{digest_of(str(path))}"'
            response = FileResponse(
                path, status_code=status_code, stat_result=stat_result, headers=kept, media_type=type_of(path)
            )
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--app-file", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--header", action="append", default=[], metavar="NAME: VALUE")
    asked = parser.parse_args()
    # A browser asks again each time whether what it kept is still so: another image may have the same address.
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    headers |= dict(text.split(": ", 1) for text in asked.header)
    site = Site(asked.root, asked.app_file, script_of(variables()))
    app = Headed(Starlette(routes=[Mount("/", app=site)]), headers)
    uvicorn.run(app, host="0.0.0.0", port=asked.port, server_header=False, log_level="info")  # noqa: S104 - the container's


if __name__ == "__main__":
    main()
