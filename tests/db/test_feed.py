from __future__ import annotations

from collections.abc import Callable

import pytest

from bigloop.contracts import ConflictError, Suggestion, Verdict
from bigloop.db import Store


def test_events_come_in_order_and_in_parts(
    store: Store, suggest: Callable[..., Suggestion], approve: Verdict
) -> None:
    other = store.campaign("cells").model_copy(update={"name": "more"})
    store.add_campaign(other, "ada")
    store.propose(suggest(0), approve, "loop")
    events = store.events()
    assert [e.seq for e in events] == [1, 2, 3, 4]
    assert [e.kind for e in events] == [
        "campaign.added",
        "campaign.added",
        "trial.proposed",
        "trial.approved",
    ]
    assert store.last_seq() == 4
    assert [e.seq for e in store.events(after=1, limit=2)] == [2, 3]
    assert [e.seq for e in store.events(campaign="cells")] == [1, 3, 4]
    assert store.events(after=4) == []
    assert [e.previous for e in events[1:]] == [e.hash for e in events[:-1]]


def test_a_cursor_never_goes_back(store: Store) -> None:
    assert store.cursor("trainer") == 0
    store.set_status("cells", "paused", "lunch", "ada")
    assert store.advance("trainer", 2) == 2
    assert store.advance("trainer", 1) == 2
    assert store.cursor("trainer") == 2
    assert store.cursor("other") == 0
    with pytest.raises(ConflictError, match="event 3 does not exist; the last is 2"):
        store.advance("trainer", 3)
    assert store.last_seq() == 2
