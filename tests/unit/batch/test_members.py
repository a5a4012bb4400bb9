"""What tells the questions of a batch to a model apart."""

from dataclasses import replace
from pathlib import Path

from hf_spaces_runner.batch.members import model_key
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Tier

HOP = Hop(kind=CandidateKind.LOCAL_MODEL, name="llama", tier=Tier.FAST)
ITEM = Item(index=0, id="0", source="a:1", prompt="hello")


def test_a_key_is_of_what_is_asked_and_of_nothing_else() -> None:
    key = model_key(HOP, ITEM)
    assert key == model_key(HOP, replace(ITEM, index=7, id="x", source="b:2"))
    other = InputValue(name="text", value="x")
    others = {
        model_key(replace(HOP, name="qwen"), ITEM),
        model_key(HOP, replace(ITEM, prompt="hi")),
        model_key(HOP, replace(ITEM, inputs=(other,))),
        model_key(HOP, replace(ITEM, inputs=(replace(other, value="y"),))),
    }
    assert len(others | {key}) == 5
    assert "hello" not in (key or "")


def test_a_file_counts_by_its_content(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]
    for file, text in zip(files, ("one", "one", "two"), strict=True):
        file.write_text(text)
    first, same, other = (model_key(HOP, replace(ITEM, inputs=(InputValue(name=None, path=file),))) for file in files)
    assert first == same != other
    missing = InputValue(name=None, path=tmp_path / "none")
    assert model_key(HOP, replace(ITEM, inputs=(missing,))) is None
