from typing import Any

import pytest

from hf_spaces_runner.results.by_category.text import scores_of

CAT, DOG = ("cat", 0.9), ("dog", 0.1)
CONFIDENCES = [{"label": "dog", "confidence": 0.1}, {"label": "cat", "confidence": 0.9}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"label": "cat", "confidences": CONFIDENCES}, [CAT, DOG]),
        ([{"label": "dog", "score": 0.1}, {"label": "cat", "score": 0.9}], [CAT, DOG]),
        ([[{"label": "dog", "score": 0.1}, {"label": "cat", "score": 0.9}]], [CAT, DOG]),
        ({"dog": 0.1, "cat": 0.9}, [CAT, DOG]),
        ({"neg": -0.5, "pos": 1}, [("pos", 1.0), ("neg", -0.5)]),
        ([{"label": 7, "score": 12}], [("7", 12.0)]),
        ([{"label": "a\nb", "score": 1.5}], [("a b", 1.5)]),
        ([{"label": "b", "score": 1}, {"label": "a", "score": 1}], [("b", 1.0), ("a", 1.0)]),
        ({"label": "cat"}, []),
        ({"label": "cat", "confidences": None}, []),
        ({"label": "cat", "confidences": [{"label": "cat", "confidence": None}]}, []),
        ({"width": 1, "height": 0}, []),
        ({"width": 640.5, "height": 480}, []),
        ({"cat": 0.9, "note": "x"}, []),
        ({"cat": 0.9, "yes": True}, []),
        ([{"label": "cat", "score": 0.9, "box": [1, 2]}], []),
        ([{"label": ["cat"], "score": 0.9}], []),
        ([{"label": "cat", "score": 10**400}], []),
        ([{"label": "cat", "score": 0.5}] * 1001, []),
        ([], []), ({}, []), ([[]], []), ("cat", []), (None, []), (0.5, []),
    ],
)  # fmt: skip
def test_labels_with_scores_are_found_in_each_form(value: Any, expected: list[tuple[str, float]]) -> None:
    assert [(one.label, one.score) for one in scores_of(value)] == expected
