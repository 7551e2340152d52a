"""The order in which an agent sees results: fixed by the campaign, not by the clock.

Workers finish when they finish, and the store records it at once. The agent, however,
takes results in by logical time: a trial decided at `t` on a source of duration `d` is
due at `t + d`. Two runs of one seed therefore make the same decisions, however often
either was killed, and a resumed loop goes on where the recorded decisions end.

What a person approved or recorded comes when it comes: it is taken in as soon as it has
ended, and its place in the order is recorded with the next decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bigloop.contracts import (
    CALLED_OFF,
    TERMINAL,
    Campaign,
    CampaignState,
    Cost,
    Trial,
    TrialState,
)

_WAITING = {TrialState.PROPOSED, TrialState.AWAITING_APPROVAL}
_ENDED = {TrialState.COMPLETED, TrialState.FAILED}


@dataclass(slots=True, kw_only=True)
class Timeline:
    """What has been taken in, and the logical time [s].

    Attributes:
        campaign: the specification.
        seen: trials taken in, in order.
        fresh: those since the last decision, which will be recorded with the next.
        now_s: logical time.
    """

    campaign: Campaign
    seen: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    now_s: float = 0.0
    _seen: set[str] = field(default_factory=set)
    _n_done: int = 0
    _spent: dict[str, float] = field(default_factory=dict)
    """By the first `_n_done` trials, by currency."""

    @classmethod
    def of(cls, campaign: Campaign, trials: Sequence[Trial]) -> Timeline:
        """The timeline as the recorded decisions left it."""
        line = cls(campaign=campaign)
        for trial in trials:
            if trial.decision is not None:
                line._see(trial.decision.seen)
                line.now_s = max(line.now_s, trial.decision.at_s)
        return line

    @classmethod
    def caught_up(cls, campaign: Campaign, trials: Sequence[Trial]) -> Timeline:
        """The timeline of a loop that has taken in everything that ended."""
        line = cls.of(campaign, trials)
        for trial in sorted(line.open(trials), key=line.due_s):
            if trial.state in TERMINAL:
                line.take_in(trial)
        return line

    def decided(self) -> None:
        """A decision was recorded with what is fresh."""
        self.fresh.clear()

    def take_in(self, trial: Trial) -> None:
        """Let the agent see a trial that has ended."""
        self._see((trial.id,))
        self.fresh.append(trial.id)
        if not _is_asked(trial):
            self.now_s = max(self.now_s, self.due_s(trial))

    def _see(self, trials: Sequence[str]) -> None:
        self.seen += trials
        self._seen.update(trials)

    def due_s(self, trial: Trial) -> float:
        """Logical time at which a trial ends."""
        start = trial.decision.at_s if trial.decision is not None else 0.0
        return start + self.campaign.sources[trial.proposal.source].duration_s

    def open(self, trials: Sequence[Trial]) -> list[Trial]:
        """Trials that the agent has not seen and that are not called off."""
        return [t for t in trials[self._done(trials) :] if not self._is_done(t)]

    def _done(self, trials: Sequence[Trial]) -> int:
        """How many trials at the beginning are done with: they stay so."""
        n = self._n_done
        while n < len(trials) and self._is_done(trials[n]):
            _add(self._spent, trials[n].spent)
            n += 1
        self._n_done = n
        return n

    def _is_done(self, trial: Trial) -> bool:
        return trial.id in self._seen or trial.state in CALLED_OFF

    def free(self, trials: Sequence[Trial]) -> list[str]:
        """Sources for which a proposal may be made now."""
        waiting, busy = 0, dict.fromkeys(self.campaign.sources, 0)
        for trial in self.open(trials):
            if trial.state in _WAITING:
                waiting += 1
            elif trial.state != TrialState.UNKNOWN:
                busy[trial.proposal.source] += 1
        if waiting >= self.campaign.max_waiting:
            return []
        return [
            name
            for name, source in self.campaign.sources.items()
            if busy[name] < source.capacity + self.campaign.ahead
        ]

    def next(self, trials: Sequence[Trial]) -> Trial | None:
        """The trial to take in next, ended or not: wait for it when it has not."""
        running = [t for t in self.open(trials) if t.state not in _WAITING]
        by_hand = [t for t in running if _is_asked(t) and t.state in _ENDED]
        if by_hand:
            return min(by_hand, key=lambda t: t.updated_at)
        ordered = [
            t for t in running if not _is_asked(t) and t.state != TrialState.UNKNOWN
        ]
        if not ordered:
            return None
        return min(ordered, key=lambda t: (self.due_s(t), t.proposal.number))

    def view(self, state: CampaignState) -> CampaignState:
        """The state as the agent may know it: nothing of what it has not taken in.

        Trials that have ended but are not seen look as if they ran, and their cost is
        still reserved, so that a decision does not depend on how fast workers are.
        """
        n = self._done(state.trials)
        late = [t if self._is_done(t) else _veiled(t) for t in state.trials[n:]]
        trials = (*state.trials[:n], *late)
        spent = dict(self._spent)
        for trial in late:
            _add(spent, trial.spent)
        unseen = [t for t in late if not self._is_done(t)]
        accounts = {
            name: account.model_copy(
                update={
                    "spent": spent.get(name, 0.0),
                    "reserved": sum([self._reserved(t, name) for t in unseen]),
                }
            )
            for name, account in state.accounts.items()
        }
        return state.model_copy(update={"trials": trials, "accounts": accounts})

    def _reserved(self, trial: Trial, currency: str) -> float:
        proposal = trial.proposal
        source = self.campaign.sources[proposal.source]
        until = proposal.until_age or source.longest_age or proposal.from_age
        return source.cost_of(proposal.from_age, until).get(currency, 0.0)


def _add(total: dict[str, float], cost: Cost) -> None:
    for name, amount in cost.items():
        total[name] = total.get(name, 0.0) + amount


def _is_asked(trial: Trial) -> bool:
    return trial.decision is not None and trial.decision.is_asked


def _veiled(trial: Trial) -> Trial:
    is_waiting = trial.state in _WAITING
    return trial.model_copy(
        update={
            "state": trial.state if is_waiting else TrialState.RUNNING,
            "outcome": None,
            "spent": {},
            "worker": None,
        }
    )
