"""GradioCaller against a real server on loopback: how it behaves with a well-meaning app, and with a hostile one."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner import __version__
from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.gradio.app_errors import unquote_repr
from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import (
    AnswerError,
    CallError,
    CallTimeoutError,
    InvalidInputError,
    NoEndpointError,
    RunnerError,
    SpaceFailedError,
)
from tests.one_call import call_once
from tests.unit.calling.fake_space import (
    FILE,
    Answerer,
    FakeSpace,
    answer_events,
    answer_json,
    answer_raw,
    completed,
    config,
    event,
    fake_space,
    file_data,
    files_in,
    info,
    send,
    start_events,
)

pytestmark = pytest.mark.network

SMALL = AnswerLimits(
    max_file_bytes=10_000,
    max_total_bytes=25_000,
    max_files=5,
    max_json_bytes=50_000,
    max_stream_bytes=200_000,
    max_stream_events=1000,
)


def ask(
    space: FakeSpace,
    scratch: Path,
    *inputs: InputValue,
    limit_s: float = 20,
    limits: AnswerLimits | None = SMALL,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Answer:
    deadline = Deadline.after(limit_s, time.monotonic)
    call = Call(prompt=None if inputs else "hello", inputs=inputs)
    return call_once(GradioCaller(limits), space.base_url, call, scratch, deadline, on_progress)


# A well-meaning app


def test_a_call_is_four_requests_on_one_connection(tmp_path: Path) -> None:
    with fake_space() as space:
        answer = ask(space, tmp_path)
    assert [(output.label, output.component, output.value) for output in answer.outputs] == [
        ("Textbox", "Textbox", "said")
    ]
    assert [request.partition("?")[0] for request in space.requests] == [
        "GET /config",
        "GET /gradio_api/info",
        "POST /gradio_api/queue/join",
        "GET /gradio_api/queue/data",
    ]
    joined = json.loads(space.bodies[2])
    assert (joined["data"], joined["fn_index"]) == (["hello"], 0)
    assert space.requests[3].endswith(f"session_hash={joined['session_hash']}")


def test_nothing_of_the_user_is_sent_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    (Path.home() / ".netrc").write_text("default login me password hunter2")
    with fake_space() as space:
        ask(space, tmp_path)
    for headers in space.headers:
        assert headers["User-Agent"] == f"hf-spaces-runner/{__version__}"
        assert not {"Authorization", "Cookie", "Proxy-Authorization", "Referer"} & headers.keys()


def test_a_function_without_a_queue_is_called_directly(tmp_path: Path) -> None:
    described = config()
    described["dependencies"][0]["queue"] = False
    with fake_space(get_config=answer_json(described)) as space:
        assert ask(space, tmp_path).outputs[0].value == "direct"
    assert len(space.requests) == 3


def test_a_file_goes_up_with_a_safe_name_and_is_named_in_the_call(tmp_path: Path) -> None:
    upload = tmp_path / 'my "pic"\n.png'
    upload.write_bytes(b"\x89PNG" + bytes(100_000))
    described = info()
    described["named_endpoints"]["/predict"]["parameters"][0].update(type=FILE, component="Image")
    with fake_space(get_info=answer_json(described)) as space:
        ask(space, tmp_path, InputValue(path=upload))
    head, _, rest = space.bodies[2].partition(b"\r\n\r\n")
    assert b'name="files"; filename="my _pic_.png"' in head
    assert upload.read_bytes() in rest
    assert json.loads(space.bodies[3])["data"] == [
        {"path": "/tmp/gradio/x", "orig_name": "my _pic_.png", "meta": {"_type": "gradio.FileData"}}  # noqa: S108
    ]


@pytest.mark.parametrize("kind", ["missing", "folder", "too large"])
def test_a_file_that_cannot_be_sent_is_an_input_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    if kind == "folder":
        path.mkdir()
    elif kind == "too large":
        path.write_bytes(bytes(101))
    described = info()
    described["named_endpoints"]["/predict"]["parameters"][0].update(type=FILE, component="Image")
    answers = {"get_info": answer_json(described), "get_config": answer_json(config(max_file_size=100))}
    with fake_space(answers) as space, pytest.raises(InvalidInputError, match=r"a\.png"):
        ask(space, tmp_path, InputValue(path=path))
    assert len(space.requests) == 2


def test_files_of_an_answer_lie_in_the_scratch_directory(tmp_path: Path) -> None:
    data = answer_events(completed([{"image": file_data("/t/ä b#?.png", orig_name="my.png"), "caption": "x"}]))
    with fake_space(data=data, outputs=("gallery",)) as space:
        (output,) = ask(space, tmp_path).outputs
    assert output.value == [{"image": {"file": "my.png"}, "caption": "x"}]
    assert [(file.path, file.original_name) for file in output.files] == [(tmp_path / "1", "my.png")]
    assert (tmp_path / "1").read_bytes() == b"content"
    assert space.requests[-1] == "GET /gradio_api/file=/t/%C3%A4%20b%23%3F.png"


def test_an_update_stands_for_its_value(tmp_path: Path) -> None:
    data = answer_events(completed({"__type__": "update", "value": "new", "choices": []}))
    with fake_space(data=data) as space:
        assert ask(space, tmp_path).outputs[0].value == "new"


def test_a_plot_is_an_image(tmp_path: Path) -> None:
    data = answer_events(completed({"type": "matplotlib", "plot": "data:image/png;base64,aGVsbG8="}))
    with fake_space(data=data, outputs=("plot",)) as space:
        (output,) = ask(space, tmp_path).outputs
    assert [file.path.read_bytes() for file in output.files] == [b"hello"]


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[Progress] = []
    data = answer_events(
        {"msg": "estimation", "rank": 0}, {"msg": "process_starts"}, {"msg": "heartbeat"}, completed("x")
    )
    with fake_space(data=data) as space:
        ask(space, tmp_path, on_progress=told.append)
    assert [event.message for event in told] == [
        "calling /predict",
        "number 1 in the Space's queue",
        "/predict runs",
        "/predict answered",
    ]
    assert [event.done for event in told] == [False, False, False, True]


def test_what_is_no_json_is_sent_as_it_can_be(tmp_path: Path) -> None:
    described = info()
    described["named_endpoints"]["/predict"]["parameters"].append(
        {"parameter_name": "x", "parameter_has_default": True, "parameter_default": "\ud800", "type": {}}
    )
    prompt = InputValue(name="text", value="\udcff")
    numbers = InputValue(name="x", value="[NaN, 1e999]")
    with fake_space(get_info=answer_json(described)) as space:
        ask(space, tmp_path, prompt)
        ask(space, tmp_path, prompt, numbers)
    sent = [json.loads(body)["data"] for body in space.bodies if body]
    assert sent[0] == ["\udcff", "\ud800"]
    assert str(sent[1][1]) == "[nan, inf]"


def test_events_of_other_calls_are_not_ours(tmp_path: Path) -> None:
    data = answer_events({**completed("theirs"), "event_id": "another"}, completed("ours"))
    with fake_space(data=data) as space:
        assert ask(space, tmp_path).outputs[0].value == "ours"


# An app that fails


@pytest.mark.parametrize(
    ("output", "message", "verdict"),
    [
        ({"error": "no \x1b[31mred"}, "/predict failed: no red", "space_error"),
        ({"error": None}, "raised an error and hides its text", "space_error_hidden"),
        ({}, "raised an error and hides its text", "space_error_hidden"),
        ({"error": ["a", {"b": 1}]}, r'/predict failed: \["a", {"b": 1}\]', "space_error"),
    ],
)
def test_the_error_of_the_app_is_told(tmp_path: Path, output: object, message: str, verdict: str) -> None:
    data = answer_events({"msg": "process_completed", "success": False, "output": output})
    with fake_space(data=data) as space, pytest.raises(SpaceFailedError, match=message) as caught:
        ask(space, tmp_path)
    assert caught.value.verdict == verdict


@pytest.mark.parametrize(
    ("quoted", "plain"),
    [
        ("'it\\'s \\x1b[31m\\u00e4\\n'", "it's \x1b[31mä\n"),
        ('"a"', "a"),
        ("'\\U00110000'", "\ufffd"),
        ("'a' + 'b'", "'a' + 'b'"),
        ("'" + "\\" * 5, "'" + "\\" * 5),
        ("plain", "plain"),
    ],
)
def test_a_quoted_error_is_unquoted(quoted: str, plain: str) -> None:
    assert unquote_repr(quoted) == plain


def test_an_error_of_megabytes_is_cut(tmp_path: Path) -> None:
    text = f"'{'x' * 45_000}\x1b[31m'"
    data = answer_events({"msg": "process_completed", "success": False, "output": {"error": text}})
    with fake_space(data=data) as space, pytest.raises(SpaceFailedError) as caught:
        ask(space, tmp_path)
    assert caught.value.message == f"/predict failed: '{'x' * 3999}"


@pytest.mark.parametrize(
    ("messages", "error", "verdict"),
    [
        ([{"msg": "unexpected_error", "message": "oh"}], SpaceFailedError, "space_error"),
        ([{"msg": "queue_full"}], CallError, "queue_full"),
        ([{"msg": "process_starts"}, {"msg": "close_stream"}], CallError, "connection_lost"),
        ([{"msg": "process_starts"}], CallError, "connection_lost"),
        ([], CallError, "connection_lost"),
        ([{"msg": "process_completed", "success": True, "output": "x"}], AnswerError, "unusable_answer"),
        ([{"msg": "process_completed", "success": True, "output": {"data": "x"}}], AnswerError, "unusable_answer"),
        ([completed("a", "b")], AnswerError, "unusable_answer"),
        ([completed()], AnswerError, "unusable_answer"),
    ],
)
def test_a_stream_without_a_result(
    tmp_path: Path, messages: list[dict[str, object]], error: type[RunnerError], verdict: str
) -> None:
    with fake_space(data=answer_events(*messages)) as space, pytest.raises(error) as caught:
        ask(space, tmp_path)
    assert caught.value.verdict == verdict


@pytest.mark.parametrize("step", ["get_config", "get_info", "post_join"])
@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (answer_json({"detail": "Not authenticated"}, 401), CallError, "wants a login of its own"),
        (answer_json({"detail": {"error": "No", "x": 1}}, 403), CallError, r"own \(403: No\)$"),
        (answer_json({"detail": "Queue is full."}, 503), CallError, "queue is full .503: Queue is full"),
        (answer_json({"detail": [{"msg": "bad"}]}, 422), CallError, "answered 422: .*bad"),
        (answer_raw(b"<h1>oops", 500), CallError, "answered 500$"),
        (answer_raw(b"<h1>hello"), AnswerError, "not JSON"),
        (answer_raw(b"[1]"), AnswerError, "answered JSON that|no endpoints object|gave no event_id"),
        (answer_raw(b"[" * 100_000, 200), AnswerError, "more than|nested deeper"),
        (answer_raw(b"", 307, {"Location": "http://127.0.0.1:9/"}), AnswerError, "a redirect .307., which is not"),
        (answer_raw(b"\x1f\x8b" * 9, 200, {"Content-Encoding": "gzip"}), AnswerError, "compressed"),
        (answer_raw(b" " * 60_000), AnswerError, "more than 48.8 KiB"),
        (answer_raw(b"", 200, {"Content-Length": "9" * 15}), AnswerError, "more than 48.8 KiB"),
    ],
)
def test_each_step_can_be_answered_badly(
    tmp_path: Path, step: str, answer: Answerer, error: type[RunnerError], message: str
) -> None:
    with fake_space({step: answer}) as space, pytest.raises(error, match=message):
        ask(space, tmp_path)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"get_config": answer_raw(b"", 404)}, "no Gradio app"),
        ({"get_config": answer_json(config(dependencies=[]))}, "offers no endpoint"),
        ({"get_config": answer_json(config(protocol="sse_v9", version="9.1"))}, "protocol sse_v9 of Gradio 9.1 is not"),
    ],
)
def test_what_cannot_be_called(tmp_path: Path, answers: dict[str, Answerer], message: str) -> None:
    with fake_space(answers) as space, pytest.raises(NoEndpointError, match=message):
        ask(space, tmp_path)


def test_nobody_listens(tmp_path: Path) -> None:
    with fake_space() as space:
        pass
    with pytest.raises(CallError, match="GET /config failed: ConnectError") as caught:
        ask(space, tmp_path)
    assert caught.value.verdict == "connection_lost"


# A hostile app


def drip(handler: BaseHTTPRequestHandler) -> None:
    start_events(handler)
    for byte in event(completed("x")) * 1000:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def heartbeats(handler: BaseHTTPRequestHandler) -> None:
    start_events(handler)
    handler.wfile.write(event({"msg": "process_starts"}))
    while True:
        handler.wfile.write(event({"msg": "heartbeat"}))
        time.sleep(0.05)


def silence(handler: BaseHTTPRequestHandler) -> None:
    start_events(handler)
    handler.wfile.write(event({"msg": "estimation", "rank": 4}))
    handler.connection.recv(1)


@pytest.mark.parametrize(
    ("data", "standing"),
    [
        (drip, "it had not entered the queue"),
        (drip_headers, "it had not entered the queue"),
        (heartbeats, "the function was running"),
        (silence, "it was number 5 in the Space's queue"),
    ],
)
def test_the_deadline_holds_against_any_stream(tmp_path: Path, data: Answerer, standing: str) -> None:
    with fake_space(data=data) as space, pytest.raises(CallTimeoutError) as caught:
        ask(space, tmp_path, limit_s=0.5)
    assert caught.value.message == f"/predict was not answered within 0.5 s: {standing}"
    assert space.requests[-1] == "POST /gradio_api/cancel"
    assert json.loads(space.bodies[-1])["event_id"] == "the-event"


def test_a_crowd_of_outputs_is_refused(tmp_path: Path) -> None:
    kinds = ["textbox"] * 101
    with (
        fake_space(outputs=kinds, data=answer_events(completed(*kinds))) as space,
        pytest.raises(AnswerError, match="more than 100 outputs"),
    ):
        ask(space, tmp_path, limits=AnswerLimits(max_outputs=100))


@pytest.mark.parametrize("step", ["get_config", "get_info", "post_join", "get_file"])
def test_the_deadline_holds_at_each_step(tmp_path: Path, step: str) -> None:
    data = answer_events(completed(file_data("/t/a")))
    with fake_space({step: drip_headers}, data=data) as space, pytest.raises(CallTimeoutError, match=r"0\.5 s"):
        ask(space, tmp_path, limit_s=0.5)


def test_a_deadline_that_has_passed_asks_nothing(tmp_path: Path) -> None:
    with fake_space() as space, pytest.raises(CallTimeoutError):
        ask(space, tmp_path, limit_s=0)
    assert space.requests == []


def test_an_interrupt_cancels_and_stays_one(tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.message == "/predict runs":
            raise KeyboardInterrupt

    with fake_space(data=heartbeats) as space, pytest.raises(KeyboardInterrupt):
        ask(space, tmp_path, on_progress=interrupt)
    assert space.requests[-1] == "POST /gradio_api/cancel"


def test_a_ticket_of_half_characters_is_cancelled_as_well(tmp_path: Path) -> None:
    post_join = answer_json({"event_id": "\ud800"})
    with fake_space(data=silence, post_join=post_join) as space, pytest.raises(CallTimeoutError):
        ask(space, tmp_path, limit_s=0.3)
    assert json.loads(space.bodies[-1])["event_id"] == "\ud800"


def test_a_cancel_that_hangs_does_not_hide_the_timeout(tmp_path: Path) -> None:
    with (
        fake_space(data=heartbeats, post_cancel=drip_headers) as space,
        pytest.raises(CallTimeoutError, match="running"),
    ):
        ask(space, tmp_path, limit_s=0.3)


def test_no_thread_is_left(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with fake_space() as space:
        ask(space, tmp_path)
    for thread in set(threading.enumerate()) - before:
        thread.join(10.0)
        assert not thread.is_alive(), thread.name


def test_a_stream_that_ends_in_the_middle_of_a_line_is_a_lost_connection(tmp_path: Path) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        start_events(handler)
        handler.wfile.write(event({"msg": "process_starts"}) + event(completed("x")).rstrip())

    with fake_space(data=half) as space, pytest.raises(CallError, match="the function was running") as caught:
        ask(space, tmp_path)
    assert caught.value.verdict == "connection_lost"


def stream_of(chunk: bytes) -> Answerer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        start_events(handler)
        while True:
            handler.wfile.write(chunk)

    return answer


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (stream_of(b"x" * 1000), "an event larger than 48.8 KiB"),
        (stream_of(b"data: 0123456789\n"), "an event larger than 48.8 KiB"),
        (stream_of(b"\n" * 100), "answered more than 195.3 KiB"),
        (stream_of(event({"msg": "heartbeat"})), "more than 1000 events"),
        (stream_of(b"data: {\n\n"), "not JSON"),
        (stream_of(b'data: "x"\n\n'), "not an object"),
        (stream_of(b"data: " + b"[" * 5000 + b"]" * 5000 + b"\n\n"), "deeper than 100"),
        (answer_json({"data": []}), "answered application/json, no events"),
        (answer_raw(b"", 302, {"Location": "/config"}), "redirect"),
    ],
)
def test_a_stream_that_is_none_or_too_much(tmp_path: Path, data: Answerer, message: str) -> None:
    with fake_space(data=data) as space, pytest.raises(AnswerError, match=message):
        ask(space, tmp_path)


def zeros_for_ever(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    while True:
        handler.wfile.write(bytes(5000))


@pytest.mark.parametrize(
    "get_file",
    [zeros_for_ever, answer_raw(b"", 200, {"Content-Length": str(5 * 1024**3)})],
    ids=["silent", "announced"],
)
def test_a_file_that_is_too_large_is_cut_off(tmp_path: Path, get_file: Answerer) -> None:
    data = answer_events(completed(file_data("/t/a.bin")))
    with (
        fake_space(data=data, get_file=get_file) as space,
        pytest.raises(AnswerError, match=r"a\.bin answered more than"),
    ):
        ask(space, tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= SMALL.max_file_bytes


def test_all_files_together_are_limited(tmp_path: Path) -> None:
    data = answer_events(completed([file_data(f"/t/{number}") for number in range(4)]))
    with (
        fake_space(data=data, get_file=answer_raw(bytes(8000))) as space,
        pytest.raises(AnswerError, match="more than"),
    ):
        ask(space, tmp_path)
    assert files_in(tmp_path) == ["1", "2", "3", "4"]


def test_ten_thousand_files_are_refused(tmp_path: Path) -> None:
    data = answer_events(completed([file_data(f"/t/{number}") for number in range(10_000)]))
    limits = AnswerLimits(max_files=5)
    with fake_space(data=data) as space, pytest.raises(AnswerError, match="more than 5 files"):
        ask(space, tmp_path, limits=limits)
    assert files_in(tmp_path) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "a\x00b.png", "x" * 300, "..", "", "\x1b[31m.png", "C:\\a\\b.exe", "\ud800"],
)
def test_no_name_of_the_space_reaches_the_disk(tmp_path: Path, name: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    data = answer_events(completed(file_data("/t/a", orig_name=name)))
    with fake_space(data=data) as space:
        (output,) = ask(space, scratch).outputs
    assert files_in(tmp_path) == ["scratch", "scratch/1"]
    assert output.files[0].path == scratch / "1"


@pytest.mark.parametrize("path", ["x" * 5000, "\x00", "/t/a\r\nHost: evil"])
def test_a_path_is_quoted_or_refused(tmp_path: Path, path: str) -> None:
    data = answer_events(completed(file_data(path)))
    with fake_space(data=data) as space:
        try:
            ask(space, tmp_path)
        except AnswerError as error:
            assert "5000 characters" in error.message  # noqa: PT017 - the other paths raise nothing
        else:
            assert space.requests[-1].startswith("GET /gradio_api/file=")
    assert {headers["Host"] for headers in space.headers} == {space.base_url.removeprefix("http://")}


@pytest.mark.parametrize(
    "file",
    [
        file_data(None, url="{other}/x.png"),
        file_data("", url="{other}/gradio_api/file=/x.png"),
        file_data("{other}/x.png"),
        file_data("{other}/x.png", url="{other}/x.png"),
        file_data("/t/x", url="{other}/gradio_api/stream/x", is_stream=True),
        file_data(None, url="http://user@127.0.0.1/x"),
        file_data(None, url="file:///etc/passwd"),
        file_data(None, url="//evil.example/x"),
        file_data(None, url="http://[bad"),
        file_data(None, url="{own}/config"),
    ],
)
def test_no_other_address_is_ever_asked(tmp_path: Path, file: dict[str, object]) -> None:
    with fake_space() as other, fake_space() as space:
        spelled = json.loads(json.dumps(file).replace("{other}", other.base_url).replace("{own}", space.base_url))
        space.answers["GET /gradio_api/queue/data"] = answer_events(completed(spelled))
        (output,) = ask(space, tmp_path).outputs
    assert output.files == ()
    assert output.value in (spelled.get("url"), spelled["path"])
    assert other.requests == []
    assert len(space.requests) == 4
    assert files_in(tmp_path) == []


def test_a_url_of_the_app_itself_is_fetched(tmp_path: Path) -> None:
    with fake_space() as space:
        file = file_data(None, url=f"{space.base_url}/gradio_api/file=/t/a%20b.png")
        space.answers["GET /gradio_api/queue/data"] = answer_events(completed(file))
        (output,) = ask(space, tmp_path).outputs
    assert [file.original_name for file in output.files] == ["a%20b.png"]
    assert space.requests[-1] == "GET /gradio_api/file=/t/a%20b.png"


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_file_that_the_app_does_not_give(tmp_path: Path, status: int) -> None:
    data = answer_events(completed(file_data("/t/a.png")))
    get_file = answer_raw(b"{}", status)
    with fake_space(data=data, get_file=get_file) as space, pytest.raises(AnswerError, match=f"not give it: {status}"):
        ask(space, tmp_path)


def test_a_file_behind_a_redirect_is_not_fetched(tmp_path: Path) -> None:
    data = answer_events(completed(file_data("/t/a.png")))
    with fake_space() as other:
        get_file = answer_raw(b"", 302, {"Location": f"{other.base_url}/x"})
        with fake_space(data=data, get_file=get_file) as space, pytest.raises(AnswerError, match="redirect"):
            ask(space, tmp_path)
    assert other.requests == []


def test_an_answer_that_ends_early_is_a_lost_connection(tmp_path: Path) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        send(handler, b"half", headers={"Content-Length": "1000"})
        handler.close_connection = True

    data = answer_events(completed(file_data("/t/a.png")))
    with fake_space(data=data, get_file=half) as space, pytest.raises(CallError) as caught:
        ask(space, tmp_path)
    assert caught.value.verdict == "connection_lost"


def test_a_cookie_is_not_kept_for_the_next_call(tmp_path: Path) -> None:
    with fake_space(get_info=answer_raw(json.dumps(info()).encode(), 200, {"Set-Cookie": "a=b"})) as space:
        caller = GradioCaller()
        deadline = Deadline.after(20, time.monotonic)
        call_once(caller, space.base_url, Call(prompt="x"), tmp_path, deadline)
        before = len(space.headers)
        caller.open(space.base_url, deadline).__exit__(None, None, None)
    assert all("Cookie" not in headers for headers in space.headers[before:])


# The direct way, and files that come as text


def app_of_its_own(**more: Any) -> Answerer:
    """Return the `/config` of an app that does not believe to run on the Hub."""
    return answer_json(config(is_space=False, **more))


def asked(space: FakeSpace) -> list[str]:
    return [request for request in space.requests if request.startswith("POST")]


def test_a_plain_function_is_called_directly_where_the_app_lets_it(tmp_path: Path) -> None:
    with fake_space(get_config=app_of_its_own()) as space:
        answer = ask(space, tmp_path)
    assert [output.value for output in answer.outputs] == ["direct"]
    assert asked(space) == ["POST /gradio_api/run/predict"]


@pytest.mark.parametrize("status", [401, 404, 405])
def test_where_the_app_wants_it_in_the_queue_it_goes_there(tmp_path: Path, status: int) -> None:
    closed = answer_json({"detail": "does not accept direct HTTP POST requests"}, status)
    deadline = Deadline.after(20, time.monotonic)
    with (
        fake_space(get_config=app_of_its_own(), post_run=closed) as space,
        GradioCaller().open(space.base_url, deadline) as session,
    ):
        for _ in range(2):
            answer = session.call(Call(prompt="x"), tmp_path, deadline)
            assert [output.value for output in answer.outputs] == ["said"]
    join, run = "POST /gradio_api/queue/join", "POST /gradio_api/run/predict"
    assert asked(space) == [run, join, join]


def test_a_generator_goes_over_the_queue(tmp_path: Path) -> None:
    described = config(is_space=False)
    described["dependencies"][0]["types"] = {"generator": True}
    with fake_space(get_config=answer_json(described)) as space:
        ask(space, tmp_path)
    assert asked(space) == ["POST /gradio_api/queue/join"]


def test_an_error_of_a_direct_call_is_the_apps_own(tmp_path: Path) -> None:
    failed = answer_json({"error": "not today"}, 500)
    with (
        fake_space(get_config=app_of_its_own(), post_run=failed) as space,
        pytest.raises(SpaceFailedError, match="/predict failed: not today"),
    ):
        ask(space, tmp_path)


def test_who_asks_is_told_why_and_how(tmp_path: Path) -> None:
    told: list[Progress] = []
    with fake_space() as space:
        call = Call(prompt="x", explain=True)
        call_once(GradioCaller(), space.base_url, call, tmp_path, Deadline.after(20, time.monotonic), told.append)
    assert [progress.message for progress in told if progress.note] == [
        "endpoint /predict(text: text) -> Textbox: takes a prompt",
        "called over the app's queue",
    ]


FILE_INFO = info()
FILE_INFO["named_endpoints"]["/predict"]["parameters"] = [
    {"label": "Image", "parameter_name": "image", "parameter_has_default": False, "type": FILE, "component": "Image"}
]


def sent(space: FakeSpace) -> list[Any]:
    position = space.requests.index("POST /gradio_api/queue/join")
    data: list[Any] = json.loads(space.bodies[position])["data"]
    return data


def test_an_image_in_base64_is_uploaded_as_the_file_that_it_is(tmp_path: Path) -> None:
    with fake_space(get_info=answer_json(FILE_INFO)) as space:
        ask(space, tmp_path, InputValue(name="image", value="data:image/png;base64,aGVsbG8="))
    position = space.requests.index("POST /gradio_api/upload")
    assert b'filename="file.png"' in space.bodies[position]
    assert b"hello" in space.bodies[position]
    assert sent(space)[0]["path"] == "/tmp/gradio/x"  # noqa: S108 - in the fake Space


def test_an_address_that_the_user_gave_is_named_to_the_space(tmp_path: Path) -> None:
    with fake_space(get_info=answer_json(FILE_INFO)) as space:
        ask(space, tmp_path, InputValue(name="image", value="https://example.org/a.png"))
    assert sent(space)[0]["url"] == "https://example.org/a.png"
    assert "POST /gradio_api/upload" not in space.requests


def test_a_login_of_the_apps_own(tmp_path: Path) -> None:
    def login(handler: BaseHTTPRequestHandler) -> None:
        send(handler, b'{"success": true}', 200, {"Set-Cookie": "access-token=abc; Path=/"})

    with fake_space() as space:
        space.answers["POST /login"] = login
        who = Login(user="ada", password=Secret("a&b=c"))
        deadline = Deadline.after(20, time.monotonic)
        call_once(GradioCaller(), space.base_url, Call(prompt="x"), tmp_path, deadline, login=who)
    assert space.bodies[0] == b"username=ada&password=a%26b%3Dc"
    assert all(headers["Cookie"] == "access-token=abc" for headers in space.headers[1:])


def test_a_login_that_is_refused_is_told() -> None:
    with fake_space() as space:
        space.answers["POST /login"] = answer_json({"detail": "Incorrect credentials."}, 400)
        with pytest.raises(CallError, match="does not let ada in: Incorrect credentials") as caught:
            GradioCaller().open(
                space.base_url,
                Deadline.after(20, time.monotonic),
                login=Login(user="ada", password=Secret("wrong")),
            )
    assert (caught.value.verdict, "wrong" in caught.value.message) == ("login_refused", False)
