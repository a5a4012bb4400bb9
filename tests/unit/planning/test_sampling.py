from typing import Any

import pytest

from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.planning.sampling import SetParameter, is_sampling, why_changing, why_sampling


def parameters(given: dict[str, object]) -> list[SetParameter]:
    return [SetParameter(name=name, value=value) for name, value in given.items()]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"text": "hello", "threshold": 0.5}, None),
        ({"temperature": 0.7}, "it has the parameter temperature"),
        ({"temperature": 0}, None),
        ({"temperature": 0.0, "top_p": 0.9}, None),
        ({"temperature": "0"}, None),
        ({"temperature": False}, "it has the parameter temperature"),
        ({"top_p": 0.9}, "it has the parameter top_p"),
        ({"top_k": 50}, "it has the parameter top_k"),
        ({"Top-K": 50}, "it has the parameter Top-K"),
        ({"do_sample": True, "temperature": 0}, "do_sample is on"),
        ({"do_sample": False, "temperature": 1.0, "top_p": 0.9}, None),
        ({"do_sample": False, "num_inference_steps": 20}, "num_inference_steps is there, and no seed"),
        ({"seed": -1}, "seed is -1, which stands for another one each time"),
        ({"seed": "random"}, "seed is random, which stands for another one each time"),
        ({"seed": None}, "seed is empty, which stands for another one each time"),
        ({"seed": float("nan")}, "seed is nan, which stands for another one each time"),
        ({"seed": 0}, None),
        ({"seed": 42}, None),
        ({"seed": 42.0, "temperature": 1.0, "num_inference_steps": 20}, None),
        ({"seed": "42"}, None),
        ({"seed": 42, "randomize_seed": True}, "randomize_seed is on"),
        ({"seed": 42, "Randomize seed": True}, "Randomize seed is on"),
        ({"seed": 42, "randomize_seed": False}, None),
        ({"random_seed": True}, "random_seed is on"),
        ({"random_seed": 7}, None),
        ({"seed": 42, "noise_seed": -1}, "noise_seed is -1, which stands for another one each time"),
        ({"num_inference_steps": 20}, "num_inference_steps is there, and no seed"),
        ({"my_temperature_in_celsius": 20}, None),
    ],
)
def test_the_parameters_say_it(given: dict[str, object], why: str | None) -> None:
    assert why_sampling(parameters(given)) == why
    assert is_sampling(parameters(given)) == (why is not None)


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"tasks": ["text-to-image"]}, "it makes images, and has no seed (text-to-image)"),
        ({"tasks": ["text-classification", "text-generation"]}, "it writes or chats, and has no seed"),
        ({"tasks": ["text-classification", "image-classification"]}, None),
        ({"category": "Image Generation"}, "it makes images"),
        ({"category": "image_processing"}, None),
        ({"category": "Text Generation"}, "it chats"),
        ({"category": "Chatbots"}, "it chats"),
        ({"category": "text_processing"}, None),
        ({"endpoint": "/chat"}, "it chats"),
        ({"endpoint": "/v1/chat/completions"}, "it chats"),
        ({"endpoint": "/predict"}, None),
        ({"components": ["Textbox", "Chatbot"]}, "it chats"),
        ({"components": ["Textbox", "Image"]}, None),
    ],
)
def test_what_it_is_for_says_it_unless_the_seed_is_fixed(about: dict[str, Any], why: str | None) -> None:
    found = why_sampling([], **about)
    assert (found is None) == (why is None)
    assert found is None or found.startswith(str(why))
    assert why_sampling(parameters({"seed": 3}), **about) is None
    assert why_sampling(parameters({"seed": 3, "randomize_seed": True}), **about) == "randomize_seed is on"


def test_chat_samples_whatever_its_parameters_say_but_a_seed() -> None:
    assert is_sampling(parameters({"temperature": 0}), endpoint="/chat")


@pytest.mark.parametrize(
    ("label", "value", "why"),
    [
        ("Top-p (nucleus sampling)", 0.9, "it has the parameter param_3"),
        ("Temperature: how wild", 0.9, "it has the parameter param_3"),
        ("Seed (0 = random)", 0, "param_3 is 0, which stands for another one each time"),
        ("Seed (0 = random)", 5, None),
        ("Seed (-1 for a random one)", -1, "param_3 is -1, which stands for another one each time"),
        ("Randomize seed", True, "param_3 is on"),
        ("How hot (temperature)", 0.9, None),
    ],
)
def test_a_label_counts_as_well(label: str, value: object, why: str | None) -> None:
    assert why_sampling([SetParameter(name="param_3", value=value, label=label)]) == why


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (Call(prompt="hello"), None),
        (Call(prompt="see https://example.org"), None),
        (Call(prompt=" https://example.org/a.png"), "the prompt is an address"),
        (Call(inputs=(InputValue(name="image", value="HTTP://example.org/a.png"),)), "image is an address"),
        (Call(inputs=(InputValue(value="http://example.org"),)), "an input is an address"),
        (Call(inputs=(InputValue(value=5), InputValue(value="https://"))), None),
    ],
)
def test_an_address_may_hold_something_else_the_next_time(call: Call, why: str | None) -> None:
    found = why_changing(call)
    assert (found is None) == (why is None)
    assert found is None or found.startswith(str(why))
