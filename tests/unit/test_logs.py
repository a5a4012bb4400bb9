import json
import logging
import os
import stat
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from hf_spaces_runner import log_file
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.logs import LogFormat, facts, logged_run, set_up

log = logging.getLogger("hf_spaces_runner.a_part")
KEY = Secret('hf_"quoted"key')


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger("hf_spaces_runner")
    before = root.handlers[:], root.level, root.propagate
    yield
    for handler in set(root.handlers) - set(before[0]):
        handler.close()
    root.handlers[:], root.level, root.propagate = before


def fail(text: str) -> None:
    raise ValueError(text)


def read(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogFormat.JSON)
    with logged_run("run-1"):
        log.info("%s is ready", "moods", extra=facts(seconds=1.25, shared=False, digest=None))
    log.warning("no run")
    out, err = capsys.readouterr()
    first, second = read(err)
    assert out == ""
    assert list(first)[:5] == ["time", "level", "logger", "message", "run_id"]
    assert str(first.pop("time")).endswith("+00:00")
    assert first == {
        "level": "info",
        "logger": "hf_spaces_runner.a_part",
        "message": "moods is ready",
        "run_id": "run-1",
        "seconds": 1.25,
        "shared": False,
        "digest": None,
    }
    assert (second["level"], second["run_id"]) == ("warning", None)


def test_text_lines(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    with logged_run("run-1"):
        log.info("ready", extra=facts(seconds=1.25, said="two words", verdict="a=b", digest=None))
    line = capsys.readouterr().err
    assert line.partition(" ")[2] == (
        'INFO hf_spaces_runner.a_part: ready run_id=run-1 seconds=1.250 said="two words" verdict="a=b"\n'
    ) or line.partition(" ")[2] == (
        'INFO hf_spaces_runner.a_part: ready seconds=1.250 said="two words" verdict="a=b" run_id=run-1\n'
    )


@pytest.mark.parametrize(("verbosity", "said"), [(0, ["info", "warning"]), (1, ["debug", "info", "warning"])])
def test_levels(capsys: pytest.CaptureFixture[str], verbosity: int, said: list[str]) -> None:
    set_up(LogFormat.JSON, verbosity=verbosity)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        log.log(level, "words")
    assert [line["level"] for line in read(capsys.readouterr().err)] == said


def test_nobody_hears_of_it_unless_it_was_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("hf_spaces_runner").handlers[:] = [logging.NullHandler()]
    log.error("words")
    assert capsys.readouterr() == ("", "")


def test_other_libraries_have_no_part_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogFormat.JSON, verbosity=3)
    logging.getLogger("httpx").info("GET http://127.0.0.1/?prompt=private")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("log_format", list(LogFormat))
@pytest.mark.parametrize(
    ("content", "privacy", "is_told"), [(False, False, False), (True, False, True), (True, True, False)]
)
def test_what_went_in_or_out_is_told_only_where_asked_for(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat, content: bool, privacy: bool, is_told: bool
) -> None:
    set_up(log_format, content=content)
    words = "my_diary"
    with logged_run("run", privacy=privacy):
        log.info("called", extra=facts(content={"prompt": words}, seconds=2))
        try:
            fail(words)
        except ValueError:
            log.exception("failed")
    said = capsys.readouterr().err
    assert said.count(words) == (2 if is_told else 0)
    assert "seconds" in said
    assert "ValueError" in said


@pytest.mark.parametrize("log_format", list(LogFormat))
@pytest.mark.parametrize("written", [KEY.reveal(), 'hf_"quo\x1b[0mted"key', 'hf_"quoted"\u202ekey'])
def test_secrets_are_hidden_wherever_they_stand(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat, written: str
) -> None:
    set_up(log_format, content=True)
    with logged_run("run", secrets=(KEY,)):
        try:
            fail(written)
        except ValueError:
            log.exception("it said %s", written, extra=facts(why=[written][0], content={"prompt": f"a{written}b"}))
    said = capsys.readouterr().err
    assert said.count("***") == 4
    assert "quoted" not in said.replace("written", "")


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_one_record_is_one_line_that_moves_no_terminal(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat
) -> None:
    hostile = 'x\x1b[2J\r\n2026 ERROR forged "\u202e\x00'
    set_up(log_format)
    log.info(hostile, extra=facts(name=hostile, message=hostile, long="y" * 100_000))
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not set(said) & set("\x1b\r\x00\u202e")
    assert len(said) < 10_000
    if log_format is LogFormat.JSON:
        (line,) = read(said)
        assert line["message"] == 'x 2026 ERROR forged "'


def test_each_thread_has_its_own_run(capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogFormat.JSON)
    both = threading.Barrier(2)

    def work(run_id: str) -> None:
        with logged_run(run_id):
            both.wait(10)
            log.info(run_id)

    threads = [threading.Thread(target=work, args=[run_id]) for run_id in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = read(capsys.readouterr().err)
    assert len(lines) == 2
    assert all(line["message"] == line["run_id"] for line in lines)


def test_stderr_is_looked_up_at_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(LogFormat.JSON)
    above_the_bars = StringIO()
    monkeypatch.setattr(sys, "stderr", above_the_bars)
    log.info("words")
    assert read(above_the_bars.getvalue())[0]["message"] == "words"


def test_a_closed_stderr_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = StringIO()
    closed.close()
    for stream in (closed, None):
        set_up()
        monkeypatch.setattr(sys, "stderr", stream)
        log.info("words")


def test_a_file_is_for_the_user_alone_and_of_limited_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "MAX_BYTES", 2000)
    file = tmp_path / "hfsr.log"
    set_up(LogFormat.JSON, file)
    for number in range(100):
        log.info("words %d 日本", number)
    files = sorted(tmp_path.iterdir())
    assert [one.name for one in files] == ["hfsr.log", "hfsr.log.1", "hfsr.log.2", "hfsr.log.3"]
    assert all(one.stat().st_size <= 2000 and stat.S_IMODE(one.stat().st_mode) == 0o600 for one in files)
    assert read(file.read_text())[-1]["message"] == "words 99 日本"


@pytest.mark.parametrize("how", ["moved", "removed"])
def test_a_file_that_somebody_puts_aside_is_begun_again(tmp_path: Path, how: str) -> None:
    file = tmp_path / "hfsr.log"
    set_up(LogFormat.JSON, file)
    log.info("first")
    file.rename(tmp_path / "old") if how == "moved" else file.unlink()
    log.info("second")
    assert [line["message"] for line in read(file.read_text())] == ["second"]


def test_a_later_set_up_takes_the_place_of_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(LogFormat.JSON)
    set_up(LogFormat.JSON, tmp_path / "hfsr.log")
    log.info("words")
    assert capsys.readouterr().err == ""
    assert len(read((tmp_path / "hfsr.log").read_text())) == 1


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the log .*missing/hfsr\.log cannot be written: No such file") as caught:
        set_up(file=tmp_path / "missing" / "hfsr.log")
    assert "--log-file" in str(caught.value.hint)


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="cannot be written"):
        set_up(file=pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    set_up(LogFormat.JSON, pipe)
    log.info("words")
    assert read(os.read(reader, 10_000).decode())[0]["message"] == "words"
    os.close(reader)


def test_a_full_disk_is_said_once_and_ends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hfsr.log").symlink_to("/dev/full")
    set_up(LogFormat.JSON, tmp_path / "hfsr.log")
    log.info("first")
    log.info("second")
    assert capsys.readouterr().err.count("cannot be written: [Errno 28] No space left on device") == 1
