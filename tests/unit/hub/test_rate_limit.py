"""How long the Hub wants to be left alone is read from the headers that it and others use for that."""

from datetime import UTC, datetime

import pytest

from hf_spaces_runner.hub.rate_limit import seconds_to_wait

NOW = datetime(2026, 10, 21, 7, 28, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": " 5 "}, 5.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "9" * 9}, 86_400.0),
        ({"retry-after": "9" * 9000}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 -0000"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:00:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 99 Oct 2026 07:00:00 GMT"}, None),
        ({"ratelimit": '"api";r=0;t=55'}, 55.0),
        ({"ratelimit": '"api";r=1;t=55'}, None),
        ({"ratelimit": '"resolvers"; r = 0; t = 55'}, 55.0),
        ({"ratelimit": "nonsense"}, None),
        ({"ratelimit": '"api";r=0;t=55', "retry-after": "60"}, 60.0),
        ({"ratelimit": '"api";r=0;t=55', "retry-after": "3"}, 55.0),
    ],
)
def test_the_longest_wait_counts(headers: dict[str, str], wait_s: float | None) -> None:
    assert seconds_to_wait(headers, NOW) == wait_s
