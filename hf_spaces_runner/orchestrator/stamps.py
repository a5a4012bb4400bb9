"""Remembers when model caches and images were last used, and which images we pulled: the engine knows neither."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.api import ApiKind
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors


@dataclass(frozen=True, slots=True)
class Stamps:
    """Files in `folder`, one for each volume and for each image; the time of a file is that of its last use."""

    folder: Path

    @property
    def volumes(self) -> Path:
        """Where the files of volumes lie."""
        return self.folder / "last-used"

    def note_volume(self, name: str) -> None:
        """Note that the model cache `name` is used now.

        Raises:
            UsageError, NoSpaceLeftError: it cannot be written down.
        """
        self._touch(self.volumes / name)

    def note_image(self, image: Image) -> None:
        """Note that `image` is used now, if it is one that we pulled or built.

        Raises:
            UsageError, NoSpaceLeftError: it cannot be written down.
        """
        file = self._of_image(image.reference)
        if image.pulled_now:
            make_state_folder(file.parent)
            with state_errors(file.parent):
                file.write_text(image.reference, encoding="utf-8")
        elif image.digest is None or file.exists():
            self._touch(file)

    def note_kind(self, image: Image, kind: ApiKind) -> None:
        """Note what `image` speaks. A page may be what is shown before an app has started, so none is noted."""
        if kind is ApiKind.PAGE or self.kind_of(image) is kind:
            return
        file = self._kind_of(image)
        make_state_folder(file.parent)
        with state_errors(file.parent):
            file.write_text(kind, encoding="utf-8")

    def kind_of(self, image: Image) -> ApiKind | None:
        """Return what `image` spoke the last time; None where nobody noted it."""
        try:
            return ApiKind(self._kind_of(image).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def volume_used_at(self, name: str) -> float | None:
        """Return when the model cache `name` was last used, in Unix seconds; None where nobody noted it."""
        return _time_of(self.volumes / name)

    def image_used_at(self, reference: str) -> float | None:
        """Return when the image `reference` was last used; None where nobody noted it."""
        return _time_of(self._of_image(reference))

    def is_pulled_by_us(self, reference: str) -> bool:
        """Return whether the image `reference` is on the engine because we asked for it."""
        try:
            return self._of_image(reference).read_text(encoding="utf-8") == reference
        except (OSError, UnicodeDecodeError):
            return False

    def forget_volume(self, name: str) -> None:
        """Forget the model cache `name`, which is gone."""
        (self.volumes / name).unlink(missing_ok=True)

    def forget_image(self, reference: str) -> None:
        """Forget the image `reference`, which is gone."""
        self._of_image(reference).unlink(missing_ok=True)

    def _kind_of(self, image: Image) -> Path:
        return self.folder / "kinds" / hashlib.sha256(image.id.encode()).hexdigest()[:32]

    def _of_image(self, reference: str) -> Path:
        return self.folder / "images" / hashlib.sha256(reference.encode()).hexdigest()[:32]

    @staticmethod
    def _touch(file: Path) -> None:
        make_state_folder(file.parent)
        with state_errors(file.parent):
            file.touch()


def _time_of(file: Path) -> float | None:
    try:
        return file.stat().st_mtime
    except OSError:
        return None
