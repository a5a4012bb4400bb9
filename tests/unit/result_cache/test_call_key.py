import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from hf_spaces_runner.domain.api import Api, ApiKind
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.image import Image, ImageSource
from hf_spaces_runner.domain.labels import RunLabels
from hf_spaces_runner.domain.launch import LaunchSpec, Network
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.request import InputValue, PullPolicy
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.result_cache.call_key import call_key

IMAGE = Image(id="sha256:image", reference="host/name:tag", digest="sha256:digest")
LABELS = RunLabels(run_id="run-1", space_id="a-space").as_labels()
CANDIDATE = Candidate(
    kind=CandidateKind.SPACE,
    space=Space(id="a-space", docker_image="host/name:tag"),
    image=ImageSource(reference="host/name:tag"),
    pull=PullPolicy.MISSING,
    launch_spec=LaunchSpec(image="host/name:tag", name="hfsr-a-space-run-1", environment={"A": "1"}, labels=LABELS),
    default_command=None,
    call=Call(prompt="hello"),
    startup_timeout_s=1.0,
    slot_timeout_s=1.0,
    timeout_s=1.0,
)


NOTHING: Mapping[str, Any] = MappingProxyType({})


def candidate(
    *inputs: InputValue, spec: Mapping[str, Any] = NOTHING, call: Mapping[str, Any] = NOTHING, **more: Any
) -> Candidate:
    return replace(
        CANDIDATE,
        call=replace(CANDIDATE.call, inputs=inputs, **call),
        launch_spec=replace(CANDIDATE.launch_spec, **spec),
        **more,
    )


def key_of_file(path: Path) -> str | None:
    return call_key(candidate(InputValue(name="image", path=path)), IMAGE)


KEY = call_key(CANDIDATE, IMAGE)


def test_the_same_question_of_another_run_has_the_same_key() -> None:
    labels = RunLabels(run_id="run-2", space_id="a-space", created_at=5.0).as_labels()
    later = candidate(spec={"name": "hfsr-a-space-run-2", "labels": labels}, timeout_s=9.0)
    assert KEY is not None
    assert call_key(later, replace(IMAGE, reference="host/name:other", pulled_now=True)) == KEY


@pytest.mark.parametrize(
    "other",
    [
        candidate(call={"prompt": "hullo"}),
        candidate(call={"endpoint": "/other"}),
        candidate(call={"preset_inputs": {"a": 1}}),
        candidate(InputValue(name="a", value=1)),
        candidate(spec={"environment": {"A": "2"}}),
        candidate(spec={"environment": {"A": "1", "B": Secret("x")}}),
        candidate(spec={"network": Network.ISOLATED}),
        candidate(spec={"gpus": "all"}),
        candidate(spec={"read_only": True}),
        candidate(spec={"container_port": 8000}),
        candidate(default_command=("python", "app.py")),
        candidate(login=Login(user="me", password=Secret("one"))),
        candidate(login=Login(user="me", password=Secret("two"))),
        candidate(space=replace(CANDIDATE.space, api=Api(kind=ApiKind.HTTP))),
    ],
)
def test_whatever_decides_the_answer_is_in_the_key(other: Candidate) -> None:
    assert call_key(other, IMAGE) not in (None, KEY)


def test_two_passwords_make_two_keys() -> None:
    logins = [Login(user="me", password=Secret(word)) for word in ("one", "two")]
    assert len({call_key(candidate(login=login), IMAGE) for login in logins}) == 2


def test_an_image_counts_by_its_digest_or_else_by_its_id() -> None:
    built = replace(IMAGE, digest=None)
    assert call_key(CANDIDATE, replace(IMAGE, id="another")) == KEY
    assert call_key(CANDIDATE, replace(IMAGE, digest="another")) != KEY
    assert call_key(CANDIDATE, built) not in (KEY, call_key(CANDIDATE, replace(built, id="another")))


def test_a_file_counts_by_its_content_and_name_wherever_it_lies(tmp_path: Path) -> None:
    # A Space sees the name, and some answer it: document-search says in which document it found a passage.
    keys = []
    for place, content in (("1/a.png", "one"), ("2/a.png", "one"), ("1/b.png", "one"), ("3/a.png", "other")):
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        keys.append(key_of_file(path))
    assert keys[0] == keys[1] is not None
    assert len(set(keys)) == 3


def test_a_file_that_changes_changes_the_key(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"one")
    before = key_of_file(file)
    file.write_bytes(b"two")
    assert key_of_file(file) not in (None, before)


def test_what_cannot_be_read_has_no_key(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, tmp_path / "missing", Path("a\0b"), Path("/dev/zero")):
        assert key_of_file(path) is None


def test_in_privacy_there_is_no_key() -> None:
    labels = RunLabels(run_id="run-1", space_id="a-space", privacy=True).as_labels()
    assert call_key(candidate(spec={"labels": labels}), IMAGE) is None


def test_who_wants_a_container_to_stay_gets_one() -> None:
    assert call_key(candidate(keep=True), IMAGE) is None
