"""Random lives of a store: no sequence of calls leaves the rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event

from bigloop.contracts import (
    TERMINAL,
    TRANSITIONS,
    BigloopError,
    Campaign,
    Claim,
    Outcome,
    Suggestion,
    Trial,
    TrialState,
    Verdict,
)
from bigloop.db import Store
from bigloop.db.columns import exact

_S = TrialState
_HOLDS = {
    _S.AWAITING_APPROVAL,
    _S.APPROVED,
    _S.CLAIMED,
    _S.RUNNING,
    _S.UNKNOWN,
}
_TO = {
    **{state.value: state for state in _S if state != _S.RUNNING},
    "started": _S.RUNNING,
    "released": _S.APPROVED,
    "lapsed": _S.APPROVED,
}
_IN_PLACE = {
    "heartbeat",
    "adopted",
    "ranked",
    "held",
    "unheld",
    "endorsed",
    "result.unsolicited",
}
pick = st.integers(0, 1000)
costs = st.sampled_from([0.0, 0.1, 0.2, 0.7, 3.3, 1e-9])


def _unsynced(connection: Any, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


class Life(RuleBasedStateMachine):
    """Calls a store in any order, with claims old and new, and watches it."""

    def __init__(
        self, url: str, spec: Campaign, suggest: Callable[..., Suggestion]
    ) -> None:
        super().__init__()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.store = Store.open(url, clock=lambda: self.now)
        if self.store._engine.dialect.name == "sqlite":
            # No power is cut here, and thousands of commits need not be synced.
            self.store.close()
            event.listen(self.store._engine, "connect", _unsynced)
        self.store.add_campaign(spec, "ada")
        self.suggest = suggest
        self.claims: list[Claim] = []
        self.leases: dict[str, datetime] = {}
        self.before: dict[str, Trial] = {}
        self.states: dict[str, TrialState] = {}
        self.n_events = self.store.last_seq()

    def teardown(self) -> None:
        try:
            assert self.store.verify().problems == ()
        finally:
            self.store.close()

    def attempt(self, call: Callable[[], Any]) -> Any:
        """A call that may be refused; a refusal leaves no trace but a late result."""
        before = self.store.trials("cells")
        accounts = self.store.ledger("cells")
        try:
            return call()
        except BigloopError as error:
            told = str(error)
        assert "\n" not in told
        assert self.store.trials("cells") == before
        assert self.store.ledger("cells") == accounts
        return None

    def some_trial(self, index: int) -> str:
        ids = sorted(self.before)
        return ids[index % len(ids)]

    def some_claim(self, index: int) -> Claim:
        return self.claims[index % len(self.claims)]

    def written(self, claim: Claim, answer: Claim | Trial | None) -> None:
        """Whoever was let through held the newest claim, within its lease."""
        before = self.before[claim.trial.id]
        if answer is None or before.state in TERMINAL:
            return
        assert (claim.token, claim.worker) == (before.attempts, before.worker)
        assert self.now < self.leases[claim.trial.id]
        if isinstance(answer, Claim):
            self.leases[claim.trial.id] = answer.lease_until

    def hold(self, claim: Claim | None) -> None:
        if claim is not None:
            self.claims.append(claim)
            self.leases[claim.trial.id] = claim.lease_until

    @rule(
        source=st.sampled_from(["sim", "early"]),
        cost=costs,
        action=st.sampled_from(["approve", "approve", "ask", "refuse"]),
        ahead=st.sampled_from([0, 0, 0, 1]),
    )
    def propose(self, source: str, cost: float, action: str, ahead: int) -> None:
        wanted = self.suggest(
            len(self.before) + ahead, source, cost={"core_second": cost}
        )
        verdict = Verdict(action=action)
        self.attempt(lambda: self.store.propose(wanted, verdict, "loop"))

    @precondition(lambda self: self.before)
    @rule(index=pick, name=st.sampled_from(["approve", "reject", "cancel", "expire"]))
    def decide(self, index: int, name: str) -> None:
        trial = self.some_trial(index)
        self.attempt(lambda: getattr(self.store, name)(trial, "ada", "so"))

    @precondition(lambda self: self.before)
    @rule(index=pick, to=st.integers(-2, 2), name=st.sampled_from(["hold", "unhold"]))
    def order(self, index: int, to: int, name: str) -> None:
        trial = self.some_trial(index)
        self.attempt(lambda: self.store.rank(trial, to, "ada"))
        self.attempt(lambda: getattr(self.store, name)(trial, "ada", "so"))

    @precondition(lambda self: self.before)
    @rule(index=pick, cost=costs)
    def edit(self, index: int, cost: float) -> None:
        new = self.suggest(len(self.before), cost={"core_second": cost})
        trial, ask = self.some_trial(index), Verdict(action="ask")
        self.attempt(lambda: self.store.edit(trial, new, ask, "ada", "better"))

    @rule(worker=st.sampled_from(["w1", "w2"]), name=st.sampled_from(["claim", "take"]))
    def claim(self, worker: str, name: str) -> None:
        before = self.store.trials("cells")
        free = [t for t in before if t.state == _S.APPROVED and not t.hold]
        claim = getattr(self.store, name)(worker, None, 60.0)
        self.hold(claim)
        assert (claim is None) == (not free)
        if claim is not None:
            assert claim.trial.priority == max(t.priority for t in free)

    @precondition(lambda self: self.claims)
    @rule(index=pick, name=st.sampled_from(["start", "start", "heartbeat", "release"]))
    def use(self, index: int, name: str) -> None:
        claim = self.some_claim(index)
        self.written(claim, self.attempt(lambda: getattr(self.store, name)(claim)))

    @precondition(lambda self: self.claims)
    @rule(index=pick, cost=costs, status=st.sampled_from(["success", "failure"]))
    def complete(self, index: int, cost: float, status: Any) -> None:
        claim = self.some_claim(index)
        outcome = Outcome(status=status, cost={"core_second": cost})
        self.written(claim, self.attempt(lambda: self.store.complete(claim, outcome)))

    @precondition(lambda self: self.claims)
    @rule(index=pick)
    def give_up(self, index: int) -> None:
        claim = self.some_claim(index)
        self.written(
            claim, self.attempt(lambda: self.store.mark_unknown(claim, "power cut"))
        )

    @precondition(lambda self: self.before)
    @rule(index=pick, cost=costs)
    def resolve(self, index: int, cost: float) -> None:
        trial = self.some_trial(index)
        outcome = Outcome(status="success", cost={"core_second": cost})
        self.attempt(lambda: self.store.resolve(trial, outcome, "ada", "looked"))

    @rule(source=st.sampled_from(["sim", "early"]), cost=costs)
    def dispatch(self, source: str, cost: float) -> None:
        """The usual way, so that lives get far."""
        self.propose(source, cost, "approve", 0)
        self.hold(self.store.take("w1", [source]))

    @rule(seconds=st.sampled_from([1, 30, 61]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        swept = self.store.release_expired()
        # Only what was dispatched to a physical source is left to a person.
        assert all(t.proposal.source == "early" for t in swept.stuck)
        started = [t for t in swept.approved if self.before[t.id].state == _S.RUNNING]
        assert all(t.proposal.source == "sim" for t in started)

    @rule()
    def lapse(self) -> None:
        self.wait(61)
        self.sweep()

    @precondition(lambda self: self.before)
    @rule(index=pick)
    def adopt(self, index: int) -> None:
        trial = self.some_trial(index)
        self.hold(self.attempt(lambda: self.store.adopt(trial, "w3", 60.0)))

    @invariant()
    def moves_are_allowed(self) -> None:
        """Every single move of every trial, from the record, in order."""
        for e in self.store.events(after=self.n_events):
            self.n_events = e.seq
            what = e.kind.removeprefix("trial.")
            if e.kind == "trial.proposed":
                self.states[e.subject] = _S.PROPOSED
            elif what in _TO:
                assert _TO[what] in TRANSITIONS.get(self.states[e.subject], ())
                self.states[e.subject] = _TO[what]
            else:
                assert what in _IN_PLACE
        trials = {trial.id: trial for trial in self.store.trials("cells")}
        assert {id_: t.state for id_, t in trials.items()} == self.states
        for id_, old in self.before.items():
            assert trials[id_].attempts >= old.attempts
            if old.state in TERMINAL and old.state != _S.UNKNOWN:
                assert trials[id_] == old
        self.before = trials

    @invariant()
    def money_is_where_it_should_be(self) -> None:
        trials = self.store.trials("cells")
        account = self.store.ledger("cells")["core_second"]
        held = [exact(t.reserved.get("core_second", 0.0)) for t in trials]
        paid = [exact(t.outcome.cost["core_second"]) for t in trials if t.outcome]
        assert account.reserved == float(sum(held))
        assert account.spent == float(sum(paid))
        assert all(t.state in _HOLDS for t in trials if t.reserved)
        assert min(account.reserved, account.spent) >= 0


def test_no_life_leaves_the_rules(
    request: pytest.FixtureRequest,
    new_url: Callable[[], str],
    spec: Campaign,
    suggest: Callable[..., Suggestion],
) -> None:
    slow = "postgresql" in request.node.name

    class Here(Life):
        def __init__(self) -> None:
            super().__init__(new_url(), spec, suggest)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=8 if slow else 30,
            # Shrinking a life takes minutes; the steps that fail are told in full.
            phases=[Phase.generate],
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
