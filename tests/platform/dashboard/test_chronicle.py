from __future__ import annotations

from bigloop.contracts import Campaign
from bigloop.dashboard.chronicle import Chronicle, chosen
from bigloop.dashboard.decided import last_word
from bigloop.dashboard.timeline import timeline
from bigloop.db import Store


def test_what_is_followed_is_what_is_read_at_once(
    store: Store, spec: Campaign, waiting: str
) -> None:
    found = Chronicle(store, spec)
    before = len(found.entries())
    assert found.timeline() == timeline(spec, store.every_event("demo"))
    store.reject(waiting, "bob", "enough")
    assert len(found.entries()) == before + 1
    assert found.timeline() == timeline(spec, store.every_event("demo"))


def test_the_last_word_is_that_of_who_decided(
    store: Store, spec: Campaign, waiting: str
) -> None:
    found = Chronicle(store, spec)
    assert last_word(found.of(waiting)) is None
    store.reject(waiting, "bob", "enough for now")
    word = last_word(found.of(waiting))
    assert word is not None
    assert (word.actor, word.reason) == ("bob", "enough for now")


def test_events_are_chosen_by_kind_actor_and_text(store: Store, spec: Campaign) -> None:
    every = Chronicle(store, spec).entries()
    of_models = chosen(every, kind="model")
    assert {e.kind for e in of_models} == {"model.added", "model.promoted"}
    assert [e.reason for e in chosen(every, actor="ann", text="ELECTROLYTE")] == [
        "no electrolyte"
    ]
    assert chosen(every, kind="mod") == []
