"""Changes single entries of a registry file, and leaves every other byte of it as it is."""

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from hf_spaces_runner.domain.hub_space import Category
from hf_spaces_runner.errors import RegistryError, UsageError
from hf_spaces_runner.registry.check_fields import check_fields
from hf_spaces_runner.registry.edit import RegistryText
from hf_spaces_runner.registry.read import MAX_BYTES, check_file

_LOCK_TIMEOUT_S = 60
_CATEGORIES = tuple(str(category) for category in Category)
_BEGINNING = b"# The Spaces of your own; hfsr registry add writes here, and so may you.\nspaces:\n"


class RegistryFileWriter:
    """Writes to the registry file at `path`, one process at a time; `locks` is the folder of lock files.

    Raises, from every method:
        InvalidRegistryError: the file is not laid out so that an entry can be changed alone.
        RegistryError: it cannot be written; the old one is whole.
    """

    def __init__(self, path: Path, locks: Path) -> None:
        # Whoever keeps the file elsewhere and links to it wants the link to stay.
        self._path = Path(os.path.realpath(path))
        self._locks = locks

    def add(self, fields: Mapping[str, object], *, replaces: bool = False) -> None:
        """Add an entry, behind the last one.

        Args:
            fields: the keys of the entry, `id` among them.
            replaces: whether an entry of that id may be there, and gives its place.

        Raises:
            UsageError: there is one, and it may not be replaced; `fields` are not those of an entry; or the file has no
                such category.
        """
        check_fields(fields)
        with self._edited() as text:
            entry_id = str(fields["id"])
            self._check_category(str(fields["category"]), text.categories)
            if not text.has(entry_id):
                text.add(fields)
            elif replaces:
                text.replace(entry_id, fields)
            else:
                raise UsageError(
                    f"{self._path}: there is an entry {entry_id!r} already",
                    hint="--replace puts the new one in its place, --id gives the new one another name",
                )

    def remove(self, entry_id: str) -> bool:
        """Remove an entry, and its id from the lists of categories; return whether there was one."""
        with self._edited() as text:
            return text.remove(entry_id)

    def set_status(self, entry_id: str, status: str) -> bool:
        """Give an entry another status; return whether there is one.

        Raises:
            UsageError: no entry can have that status.
        """
        check_fields({"status": status}, partly=True)
        with self._edited() as text:
            return text.set_status(entry_id, status)

    def _check_category(self, category: str, own: Sequence[str] | None) -> None:
        """Check that the entry would not be left out for its category; where `own` is None, none is."""
        there_are = [*_CATEGORIES, *(own or ())]
        if own is None or category in there_are:
            return
        near = difflib.get_close_matches(category, there_are, n=1)
        raise UsageError(
            f"there is no category {category!r}{f'; did you mean {near[0]}?' if near else ''}",
            hint=f"there are: {', '.join(there_are)}; one of your own is written into {self._path}, below a line "
            f"`categories:`, as `  {category}: []`",
        )

    @contextmanager
    def _edited(self) -> Iterator[RegistryText]:
        """Yield the text under the lock, and write it if it was changed."""
        try:
            self._locks.mkdir(mode=0o700, parents=True, exist_ok=True)
            name = sha256(os.fsencode(self._path)).hexdigest()[:32]
            with FileLock(self._locks / f"registry-{name}.lock", timeout=_LOCK_TIMEOUT_S):
                before = self._content()
                text = RegistryText(before or _BEGINNING, name=str(self._path))
                yield text
                if text.content != before and text.changed:
                    text.check()
                    self._write(text.content)
        except Timeout as error:
            raise RegistryError(
                f"{self._path}: another process has written to it for {_LOCK_TIMEOUT_S} s", hint="try again"
            ) from error
        except OSError as error:
            raise RegistryError(
                f"{self._path}: cannot be written: {error.strerror}{self._elsewhere(error)}; it is as it was",
                hint="hfsr registry path shows which file is written",
            ) from error

    def _elsewhere(self, error: OSError) -> str:
        """Return the place of `error` where it is neither the file nor its folder."""
        place = error.filename
        is_here = place is None or os.path.dirname(place) == str(self._path.parent)  # noqa: PTH120 - may be no path
        return "" if is_here or str(place) == str(self._path.parent) else f" ({place})"

    def _content(self) -> bytes:
        try:
            self._path.lstat()
        except FileNotFoundError:
            return b""
        check_file(self._path)
        return self._path.read_bytes()

    def _write(self, content: bytes) -> None:
        """Put `content` in the place of the file at once: whoever reads it sees all of the old or all of the new."""
        if len(content) > MAX_BYTES:
            raise RegistryError(
                f"{self._path}: would be larger than {MAX_BYTES // 1024**2} MiB; it is as it was",
                hint="hfsr registry remove makes room",
            )
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Under the lock no other process of ours uses the name.
        half = self._path.with_name(f".{self._path.name}.new")
        try:
            # What a killed process left; or a link, which came with the folder, to a file that is not to be written to.
            half.unlink(missing_ok=True)
            with half.open("xb") as file:
                if self._path.exists():
                    status = self._path.stat()
                    os.fchmod(file.fileno(), status.st_mode & 0o7777)
                    with suppress(PermissionError):
                        os.fchown(file.fileno(), status.st_uid, status.st_gid)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            half.replace(self._path)
        finally:
            half.unlink(missing_ok=True)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
