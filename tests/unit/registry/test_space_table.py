import sqlite3
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.registry.layer import MemoryLayer
from hf_spaces_runner.registry.space_table import SCHEMA, SpaceTable


def space(name: str, description: str = "", *, tags: tuple[str, ...] = (), **fields: str) -> Space:
    return Space(
        id=name,
        docker_image=f"registry.hf.space/{name}:latest",
        description=description,
        tags=tags,
        origin="test",
        **fields,  # type: ignore[arg-type]
    )


SPACES = [
    space("whisper-large", "Speech to text", tags=("asr",), category="audio_processing", space_id="OpenAI/Whisper"),
    space("transcriber", "Transcribes with Whisper, large or small", category="audio_processing"),
    space("large-model", "Writes texts", category="text_processing"),
    space("remover", "Removing backgrounds", tags=("whisper",), category="image_processing", sdk=Sdk.DOCKER),
    space("uebers", "Übersetzt Sätze", category="text_processing"),
]


def table_of(*spaces: Space) -> SpaceTable:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    table = SpaceTable(connection, "test")
    table.insert((place, None, one) for place, one in enumerate(spaces))
    return table


TABLE = table_of(*SPACES)


def found(*words: str, table: SpaceTable = TABLE, **limits: object) -> list[str]:
    return [one.id for one in table.search(words, **limits)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["whisper", "large"], ["whisper-large", "transcriber", "large-model", "remover"]),
        (["whis"], ["whisper-large", "transcriber", "remover"]),
        (["remove", "background"], ["remover"]),
        (["asr"], ["whisper-large"]),
        (["openai"], ["whisper-large"]),
        (["transcribing"], ["transcriber"]),
        (["ubersetzt"], ["uebers"]),
        (["ÜBERSETZT"], ["uebers"]),
        (["whisper-large"], ["whisper-large", "transcriber", "large-model", "remover"]),
        (["large", "nothing-like-it"], ["whisper-large", "transcriber", "large-model"]),
        (["nothing"], []),
        ([], []),
        (["", " ", "!", "*"], []),
    ],
)
def test_spaces_are_found_by_words_those_with_all_of_them_in_the_name_first(
    words: list[str], expected: list[str]
) -> None:
    ids = found(*words)
    assert ids[:1] == expected[:1]
    assert sorted(ids) == sorted(expected)


def test_category_and_sdk_narrow_the_search() -> None:
    assert found("whisper", category="image_processing") == ["remover"]
    assert found("whisper", sdk="docker") == ["remover"]
    assert found("whisper", category="audio_processing", sdk="docker") == []


def test_no_more_than_were_asked_for_come_from_each_way_of_matching() -> None:
    table = table_of(*(space(f"model-{number}", "model") for number in range(50)))
    assert len(found("model", table=table, limit=10)) == 10
    assert len(found("model", "none", table=table, limit=10)) == 10


@pytest.mark.parametrize(
    "word",
    ['"', '""', "'", "a AND", "NOT", "OR", "NEAR(a b)", "name : x", "^a",
     "a*", "-a", "(", ")", "{name}:", "+", "\\", "%", "_", ";", "--",
     "a\0b", "\0", "\ud800", "x\udfff", "a\u19b0b", "e\u0301", "漢字", "\U0001f600",
     "x" * 100_000, "; DROP TABLE entries"],
)  # fmt: skip
def test_operators_in_words_do_no_harm(word: str) -> None:
    assert len(found(word)) <= len(SPACES)
    assert "whisper-large" in found("whisper", word)
    assert TABLE.count() == len(SPACES)


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_words_can_be_looked_for(words: list[str]) -> None:
    assert len(found(*words)) <= len(SPACES)


def test_very_many_words_are_no_fault() -> None:
    assert found(*(f"w{number}" for number in range(20_000)), "whisper") == []
    assert "whisper-large" in found("whisper", *(f"w{number}" for number in range(20_000)))


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("id", "whisper-large", "whisper-large"),
        ("id", "Whisper-Large", None),
        ("hub_id", "openai/whisper", "whisper-large"),
        ("subdomain", "openai-whisper", "whisper-large"),
        ("image", "registry.hf.space/remover:latest", "remover"),
        ("id", "\ud800", None),
        ("id", "a\0b", None),
        ("id", "' OR 1=1 --", None),
    ],
)
def test_a_space_is_found_by_what_names_it(column: str, value: str, expected: str | None) -> None:
    one = TABLE.find(column, value)
    assert (one and one.id) == expected


def test_pages_follow_the_order_and_end() -> None:
    first = TABLE.page(-1, limit=2)
    assert [one.id for _, one in first] == ["whisper-large", "transcriber"]
    rest = TABLE.page(first[-1][0], limit=10)
    assert [one.id for _, one in rest] == ["large-model", "remover", "uebers"]
    assert TABLE.page(rest[-1][0], limit=10) == []
    assert [one.id for _, one in TABLE.page(-1, limit=9, category="text_processing")] == ["large-model", "uebers"]


def test_they_are_counted() -> None:
    assert (TABLE.count(), TABLE.count(category="audio_processing"), TABLE.count(sdk="docker")) == (5, 2, 1)
    assert TABLE.categories() == {"audio_processing": 2, "image_processing": 1, "text_processing": 2}


def test_which_of_many_are_known() -> None:
    values = [f"x{number}" for number in range(2000)] + ["remover", "\ud800"]
    assert TABLE.known("id", values) == {"remover"}
    assert TABLE.known("hub_id", ["", "openai/whisper"]) == {"openai/whisper"}
    assert TABLE.known("id", []) == set()


def test_ids_that_begin_alike_are_among_those_that_may_be_meant() -> None:
    table = table_of(*(space(f"a{number}") for number in range(1000)), space("zebra"))
    assert "zebra" in table.ids_like("zebar")
    assert len(table.ids_like("\ud800")) <= 600


@pytest.mark.parametrize(
    "change", [lambda table: table.remove(["remover", "not-there"]), lambda table: table.empty()], ids=["one", "all"]
)
def test_what_is_taken_out_is_not_found_and_may_come_back(change: Callable[[SpaceTable], None]) -> None:
    table = table_of(*SPACES)
    change(table)
    assert table.find("id", "remover") is None
    assert "remover" not in found("whisper", table=table)
    assert "remover" not in found("backgrounds", table=table)
    table.insert([(9, b"digest", space("remover", "Now it paints"))])
    assert found("paints", table=table) == ["remover"]
    assert found("backgrounds", table=table) == []
    table.connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")


def test_half_characters_in_what_the_hub_says_are_kept_out_of_the_columns() -> None:
    table = table_of(space("a", "half \ud800 character"))
    assert found("half", table=table) == ["a"]


def test_a_space_that_is_built_here_is_not_found_by_its_image() -> None:
    layer = MemoryLayer(SPACES)
    assert layer.ask(lambda table: table.find("image", "registry.hf.space/remover")) is None
    assert layer.faults() == ()


def test_notes_are_kept() -> None:
    table = table_of()
    table.note("a", "1")
    table.note("a", "2")
    assert (table.noted("a"), table.noted("b")) == ("2", None)
