from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.calling.in_process import InProcessCaller, InProcessSession
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.writing import Message, OnPiece, Sampling, Written
from hf_spaces_runner.errors import InvalidInputError, NoEndpointError

DEADLINE = Deadline.after(60, lambda: 0.0)


class Echo:
    """A model that says what the user said last, a word at a time, and notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[Message]] = []
        self.more: list[dict[str, Any]] = []

    def generate(
        self,
        asked: str | Sequence[Message],
        *,
        deadline: Deadline,
        max_new_tokens: int,
        sampling: Sampling | None,
        on_piece: OnPiece,
    ) -> Written:
        assert not isinstance(asked, str)
        self.asked.append(list(asked))
        self.more.append({"deadline": deadline, "max_new_tokens": max_new_tokens, "sampling": sampling})
        words = asked[-1]["content"].split()
        for word in words:
            on_piece(f"{word} ")
        text = "".join(f"{word} " for word in words)
        return Written(text=text, prompt_tokens=1, new_tokens=len(words), is_whole=len(words) < max_new_tokens)


def session(model: Echo) -> InProcessSession:
    return InProcessCaller(lambda _deadline: model, max_new_tokens=5).open("", DEADLINE)


def say(to: InProcessSession, prompt: str | None, *heard: list[Progress], **inputs: str) -> object:
    given = tuple(InputValue(name=name, value=value) for name, value in inputs.items())
    on_progress = heard[0].append if heard else lambda _: None
    answer = to.call(Call(prompt=prompt, inputs=given), Path("unused"), DEADLINE, on_progress)
    (output,) = answer.outputs
    return output.value


def test_a_chat_remembers_what_was_said() -> None:
    model = Echo()
    with session(model) as chat:
        assert say(chat, "one", system="Be kind.") == "one "
        assert say(chat, "two") == "two "
    assert model.asked[1] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "one "},
        {"role": "user", "content": "two"},
    ]


def test_how_to_sample_and_how_much_is_passed_on() -> None:
    model = Echo()
    say(session(model), "x", temperature="0", top_p="0.5", seed="7", max_tokens="9")
    say(session(model), "x")
    assert model.more == [
        {"deadline": DEADLINE, "max_new_tokens": 9, "sampling": Sampling(temperature=0.0, top_p=0.5, seed=7)},
        {"deadline": DEADLINE, "max_new_tokens": 5, "sampling": Sampling()},
    ]


def test_pieces_are_told_as_they_come_and_a_cut_is_said() -> None:
    heard: list[Progress] = []
    say(session(Echo()), "1 2 3 4 5", heard)
    assert [item.partial for item in heard if item.partial] == ["1 ", "1 2 ", "1 2 3 ", "1 2 3 4 ", "1 2 3 4 5 "]
    assert heard[-1].done
    assert heard[-1].message == "chat answered; it was cut off at 5 tokens"


def test_a_prompt_is_needed() -> None:
    with pytest.raises((InvalidInputError, NoEndpointError)):
        say(session(Echo()), None)


def test_pictures_cannot_go_along(tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    call = Call(prompt="what is it", inputs=(InputValue(name="images", path=picture),))
    with pytest.raises((InvalidInputError, NoEndpointError)):
        session(Echo()).call(call, tmp_path, DEADLINE)
