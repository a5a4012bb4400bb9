"""The bundled prompt optimizer: its folder is complete, its rewriting deterministic, bounded and an improvement."""

import importlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

REGISTRY = Path(__file__).parents[2] / "registry"
SPACE = REGISTRY / "spaces" / "prompt-optimizer"
MODULES = ("settings", "draft", "wording", "rubric", "topics", "operators", "optimizer")
PROMPT = "Could you please give me some good tips for a weekend in Berlin? Thanks!"
COMPLETE = """You are an experienced gardener.

Task: Write a plan for a bed of 3 tomato plants and 2 "Genovese" basil plants on a balcony.

Context: The balcony faces south.

Constraints:
- Use at most 200 words.
- Never use peat.
- Do not name brands.

Steps:
1. Choose the pots.
2. Choose the soil.
3. Plant.

Output format: a table.

Examples:
Input: chives
Output: one row
Input: mint
Output: one row

Think step by step."""


@pytest.fixture
def space(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, ModuleType]]:
    """Import the Space's own modules as its app does; afterwards their plain names are free again."""
    monkeypatch.syspath_prepend(str(SPACE))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    yield {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.modules.update(before)


def settings_of(space: Mapping[str, ModuleType], **changes: object) -> Any:
    return space["settings"].Settings(**changes)


def test_front_matter_and_dockerfile() -> None:
    opening, head, body = (SPACE / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    keys = yaml.safe_load(head)
    assert (opening, keys["sdk"], keys["app_port"], keys["license"]) == ("", "docker", 7860, "apache-2.0")
    assert keys["title"]
    assert len(keys["short_description"]) <= 60
    assert body.strip()
    dockerfile = (SPACE / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG BASE_IMAGE=\S+\nFROM \$\{BASE_IMAGE\}$", dockerfile, re.MULTILINE)
    assert "USER user" in dockerfile


def test_requirements_are_the_pins_of_the_sdk() -> None:
    def pins(path: Path) -> list[str]:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]

    found = pins(SPACE / "requirements.txt")
    assert "gradio==5.49.1" in found
    assert found == pins(REGISTRY / "constraints" / "gradio-5.49.1.txt")


def test_the_readme_names_each_variable_with_its_default(space: Mapping[str, ModuleType]) -> None:
    readme = (SPACE / "README.md").read_text(encoding="utf-8")
    defaults = space["settings"].DEFAULTS
    for name in defaults.__slots__:
        value = str(getattr(defaults, name))
        assert f"| `{name.upper()}` | {value.lower()} |" in readme


def test_the_readme_names_the_weights(space: Mapping[str, ModuleType]) -> None:
    readme = (SPACE / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z, ]+) \| (0\.\d\d)(?: each)? \|", readme, re.MULTILINE)
    told = {name: float(weight) for names, weight in rows for name in names.split(", ")}
    assert told == space["rubric"].WEIGHTS
    assert sum(told.values()) == pytest.approx(1)


def test_the_sample_gives_what_it_says(space: Mapping[str, ModuleType]) -> None:
    expected = json.loads((SPACE / "sample" / "expected.json").read_text(encoding="utf-8"))
    result = space["optimizer"].optimize((SPACE / "sample" / expected["input"]).read_text(encoding="utf-8"))
    (output,) = expected["outputs"]
    assert result.prompt == output["optimized_prompt"]
    assert list(result.improvements) == output["improvements"]
    assert result.quality_score == pytest.approx(output["quality_score"], abs=expected["number_tolerance"])


def test_the_same_prompt_gives_the_same_answer(space: Mapping[str, ModuleType]) -> None:
    optimize = space["optimizer"].optimize
    first, again, other = optimize(PROMPT), optimize(PROMPT), optimize("Explain black holes")
    assert (first.prompt, first.improvements, first.quality_score) == (
        again.prompt,
        again.improvements,
        again.quality_score,
    )
    assert other.prompt != first.prompt


def test_a_bare_request_gets_its_parts_and_a_higher_score(space: Mapping[str, ModuleType]) -> None:
    result = space["optimizer"].optimize(PROMPT)
    assert "Task: Give me three practical tips for a weekend in Berlin" in result.prompt
    assert "please" not in result.prompt.lower()
    for part in ("You are an experienced ", "Output format: ", "Constraints:\n- ", "Steps:\n1. ", "Examples:\nInput: "):
        assert part in result.prompt
    assert 0.9 < result.quality_score <= 1
    assert space["rubric"].rate(PROMPT).score < 0.3
    assert space["rubric"].rate(result.prompt).score == result.quality_score
    assert {"Removed polite filler", "Stated the role of an expert"} <= set(result.improvements)


def test_a_complete_prompt_is_left_as_it_is(space: Mapping[str, ModuleType]) -> None:
    result = space["optimizer"].optimize(COMPLETE)
    assert (result.prompt, result.improvements) == (COMPLETE, ())
    assert result.quality_score > 0.95


@pytest.mark.parametrize(
    "prompt",
    [
        "x",
        "?!",
        "```\nplease  keep   this\n```",
        "\u200b",
        "Erkläre bitte schwarze Löcher",
        "\ud800",
        "a" * 100_000,
        "thanks",
    ],
)
def test_odd_prompts_never_score_lower(space: Mapping[str, ModuleType], prompt: str) -> None:
    result = space["optimizer"].optimize(prompt)
    assert prompt.strip() in result.prompt
    assert space["rubric"].rate(space["draft"].tidy(prompt)).score <= result.quality_score <= 1


@pytest.mark.parametrize("prompt", ["", " \n\t", "\x1c", "a" * 100_001])
def test_what_is_no_prompt_is_refused(space: Mapping[str, ModuleType], prompt: str) -> None:
    with pytest.raises(ValueError, match=r"empty|100,001"):
        space["optimizer"].optimize(prompt)


def test_examples_role_and_reasoning_follow_the_settings(space: Mapping[str, ModuleType]) -> None:
    optimize = space["optimizer"].optimize
    without = optimize(
        PROMPT, settings_of(space, few_shot_count=0, generate_reasoning=False, generate_expert_identity=False)
    )
    assert not re.search("Input:|You are|step by step", without.prompt)
    assert optimize(PROMPT, settings_of(space, few_shot_count=1)).prompt.count("Input:") == 1
    # Berlin is what the request is about.
    assert "You are an experienced adviser who knows" in optimize(PROMPT).prompt


def test_rounds_bound_the_search(space: Mapping[str, ModuleType]) -> None:
    optimize = space["optimizer"].optimize
    none = optimize(PROMPT, settings_of(space, mutate_refine_iterations=0))
    assert (none.prompt, none.improvements, none.candidates) == (PROMPT, (), 1)
    assert optimize(PROMPT, settings_of(space, mutation_rounds=0)).candidates == 1
    assert optimize(PROMPT, settings_of(space, mutate_refine_iterations=2, mutation_rounds=3)).candidates <= 7


def test_a_prompt_that_is_remembered_is_not_tried_again(space: Mapping[str, ModuleType]) -> None:
    def scored(size: int) -> list[str]:
        texts: list[str] = []
        module: Any = space["optimizer"]
        rate = module.rate

        def noted(text: str) -> Any:
            texts.append(text)
            return rate(text)

        module.rate = noted
        try:
            result = module.optimize(PROMPT, settings_of(space, seen_set_size=size, mutation_rounds=50))
        finally:
            module.rate = rate
        return texts[: result.candidates]

    remembered, forgotten = scored(1000), scored(0)
    assert len(remembered) == len(set(remembered))
    assert len(forgotten) > len(set(forgotten))


def test_temperature_changes_the_way_of_the_search(space: Mapping[str, ModuleType]) -> None:
    optimize = space["optimizer"].optimize
    cold, hot = (optimize(PROMPT, settings_of(space, temperature=share)) for share in (0.0, 1.0))
    assert cold.candidates != hot.candidates


@pytest.mark.parametrize("limit", [1, 5, 40, 100])
def test_max_tokens_caps_the_words(space: Mapping[str, ModuleType], limit: int) -> None:
    result = space["optimizer"].optimize("word " * 300, settings_of(space, max_tokens=limit))
    assert len(result.prompt.split()) <= limit
    assert f"Cut to {limit} words, the most that MAX_TOKENS allows" in result.improvements


def test_generate_is_cut_to_its_words(space: Mapping[str, ModuleType]) -> None:
    generate = space["optimizer"].generate
    whole = generate(PROMPT, max_new_tokens=10_000, temperature=2.0)
    assert generate(PROMPT, max_new_tokens=7, temperature=2.0) == space["draft"].cut_to_words(whole, 7)
    assert len(generate(PROMPT, max_new_tokens=7, temperature=0.7).split()) == 7


def test_a_length_that_the_task_names_is_not_contradicted(space: Mapping[str, ModuleType]) -> None:
    result = space["optimizer"].optimize(
        "Write a short email about the new oven", settings_of(space, mutation_rounds=100)
    )
    assert re.findall(r"at most \d+ words", result.prompt) == ["at most 100 words"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Could you please list three rivers?", "List three rivers."),
        ("I would like you to sort this. Thank you in advance.", "Sort this"),
        ("Can I go home?", "Can I go home?"),
        ("thanks", "thanks"),
        ("```\nplease = 1\n```", "```\nplease = 1\n```"),
    ],
)
def test_filler(space: Mapping[str, ModuleType], text: str, wanted: str) -> None:
    assert space["draft"].without_filler(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Write a short poem", "Write one poem of at most 100 words"),
        ("List a few rivers", "List three rivers"),
        ("A long story", "One story of 600 to 800 words"),
        ("How many rivers?", None),
        ("a short circuit", None),
        ("Explain some of it", None),
        ("```a short poem```", None),
    ],
)
def test_vague_wordings(space: Mapping[str, ModuleType], text: str, wanted: str | None) -> None:
    wording = space["wording"]
    choices = wording.rewordings_of(text)
    assert [wording.reworded(text, number) for number in choices] == ([] if wanted is None else [wanted])


