import pytest

from hf_spaces_runner.planning.idleness import Idleness

SNMP = "Tcp: RtoAlgorithm ActiveOpens PassiveOpens\nTcp: 1 0 {accepted}\n"
TCP = "  sl  local_address rem_address   st\n   0: 00000000:1EB4 00000000:0000 0A 0 0 0 0 0 1\n"
VISITOR = "   1: 020013AC:1EB4 010013AC:D431 01 0 0 0 0 0 2\n"


def tables(accepted: int, *, visitors: int = 0) -> str:
    return TCP + VISITOR * visitors + SNMP.format(accepted=accepted)


def test_without_a_visitor_it_is_over_when_its_limit_is() -> None:
    idle = Idleness.since(1000, 60).looked(tables(3), 7860, 1010)
    assert (idle.over, idle.left_s) == (False, 60)
    idle = idle.looked(tables(3), 7860, 1040)
    assert (idle.over, idle.left_s) == (False, 30)
    assert idle.looked(tables(3), 7860, 1070).over


@pytest.mark.parametrize("used", [tables(4), tables(3, visitors=1), "", "junk"])
def test_a_visitor_since_the_last_look_or_now_is_a_use_and_so_is_what_cannot_be_read(used: str) -> None:
    idle = Idleness.since(1000, 60).looked(tables(3), 7860, 1010).looked(used, 7860, 1100)
    assert (idle.over, idle.left_s) == (False, 60)


def test_without_a_limit_it_is_never_over() -> None:
    idle = Idleness.since(1000, None).looked(tables(3), 7860, 1010).looked(tables(3), 7860, 10**9)
    assert not idle.over
