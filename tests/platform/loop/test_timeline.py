from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigloop.contracts import (
    Account,
    Campaign,
    CampaignState,
    Decision,
    Outcome,
    Proposal,
    Trial,
    TrialState,
)
from bigloop.loop.timeline import Timeline

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def trial(
    number: int,
    source: str,
    state: TrialState = TrialState.RUNNING,
    at_s: float = 0.0,
    is_asked: bool = False,
    seen: tuple[str, ...] = (),
) -> Trial:
    proposal = Proposal(
        campaign="toy",
        number=number,
        source=source,
        design={"a": 0.1, "b": 0.2},
        until_age=20.0,
    )
    ended = state in (TrialState.COMPLETED, TrialState.FAILED)
    return Trial(
        id=proposal.id,
        campaign="toy",
        proposal=proposal,
        state=state,
        decision=Decision(
            agent="t", score=0.0, terms={}, at_s=at_s, is_asked=is_asked, seen=seen
        ),
        outcome=Outcome(status="success") if ended else None,
        spent={"cell_cycle": 11.0} if ended else {},
        created_at=NOW,
        updated_at=NOW,
    )


def test_results_are_taken_in_by_logical_time_not_by_arrival(
    campaign: Campaign,
) -> None:
    slow = trial(0, "look")
    fast = trial(1, "look", TrialState.COMPLETED)
    line = Timeline(campaign=campaign)
    assert line.next([slow, fast]) == slow
    ended = slow.model_copy(update={"state": TrialState.COMPLETED})
    line.take_in(ended)
    assert line.now_s == 1.0
    assert line.next([ended, fast]) == fast


def test_what_a_person_agreed_to_never_holds_up_the_others(
    campaign: Campaign,
) -> None:
    asked = trial(0, "to_death", is_asked=True)
    other = trial(1, "look", at_s=5.0)
    line = Timeline(campaign=campaign)
    assert line.next([asked, other]) == other
    done = asked.model_copy(update={"state": TrialState.COMPLETED})
    assert line.next([done, other]) == done
    line.take_in(done)
    assert line.now_s == 0.0


@pytest.mark.parametrize("state", [TrialState.REJECTED, TrialState.CANCELLED])
def test_what_is_called_off_is_not_waited_for(
    campaign: Campaign, state: TrialState
) -> None:
    line = Timeline(campaign=campaign)
    assert line.next([trial(0, "look", state)]) is None


def test_a_free_source_is_one_below_its_capacity_and_lookahead(
    campaign: Campaign,
) -> None:
    line = Timeline(campaign=campaign)
    two = [trial(0, "look"), trial(1, "look")]
    assert line.free(two) == ["to_death"]
    assert line.free(two[:1]) == ["look", "to_death"]


def test_nothing_is_proposed_beyond_the_queue_of_people(campaign: Campaign) -> None:
    line = Timeline(campaign=campaign)
    waiting = [
        trial(i, "look", TrialState.AWAITING_APPROVAL, 0, True) for i in range(4)
    ]
    assert line.free(waiting[:3]) == ["look", "to_death"]
    assert line.free(waiting) == []


def test_the_view_hides_what_has_not_been_taken_in(campaign: Campaign) -> None:
    ended = trial(0, "look", TrialState.COMPLETED)
    account = Account(currency="cell_cycle", limit=1500.0, reserved=0.0, spent=11.0)
    state = CampaignState(
        campaign=campaign,
        trials=(ended,),
        seen=(),
        observations=(),
        accounts={"cell_cycle": account},
    )
    line = Timeline(campaign=campaign)
    view = line.view(state)
    assert view.trials[0].outcome is None
    assert view.accounts["cell_cycle"].reserved == 20.0
    assert view.accounts["cell_cycle"].spent == 0.0
    line.take_in(ended)
    view = line.view(state)
    assert view.trials[0].outcome is not None
    assert view.accounts["cell_cycle"].reserved == 0.0
    assert view.accounts["cell_cycle"].spent == 11.0


@given(order=st.permutations(range(6)))
def test_the_order_of_arrival_changes_nothing(order: list[int]) -> None:
    """Six trials end in any order; they are taken in in one order."""
    from bigloop.contracts import Source

    source = Source(lab="t", observes=("x",), cost={"EUR": 1.0}, duration_s=2.0)
    values: dict[str, Any] = {"sources": {"look": source}, "ahead": 0, "max_waiting": 4}
    campaign = Campaign.model_construct(**values)
    trials = [trial(i, "look", at_s=float(i % 3)) for i in range(6)]
    line = Timeline(campaign=campaign)
    taken: list[int] = []
    for arrived in order:
        trials[arrived] = trial(
            arrived, "look", TrialState.COMPLETED, at_s=float(arrived % 3)
        )
        while (head := line.next(trials)) and head.state == TrialState.COMPLETED:
            line.take_in(head)
            taken.append(head.proposal.number)
    assert taken == [0, 3, 1, 4, 2, 5]


def test_a_new_loop_finds_the_timeline_in_the_decisions(campaign: Campaign) -> None:
    first = trial(0, "look", TrialState.COMPLETED)
    second = trial(1, "look", at_s=1.0, seen=(first.id,))
    line = Timeline.of(campaign, [first, second])
    assert line.seen == [first.id]
    assert line.now_s == 1.0
