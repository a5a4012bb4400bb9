"""Prints the text of an answer while it comes."""

from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import EndableDisplay
from hf_spaces_runner.domain.progress import Progress, ProgressCallback


class TextStream:
    """What was printed so far of a text that grows; one that changes is printed anew on a line of its own."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._printed = ""

    def listen(self, display: EndableDisplay) -> ProgressCallback:
        """Return a callback that prints the text that progress carries; other progress goes to `display` until then."""

        def listening(progress: Progress) -> None:
            if progress.partial is not None:
                display.end()
                self.show(progress.partial)
            else:
                display.show(progress)

        return listening

    def show(self, text: str) -> None:
        """Print what of `text` is not printed yet."""
        if not text.startswith(self._printed):
            self._presenter.piece("\n")
            self._printed = ""
        if len(text) > len(self._printed):
            self._presenter.piece(text[len(self._printed) :])
            self._printed = text

    def finish(self, text: str | None) -> bool:
        """End the line; return whether `text`, the whole of it, stands there."""
        if not self._printed:
            return False
        if text is not None:
            self.show(text)
        self._presenter.piece("\n")
        whole = text is not None and self._printed == text
        self._printed = ""
        return whole
