import pytest

from hf_spaces_runner.calling.gradio.queue_progress import QueueProgress
from hf_spaces_runner.domain.progress import Phase, Progress


def told(*messages: dict[str, object]) -> tuple[list[tuple[str, int | None, int | None]], str]:
    events: list[Progress] = []
    progress = QueueProgress("/do", events.append)
    for message in messages:
        progress.take(message)
    assert all(event.phase is Phase.CALL and not event.done for event in events)
    return [(event.message, event.completed, event.total) for event in events], progress.standing


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"msg": "estimation", "rank": 2}, ("number 3 in the Space's queue", None, None)),
        ({"msg": "process_starts"}, ("/do runs", None, None)),
        (
            {"msg": "log", "log": "look\x1b[31m here\nand there", "level": "info"},
            ("the Space says: look here and there", None, None),
        ),
        ({"msg": "log", "log": "look", "level": "warning"}, ("the Space says: look", None, None)),
        ({"msg": "log", "log": "look", "level": "<b>"}, ("the Space says: look", None, None)),
        (
            {"msg": "progress", "progress_data": [{"index": 1, "length": 3, "desc": "step"}]},
            ("step", 1, 3),
        ),
        (
            {"msg": "progress", "progress_data": [{"index": None, "progress": 0.25, "desc": None}]},
            ("/do runs", 25, 100),
        ),
    ],
)
def test_a_message_becomes_an_event(message: dict[str, object], event: tuple[str, int | None, int | None]) -> None:
    assert told(message)[0] == [event]


@pytest.mark.parametrize(
    "message",
    [
        {"msg": "heartbeat"},
        {"msg": "unheard_of"},
        {"msg": ["list"]},
        {},
        {"msg": "estimation", "rank": "first"},
        {"msg": "estimation", "rank": -1},
        {"msg": "estimation", "rank": float("nan")},
        {"msg": "estimation", "rank": 10**400},
        {"msg": "log", "log": {"a": 1}},
        {"msg": "progress", "progress_data": "x"},
        {"msg": "progress", "progress_data": []},
        {"msg": "progress", "progress_data": ["x"]},
    ],
)
def test_nonsense_is_ignored(message: dict[str, object]) -> None:
    assert told(message) == ([], "it had not entered the queue")


@pytest.mark.parametrize(
    ("level", "warning"), [("info", False), ("success", False), ("warning", True), ("error", True), (7, False)]
)
def test_what_the_app_says_to_its_visitors_stays(level: object, warning: bool) -> None:
    events: list[Progress] = []
    QueueProgress("/do", events.append).take({"msg": "log", "log": "look", "level": level})
    assert [(event.note, event.warning) for event in events] == [(True, warning)]


def test_of_many_notes_the_first_are_shown() -> None:
    events: list[Progress] = []
    progress = QueueProgress("/do", events.append)
    for number in range(30):
        progress.take({"msg": "log", "log": f"note {number}", "level": "warning"})
    shown = [event.message for event in events if event.note]
    assert len(events) == 30
    assert shown[0] == "the Space says: note 0"
    assert shown[-1] == "the Space says: note 19 (it says more, which is not shown)"


def test_a_partial_output_carries_its_text() -> None:
    events: list[Progress] = []
    progress = QueueProgress("/do", events.append)
    progress.generated((1, "so\x1b[31m far", "no"))
    progress.generated(())
    assert [(event.message, event.completed, event.partial) for event in events] == [
        ("/do gave partial output 1", 1, "so far"),
        ("/do gave partial output 2", 2, None),
    ]
    assert progress.standing == "the function was running, and had given 2 partial outputs"


def test_a_long_message_is_cut() -> None:
    ((message, _, _),), _ = told({"msg": "log", "log": "x" * 100_000})
    assert len(message) == 200


def test_the_standing_is_the_last_thing_known() -> None:
    assert told({"msg": "estimation", "rank": 0})[1] == "it was number 1 in the Space's queue"
    assert told({"msg": "estimation", "rank": 0}, {"msg": "process_starts"})[1] == "the function was running"
