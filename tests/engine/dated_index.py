"""A package index in a container, which says when each of its few tiny packages was uploaded.

The protocol is that of PEP 691 and PEP 700. `streamlit` is one of its own, so that nothing large is installed.
"""

import hashlib
import io
import json
import sys
import tarfile
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OLD, NEW = "2023-01-01T00:00:00Z", "2025-01-01T00:00:00Z"
PYPROJECT = '[build-system]\nrequires = ["hfsr-test-backend"]\nbuild-backend = "hfsr_test_backend"\n'
BACKEND = """
import zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name, info = "hfsr_test_thing-1.0-py3-none-any.whl", "hfsr_test_thing-1.0.dist-info/"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        wheel.writestr("hfsr_test_thing.py", "")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: hfsr-test-thing\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""
STARTS = "import runpy\n\ndef main():\n    runpy.run_path('app.py')\n"
BROKEN = "raise ImportError('this backend builds nothing of old any more')\n"
MANY = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def wheel(name: str, version: str, code: str, script: str = "") -> tuple[str, bytes]:
    """Return the file name and the bytes of a wheel of one module."""
    made, module = io.BytesIO(), name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"{module}.py", code)
        archive.writestr(f"{info}/METADATA", MANY.format(name=name, version=version))
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        if script:
            archive.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{script}\n")
        archive.writestr(f"{info}/RECORD", "")
    return f"{module}-{version}-py3-none-any.whl", made.getvalue()


def source(name: str, version: str) -> tuple[str, bytes]:
    """Return the file name and the bytes of a source distribution, which only its backend can build."""
    made, root = io.BytesIO(), f"{name.replace('-', '_')}-{version}"
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for path, text in (("PKG-INFO", MANY.format(name=name, version=version)), ("pyproject.toml", PYPROJECT)):
            entry = tarfile.TarInfo(f"{root}/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return f"{root}.tar.gz", made.getvalue()


PACKAGES: dict[str, list[tuple[str | None, tuple[str, bytes]]]] = {
    "streamlit": [(OLD, wheel("streamlit", "99.1.0", STARTS, "streamlit = streamlit:main"))],
    "hfsr-test-backend": [
        (OLD, wheel("hfsr-test-backend", "1.0", BACKEND)),
        (NEW, wheel("hfsr-test-backend", "2.0", BROKEN)),
    ],
    "hfsr-test-thing": [(OLD, source("hfsr-test-thing", "1.0"))],
    "hfsr-test-library": [
        (OLD, wheel("hfsr-test-library", "1.0", "def helper(): pass\n")),
        (NEW, wheel("hfsr-test-library", "2.0", "")),
    ],
    "hfsr-test-undated": [(None, wheel("hfsr-test-undated", "1.0", ""))],
}


class Index(BaseHTTPRequestHandler):
    """Answers with the list of a package's files, or with one of them."""

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer(sends=False)

    def do_GET(self) -> None:
        """Answer."""
        self._answer(sends=True)

    def _answer(self, *, sends: bool) -> None:
        kind, _, name = self.path.strip("/").partition("/")
        files = {file: content for listed in PACKAGES.values() for _, (file, content) in listed}
        if kind == "simple" and name in PACKAGES:
            self._send(_page(name), "application/vnd.pypi.simple.v1+json", sends=sends)
        elif kind == "files" and name in files:
            self._send(files[name], "application/octet-stream", sends=sends)
        else:
            self.send_error(404)

    def _send(self, body: bytes, media_type: str, *, sends: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if sends:
            self.wfile.write(body)


def _page(name: str) -> bytes:
    files = [
        {
            "filename": file,
            "url": f"/files/{file}",
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
            "size": len(content),
            **({} if uploaded is None else {"upload-time": uploaded}),
        }
        for uploaded, (file, content) in PACKAGES[name]
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "versions": [], "files": files}).encode()


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8080), Index).serve_forever()
    sys.exit(0)
