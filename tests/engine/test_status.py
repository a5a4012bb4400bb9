"""`hfsr status`: model servers, the engine, slots, and Spaces that rest."""

import time
from pathlib import Path

import pytest

from hf_spaces_runner.domain.result import Attempt, CandidateKind, Status
from hf_spaces_runner.history.attempt_log import AttemptLog
from tests.engine.command_line import hfsr
from tests.fakes.model_server import ModelServer, ollama

pytestmark = pytest.mark.engine

CLOSED = {"HFSR_MODEL_SERVERS": "127.0.0.1:1"}


def test_each_tier_says_who_could_answer(tmp_path: Path, private_home: Path) -> None:
    failed = Attempt(kind=CandidateKind.SPACE, name="tired", status=Status.FAILED, verdict="exited_at_start")
    for _ in range(3):
        AttemptLog(private_home / "hfsr" / "state" / "history.sqlite").note(
            failed, run_id="run", tier="heavy", at=time.time()
        )
    with ModelServer.running(ollama("llama3.2:latest")) as server:
        environment = {"HFSR_MODEL_SERVERS": f"{server.url},127.0.0.1:1"}
        shown = hfsr("status", "--json", directory=tmp_path, environment=environment).json
        plain = hfsr("--tier-status", directory=tmp_path, environment=environment)
    first, second = shown["fast"]["servers"]
    assert (first["reachable"], first["kind"], first["models"][0]["name"]) == (True, "ollama", "llama3.2:latest")
    assert (second["reachable"], second["models"]) == (False, [])
    assert second["why_not"]
    heavy = shown["heavy"]
    assert (heavy["reachable"], heavy["why_not"], heavy["slots"]) == (True, None, 3)
    assert heavy["memory_bytes"] > 2**30
    assert heavy["spaces"] >= 19
    assert "3 times in a row" in heavy["resting"]["tired"]
    rows = [line.split("\t")[:3] for line in plain.stdout.splitlines()]
    assert rows[:5] == [
        ["fast", server.url, "up"],
        ["fast", "http://127.0.0.1:1", "no"],
        ["fast", "HuggingFaceTB/SmolLM3-3B", "no"],
        ["heavy", "engine", "up"],
        ["heavy", "registry", "up"],
    ]
    assert rows[-2:] == [["heavy", "tired", "rests"], ["cloud", "none", "off"]]


def test_it_gets_by_without_an_engine(tmp_path: Path) -> None:
    environment = {**CLOSED, "DOCKER_HOST": "unix:///nowhere.sock"}
    ended = hfsr("status", "--json", directory=tmp_path, environment=environment)
    assert ended.exit_code == 0
    assert ended.json["heavy"]["reachable"] is False
    assert ended.json["heavy"]["why_not"]