def test_white_space_is_tidied_outside_code(space: Mapping[str, ModuleType]) -> None:
    text = "  a \t b  \r\n  - sub\n\n\n\nc\n```\nx  =  1\n\n\n\n```  d  "
    assert space["draft"].tidy(text) == "a b\n  - sub\n\nc\n```\nx  =  1\n\n\n\n```  d"


@pytest.mark.parametrize(
    ("task", "kind", "topic"),
    [
        ("Write a Python function that sorts dates", "code", "sorts dates"),
        ("Translate this into French", "translation", "French"),
        ("Explain black holes", "explanation", "black holes"),
        ("Summarize the report on river pollution", "summary", "river pollution"),
        ("...", "text", ""),
    ],
)
def test_kind_and_topic(space: Mapping[str, ModuleType], task: str, kind: str, topic: str) -> None:
    assert space["topics"].kind_of(task).name == kind
    assert space["topics"].topic_of(task) == topic


def test_settings_are_read_by_their_names(space: Mapping[str, ModuleType]) -> None:
    given = {
        "MUTATE_REFINE_ITERATIONS": "1",
        "MUTATION_ROUNDS": "2",
        "SEEN_SET_SIZE": "3",
        "FEW_SHOT_COUNT": "4",
        "GENERATE_REASONING": "False",
        "GENERATE_EXPERT_IDENTITY": "no",
        "TEMPERATURE": "0.5",
        "MAX_TOKENS": "6",
    }
    read = space["settings"].read_settings
    values = {name: getattr(read(given), name.lower()) for name in given}
    assert list(values.values()) == [1, 2, 3, 4, False, False, 0.5, 6]
    assert read({}) == read(dict.fromkeys(given, "")) == space["settings"].DEFAULTS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MUTATE_REFINE_ITERATIONS", "-1"),
        ("MUTATION_ROUNDS", "101"),
        ("SEEN_SET_SIZE", "1_000"),
        ("FEW_SHOT_COUNT", "two"),
        ("GENERATE_REASONING", "maybe"),
        ("GENERATE_EXPERT_IDENTITY", "2"),
        ("TEMPERATURE", "nan"),
        ("MAX_TOKENS", "0\nmore"),
    ],
)
def test_a_bad_value_is_one_clear_line(space: Mapping[str, ModuleType], name: str, value: str) -> None:
    with pytest.raises(space["settings"].BadSettingError) as caught:
        space["settings"].read_settings({name: value})
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)
