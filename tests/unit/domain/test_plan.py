from dataclasses import replace

from tests.unit.result_cache.test_call_key import CANDIDATE


def test_a_phase_has_its_own_limit_but_ends_with_all_of_it() -> None:
    def clock() -> float:
        return 100.0

    assert CANDIDATE.deadline(60.0, clock).at == 160.0
    limited = replace(CANDIDATE, ends_at=130.0)
    assert limited.deadline(20.0, clock).at == 120.0
    cut = limited.deadline(60.0, clock)
    assert (cut.at, cut.limit_s) == (130.0, 30.0)
    over = replace(CANDIDATE, ends_at=90.0).deadline(60.0, clock)
    assert (over.passed, over.limit_s) == (True, 0.0)
