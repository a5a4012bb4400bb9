"""For every component and every generation of Gradio: what we get is what gradio_client gets, to the byte."""

import json
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import SpaceFailedError
from tests.engine.apps import GradioApps
from tests.engine.oracle.answers import NOT_FETCHED, ask_oracle, of_oracle, of_ours
from tests.engine.oracle.calls import BY_JSON_FILE, CALLS, FAILS_FOR_ORACLE, GRADIO_3, NOT_CALLED, NOT_THERE, VERSIONS

pytestmark = pytest.mark.engine


LEFT_OUT: tuple[Mapping[str, Collection[str]], ...] = (NOT_THERE, NOT_CALLED, FAILS_FOR_ORACLE)


class Compared:
    """One app on one version, with all answers of the oracle."""

    def __init__(self, version: str, url: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.version = version
        self.session = GradioCaller().open(url, Deadline.after(60, time.monotonic))
        self._folder = folder
        self._numbers = {endpoint.name: endpoint.fn_index for endpoint in self.session.endpoints}
        out = NOT_CALLED.get(version, set()) | FAILS_FOR_ORACLE.get(version, {}).keys()
        named = [name for name in CALLS if self.endpoint_of(name) is not None and name not in out]
        calls = [self._for_oracle(name) for name in named]
        self.oracle = dict(zip(named, ask_oracle(version, url, calls, folder, environment), strict=True))

    def endpoint_of(self, name: str) -> str | None:
        """Return what we call the endpoint `name`: what has no name has a number, which differs by version."""
        if name == "/anonymous" and name not in self._numbers:
            return min((own for own in self._numbers if own[1:].isdigit()), key=lambda own: int(own[1:]))
        return name if name in self._numbers else None

    def _for_oracle(self, name: str) -> dict[str, Any]:
        own = self.endpoint_of(name) or ""
        # gradio_client knows those by name that the API page shows.
        where = {"fn_index": self._numbers[own]} if name in ("/hidden", "/anonymous") else {"api_name": name}
        args = [_for_oracle(name, value) for value in CALLS[name]]
        if name == "/video" and self.version not in (GRADIO_3, VERSIONS[-1]):
            args = [{"video": args[0], "subtitles": None}]
        if self.version == GRADIO_3 and name in BY_JSON_FILE:
            args = [self._by_file(value) if isinstance(value, dict | list) else value for value in args]
        return {**where, "args": args}

    def _by_file(self, value: Any) -> str:
        path = self._folder / f"given-{len(list(self._folder.iterdir()))}.json"
        path.write_text(json.dumps(value), "utf-8")
        return str(path)

    def ours(self, name: str) -> list[object]:
        """Return what we get."""
        scratch = self._folder / name.strip("/")
        scratch.mkdir()
        inputs = tuple(one for position, value in enumerate(CALLS[name]) for one in _for_us(name, str(position), value))
        call = Call(inputs=inputs, endpoint=self.endpoint_of(name))
        return of_ours(self.session.call(call, scratch, Deadline.after(60, time.monotonic)))


def _as_gradio_client_1_has_it(name: str, value: Any) -> object:
    """It leaves out the subtitles of a film, and does not fetch the pictures of an annotated one."""
    if name in ("/video", "/video_out"):
        return value[0]
    if name == "/annotated_image":
        return [NOT_FETCHED, [[NOT_FETCHED, label] for _, label in value[1]]]
    return value


def _for_us(name: str, position: str, value: Any) -> Iterator[InputValue]:
    if isinstance(value, Path):
        yield InputValue(name=position, path=value)
    elif isinstance(value, list) and value and all(isinstance(item, Path) for item in value):
        for item in value:
            yield InputValue(name=position, path=item)
    elif name == "/multimodal_textbox":
        yield InputValue(name=position, value=value["text"])
        yield InputValue(name=position, path=value["files"][0])
    else:
        yield InputValue(name=position, value=value)


def _for_oracle(name: str, value: Any) -> Any:
    if name == "/image_editor":
        return {"background": value, "layers": [], "composite": value}
    if name == "/gallery":
        return [{"image": item, "caption": None} for item in value]
    return value


@pytest.fixture(scope="module", params=VERSIONS)
def compared(
    request: pytest.FixtureRequest,
    gradio_apps: GradioApps,
    tmp_path_factory: pytest.TempPathFactory,
    outer_environment: Mapping[str, str],
) -> Iterator[Compared]:
    version: str = request.param
    url = gradio_apps.base_url(version, "components")
    own = Compared(version, url, tmp_path_factory.mktemp("compared"), outer_environment)
    with own.session:
        yield own


@pytest.mark.parametrize("name", CALLS)
def test_the_answer_is_the_same(compared: Compared, name: str) -> None:
    if name in NOT_THERE.get(compared.version, ()):
        assert compared.endpoint_of(name) is None
        return
    if name in NOT_CALLED.get(compared.version, ()):
        return
    if name in FAILS_FOR_ORACLE.get(compared.version, {}):
        assert compared.ours(name) == FAILS_FOR_ORACLE[compared.version][name]
        return
    expected = compared.oracle[name]
    if "error" in expected:
        assert name in ("/refuse", "/crash"), expected
        with pytest.raises(SpaceFailedError) as caught:
            compared.ours(name)
        assert ("I refuse cheese" in caught.value.message) is (name == "/refuse")
        return
    value = of_oracle(expected["value"])
    ours = compared.ours(name)
    got = ours if len(ours) != 1 else ours[0]
    if compared.version == GRADIO_3:
        got = _as_gradio_client_1_has_it(name, got)
    assert got == value


def test_the_oracle_answered_nearly_all(compared: Compared) -> None:
    """Or the comparison would compare nothing."""
    answered = [name for name, answer in compared.oracle.items() if "value" in answer]
    assert len(answered) == len(CALLS) - 2 - sum(len(each.get(compared.version, ())) for each in LEFT_OUT)
    assert (compared.version == GRADIO_3) == compared.session._app.is_gradio_3
