import pytest

from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.routing import Circumstances, Route, Tier
from hf_spaces_runner.planning.tiers import RULES, route

PLAIN = Request(space="any")
CLOUD = Circumstances(has_cloud=True)


@pytest.mark.parametrize(
    ("request_", "seen", "rule", "first"),
    [
        (PLAIN, Circumstances(), "space-named", Tier.HEAVY),
        (Request(space="any", tier=Tier.FAST), Circumstances(), "tier-fast", Tier.FAST),
        (Request(space="any", tier=Tier.HEAVY), Circumstances(fits=False), "tier-heavy", Tier.HEAVY),
        (Request(space="any", tier=Tier.CLOUD), CLOUD, "tier-cloud", Tier.CLOUD),
        (Request(space="any", tier=Tier.CLOUD), Circumstances(), "tier-cloud", Tier.HEAVY),
        (Request(space="any", performance_first=True), Circumstances(), "performance-first", Tier.FAST),
        (Request(space="any", batch_mode=True), Circumstances(fits=False), "batch-mode", Tier.HEAVY),
        (Request(space=None), Circumstances(has_space=False), "no-space", Tier.FAST),
        (Request(space=None), Circumstances(was_chosen=True), "task-words", Tier.HEAVY),
        (PLAIN, Circumstances(is_up=True, fits=False), "space-is-up", Tier.HEAVY),
        (PLAIN, Circumstances(file_kinds=frozenset({"audio"})), "media", Tier.HEAVY),
        (PLAIN, Circumstances(file_kinds=frozenset({"text", "file"})), "space-named", Tier.HEAVY),
        (PLAIN, Circumstances(fits=False), "too-large", Tier.FAST),
    ],
)
def test_the_first_rule_that_applies_decides(request_: Request, seen: Circumstances, rule: str, first: Tier) -> None:
    found = route(request_, seen)
    assert (found.rule, found.order[0]) == (rule, first)
    assert found.reason


def test_there_is_no_cloud_unless_one_is_configured_and_none_in_privacy() -> None:
    assert Tier.CLOUD in route(PLAIN, CLOUD).order
    assert Tier.CLOUD not in route(PLAIN, Circumstances()).order
    for request in (Request(space="any", privacy=True), Request(space="any", privacy=True, tier=Tier.CLOUD)):
        assert Tier.CLOUD not in route(request, CLOUD).order


def test_every_rule_has_a_name_of_its_own_and_can_be_the_first() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert RULES[-1].applies(PLAIN, Circumstances())
    assert isinstance(route(PLAIN, Circumstances()), Route)
