import re
import stat
import sys
from pathlib import Path

import pytest

from hf_spaces_runner.cli import main as main_module
from hf_spaces_runner.cli.bug import report_bug


def written(stderr: str) -> Path:
    found = re.search(r"details are in (\S+\.txt)", stderr)
    assert found, stderr
    return Path(found[1])


def test_a_bug_is_written_to_a_file_of_the_users_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    words = ["run", "my private prompt", "--hf-space", "x", "-e", "TOKEN=hunter2", "-eA=hunter2", "--env=B=hunter2"]
    monkeypatch.setattr(sys, "argv", ["hfsr", *words])
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError("nobody thought of this")
    assert report_bug(caught.value) == 70
    stderr = capsys.readouterr().err
    assert "hfsr has a bug: ZeroDivisionError: nobody thought of this" in stderr
    assert "Traceback" not in stderr
    file = written(stderr)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text(encoding="utf-8")
    assert 'raise ZeroDivisionError("nobody thought of this")' in text
    assert "command: ... ... --hf-space ... -e ... -e --env" in text
    assert "hunter2" not in text
    assert "my private prompt" not in text


def test_in_privacy_nothing_of_what_an_error_says_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    prompt = "my private prompt"

    def fail(*_: object, **__: object) -> None:
        try:
            int(prompt)
        except ValueError as error:
            raise KeyError(prompt) from error

    monkeypatch.setattr(main_module, "cli", type("Cli", (), {"main": staticmethod(fail)}))
    with pytest.raises(SystemExit) as caught:
        main_module.main(["run", prompt, "--hf-space", "x", "--privacy-mode"])
    assert caught.value.code == 70
    stderr = capsys.readouterr().err
    text = written(stderr).read_text(encoding="utf-8")
    assert "my private prompt" not in stderr + text
    assert "hfsr has a bug: KeyError\n" in stderr
    assert "builtins.KeyError" in text
    assert "builtins.ValueError" in text
    assert "int(prompt)" in text


def test_whatever_nobody_thought_of_ends_with_70(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setitem(main_module.COMMANDS, "list", "hf_spaces_runner.cli.main:no_such_name")
    with pytest.raises(SystemExit) as caught:
        main_module.main(["list"])
    assert caught.value.code == 70
    assert "AttributeError" in written(capsys.readouterr().err).read_text(encoding="utf-8")


def test_an_interrupt_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(main_module, "cli", type("Cli", (), {"main": staticmethod(fail)}))
    with pytest.raises(SystemExit) as caught:
        main_module.main([])
    assert caught.value.code == 130
