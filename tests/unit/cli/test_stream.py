import pytest

from hf_spaces_runner.cli.presenter import Format, Presenter
from hf_spaces_runner.cli.progress import EndableDisplay
from hf_spaces_runner.cli.stream import TextStream
from hf_spaces_runner.domain.progress import Phase, Progress


def shown(capsys: pytest.CaptureFixture[str], partial: list[str], last: str | None) -> tuple[str, bool]:
    stream = TextStream(Presenter(Format.AUTO, 0))
    for text in partial:
        stream.show(text)
    written = stream.finish(last)
    return capsys.readouterr().out, written


@pytest.mark.parametrize(
    ("partial", "last", "printed", "written"),
    [
        (["a", "ab", "ab", "abc"], "abc", "abc\n", True),
        (["a"], "a longer end", "a longer end\n", True),
        (["one", "two"], "two", "one\ntwo\n", True),
        (["one"], "another", "one\nanother\n", True),
        ([], "all at once", "", False),
        (["half"], None, "half\n", False),
    ],
)
def test_a_text_is_printed_as_it_grows(
    capsys: pytest.CaptureFixture[str],
    partial: list[str],
    last: str | None,
    printed: str,
    written: bool,
) -> None:
    assert shown(capsys, partial, last) == (printed, written)


def test_other_progress_goes_on_to_who_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    presenter = Presenter(Format.AUTO, 1)
    with EndableDisplay(presenter) as display:
        listen = TextStream(presenter).listen(display)
        listen(Progress(phase=Phase.CALL, message="calling"))
        listen(Progress(phase=Phase.CALL, message="partial", partial="text"))
        listen(Progress(phase=Phase.CALL, message="take care", warning=True))
    printed = capsys.readouterr()
    assert printed.out == "text"
    assert printed.err == "call: calling\nWarning: take care\n"
