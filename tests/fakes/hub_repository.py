"""Repositories of Spaces for the Hub of `hub_server`: commits, branches, and files, as the Hub's API gives them.

hub.repositories["you/tiny"] = repository = HubRepository("you/tiny")
sha = repository.commit({"README.md": b"...", "app.py": b"..."}, large={"model.bin": b"..."})
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An answer of a repository."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Commit:
    sha: str
    date: str
    files: Mapping[str, bytes]
    large: frozenset[str]


class HubRepository:
    """The git repository of one Space.

    Switches: `private` (strangers get 401), `gated` (403), `lies` (a file has other bytes than its hash says),
    `extra_items` (stand in the list of files as they are), `has_no_dates`.
    """

    def __init__(self, space_id: str) -> None:
        self.id = space_id
        self.commits: dict[str, _Commit] = {}
        self.branches: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.private = self.gated = self.has_no_dates = False
        self.lies: set[str] = set()
        self.extra_items: list[object] = []

    def commit(
        self,
        files: Mapping[str, bytes],
        *,
        branch: str = "main",
        date: str = "2024-03-01T10:00:00.000Z",
        large: Mapping[str, bytes] | None = None,
    ) -> str:
        """Put a commit of these files, and no others, onto `branch`, and return its sha."""
        told = [(name, hashlib.sha256(content).hexdigest()) for name, content in {**files, **(large or {})}.items()]
        sha = hashlib.sha1(json.dumps([told, date, len(self.commits)]).encode(), usedforsecurity=False).hexdigest()
        everything = {**files, **(large or {})}
        self.commits[sha] = _Commit(sha=sha, date=date, files=everything, large=frozenset(large or {}))
        self.branches[branch] = sha
        return sha

    def api(self, rest: str, query: Mapping[str, object], url: str) -> Sent | None:  # noqa: PLR0911 - a table of routes
        """Return the answer for `/api/spaces/USER/NAME` and `rest`; None for what is no question of a repository."""
        if self.private:
            return _absent("RepoNotFound", 401)
        if self.gated:
            return _absent("GatedRepo", 403)
        kind, _, revision = rest.strip("/").partition("/")
        if kind == "refs":
            return _ok({"branches": _refs(self.branches), "tags": _refs(self.tags), "converts": []})
        if kind not in {"revision", "tree", "commits"}:
            return None
        found = self._find(unquote(revision))
        if found is None:
            return _absent("RevisionNotFound", 404)
        if kind == "revision":
            date = {} if self.has_no_dates else {"lastModified": found.date}
            return _ok({"_id": "0" * 24, "id": self.id, "sha": found.sha, **date})
        if kind == "commits":
            items = [{"id": found.sha, "date": found.date, "authors": [], "title": "x", "message": ""}]
            return _absent("EntryNotFound", 404) if self.has_no_dates else _ok(items)
        listed: list[object] = [*self._tree(found), *self.extra_items]
        start = int(str(query.get("cursor", "0")))
        more = {"Link": f'<{url}?recursive=True&cursor={start + PAGE}>; rel="next"'}
        return _ok(listed[start : start + PAGE], more if start + PAGE < len(listed) else {})

    def file(self, revision: str, name: str) -> Sent:
        """Return the file `name`, or for a large one where it lies."""
        found = self._find(revision)
        if self.private or found is None or name not in found.files:
            return _absent("EntryNotFound", 404)
        content = found.files[name]
        headers = {"X-Repo-Commit": found.sha, "ETag": f'"{_oid(content)}"'}
        if name in found.large:
            sha256 = hashlib.sha256(content).hexdigest()
            told = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{sha256}"'}
            return Sent(status=302, headers={**headers, **told, "Location": f"/cdn/{self.id}/{sha256}"})
        return Sent(headers=headers, body=content[::-1] if name in self.lies else content)

    def large(self, sha256: str) -> Sent:
        """Return the large file of that content."""
        for commit in self.commits.values():
            for name in commit.large:
                if hashlib.sha256(commit.files[name]).hexdigest() == sha256:
                    return Sent(headers={"ETag": f'"{sha256}"'}, body=commit.files[name])
        return _absent("EntryNotFound", 404)

    def _find(self, revision: str) -> _Commit | None:
        sha = self.branches.get(revision) or self.tags.get(revision) or revision
        return self.commits.get(sha)

    def _tree(self, commit: _Commit) -> Iterator[dict[str, object]]:
        for folder in sorted({name.rpartition("/")[0] for name in commit.files if "/" in name}):
            yield {"type": "directory", "path": folder, "oid": "1" * 40, "size": 0}
        for name, content in commit.files.items():
            item: dict[str, object] = {"type": "file", "path": name, "oid": _oid(content), "size": len(content)}
            if name in commit.large:
                sha256 = hashlib.sha256(content).hexdigest()
                item["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
                item["xetHash"] = sha256
            yield item


def _refs(named: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "ref": f"refs/heads/{name}", "targetCommit": sha} for name, sha in named.items()]


def _oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _ok(content: object, headers: Mapping[str, str] | None = None) -> Sent:
    return Sent(headers={"Content-Type": "application/json", **(headers or {})}, body=json.dumps(content).encode())


def _absent(code: str, status: int) -> Sent:
    return Sent(status=status, headers={"X-Error-Code": code}, body=b'{"error": "The Hub says no."}')
