from __future__ import annotations

from typing import Any

import pytest

from bigloop.contracts import SpecError, Verdict
from bigloop.loop.aborting import abort

ASK = Verdict(action="ask", who="scientist", reason="it is long")


def test_what_has_not_begun_is_cancelled_and_what_runs_goes_on(bench: Any) -> None:
    store = bench.store
    runs = bench.propose()
    claim = store.take("worker")
    assert claim is not None
    waits, approved = bench.propose(verdict=ASK), bench.propose()
    done = abort(store, "demo", "ann", "smoke")
    assert store.trial(waits.id).reason == "campaign aborted: smoke"
    assert done.running == (runs.id,)
    assert set(done.cancelled) == {waits.id, approved.id}
    info = store.campaigns()[0]
    assert (info.status, info.reason) == ("stopped", "aborted: smoke")
    assert abort(store, "demo", "ann", "again").cancelled == ()
    assert store.verify().is_ok
    store.close()


def test_an_abort_has_somebody_who_did_it(bench: Any) -> None:
    with pytest.raises(SpecError, match="actor is empty"):
        abort(bench.store, "demo", "", "")
    bench.store.close()
