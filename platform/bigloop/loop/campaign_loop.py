"""The loop of one campaign: propose, dispatch, take in, retrain, until it ends."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from bigloop.contracts import (
    TERMINAL,
    Agent,
    Campaign,
    CampaignState,
    Estimate,
    Policy,
    Recommendation,
    Suggestion,
    Trial,
    TrialState,
)
from bigloop.db import Moment
from bigloop.loop.crew import Crew
from bigloop.loop.deciders import agent_of
from bigloop.loop.delivery import Delivery
from bigloop.loop.policy import ApproveAll, RulePolicy
from bigloop.loop.retraining import Trainer
from bigloop.loop.timeline import Timeline
from bigloop.loop.versions import as_known, asked_of, learning
from bigloop.loop.watcher import Ending, Progress, Silent, Watcher
from bigloop.loop.worker import worker_name
from bigloop.loop.workspace import Workspace

POLL_S = 0.5
"""How often the store is looked at for what others did to it [s]."""
DELIVERY_S = 60.0


class CampaignLoop:
    """Runs a campaign; holds nothing that a `kill -9` may not take.

    Every call of `run` begins by reading the store, so that a new loop on the same
    store goes on where the last one ended, and makes the same decisions.

    Args:
        workspace: where the store is.
        campaign: the specification; recorded when it is new.
        base: folder that paths in the campaign are relative to.
        watcher: told of everything that happens.
        approve_all: a person in whose name all that would be asked is approved.
        work: whether to run trials here, too; else workers of their own do.

    Raises:
        SpecError: the campaign does not fit its sources.
        ConflictError: another specification of that name is in the store.
    """

    def __init__(
        self,
        workspace: Workspace,
        campaign: Campaign,
        base: Path,
        *,
        watcher: Watcher | None = None,
        approve_all: str | None = None,
        work: bool = True,
    ) -> None:
        self.workspace, self.store = workspace, workspace.store
        self.watcher: Watcher = watcher or Silent()
        self.crew = Crew(workspace, campaign, base, self.watcher.note, is_idle=not work)
        self.campaign = self.store.add_campaign(campaign, self.name)
        self.agent: Agent = agent_of(campaign)
        rules = RulePolicy()
        self.policy: Policy = (
            ApproveAll(rules=rules, who=approve_all) if approve_all else rules
        )
        settings = workspace.settings
        self.trainer = Trainer(
            self.store,
            campaign,
            workspace.folder,
            base,
            note=self.watcher.note,
            on_ray=settings.executor == "ray" and work,
            address=settings.ray_address,
            num_gpus=settings.ray_num_gpus,
        )
        self.trainer.begin(self.name)
        self._approver = approve_all
        self._stopping = threading.Event()
        self._looked: tuple[Moment, list[str], CampaignState] | None = None
        self._declined: CampaignState | None = None

    @property
    def name(self) -> str:
        """Who acts in the events."""
        return worker_name("loop")

    def stop(self) -> None:
        """Ask the loop to end when what runs has ended; safe from a signal handler."""
        self._stopping.set()

    def run(self, *, wait: bool = True) -> Ending:
        """Run until the campaign ends, someone must decide, or it is stopped.

        Args:
            wait: whether to wait for people; else `Ending.WAITING` tells the caller.

        Raises:
            StoreError: the store is gone; start again when it is back.
            SourceError: training broke, or the cluster is gone.
        """
        if self._approver is not None:
            for trial in self.store.trials(self.campaign.name, _ASKED):
                self.store.approve(trial.id, self._approver, "approved beforehand")
        line = Timeline.of(self.campaign, self.store.trials(self.campaign.name))
        delivery = self._delivery()
        self.crew.start()
        try:
            return self._until_end(line, delivery, wait=wait)
        finally:
            self.crew.finish()
            delivery.finish(DELIVERY_S)

    def state(self) -> CampaignState:
        """The campaign as its agent sees it, with all that has ended."""
        moment = self.store.moment(self.campaign.name)
        line = Timeline.caught_up(self.campaign, moment.trials)
        return self._look(line, moment)

    def _look(self, line: Timeline, moment: Moment) -> CampaignState:
        """The campaign at a moment as its agent sees it, predictions included."""
        known = self._looked
        if known is not None and known[0] is moment and known[1] == line.seen:
            return known[2]
        state = line.view(moment.state(line.seen))
        if learning(self.campaign):
            state = as_known(state, self.trainer.versions(line.seen))
        estimates: list[Estimate] = []
        version = None
        if self.campaign.predictor is not None:
            estimates, version = self.trainer.estimates(line.seen)
        state = state.model_copy(
            update={
                "stock": self.crew.stock,
                "estimates": tuple(estimates),
                "model_version": version,
            }
        )
        self._looked = (moment, list(line.seen), state)
        return state

    def recommendation(self) -> Recommendation | None:
        """The best design by all that has ended so far."""
        return self.agent.recommend(self.state())

    def _until_end(self, line: Timeline, delivery: Delivery, *, wait: bool) -> Ending:
        told: set[str] = set()
        while not self._stopping.is_set():
            moment = self.store.moment(self.campaign.name)
            trials = moment.trials
            if moment.status in ("finished", "stopped"):
                return Ending.FINISHED
            if self._advance(line, moment, delivery):
                continue
            if moment.status == "paused" or _is_running(line, trials):
                self.crew.wait(POLL_S)
                continue
            waiting = [t for t in trials if t.state in _NEEDS_SOMEBODY]
            if not waiting:
                self._close(line, delivery)
                return Ending.FINISHED
            if not wait:
                self.watcher.waiting(waiting)
                return Ending.WAITING
            if not {t.id for t in waiting} <= told:
                told = {t.id for t in waiting}
                self.watcher.waiting(waiting)
            self.crew.wait(POLL_S)
        return Ending.INTERRUPTED

    def _advance(self, line: Timeline, moment: Moment, delivery: Delivery) -> bool:
        """Take results in, one by one, until there is a proposal; whether any came.

        A proposal after which nothing can be done is waited for here: the store is read
        again when something has happened, not because of what was just written.
        """
        took = False
        while not self._stopping.is_set():
            if moment.status == "running":
                trial = self._propose(line, moment, delivery)
                if trial is not None:
                    if _is_busy(line, (*moment.trials, trial)):
                        self.crew.wait(POLL_S)
                    return True
            head = line.next(moment.trials)
            if head is None or head.state not in TERMINAL:
                break
            line.take_in(head)
            self.watcher.ended(head)
            self.watcher.progress(self._progress(line, moment))
            took = True
        return took

    def _propose(
        self, line: Timeline, moment: Moment, delivery: Delivery
    ) -> Trial | None:
        """Make one proposal if a source is free and the agent wants one."""
        free = line.free(moment.trials)
        limit = self.campaign.stop.trials
        if not free or (limit is not None and len(moment.trials) >= limit):
            return None
        if self._declined is not None and self._declined is self._look(line, moment):
            return None
        self._retrain(line, delivery)
        state = self._look(line, moment)
        free = [name for name in free if name in state.campaign.sources]
        suggestions = self.agent.propose(state, free, 1) if free else []
        if not suggestions or self._is_not_worth_it(suggestions[0], state):
            self._declined = state
            return None
        return self._record(line, asked_of(suggestions[0], state), state)

    def _record(
        self, line: Timeline, suggestion: Suggestion, state: CampaignState
    ) -> Trial:
        verdict = self.policy.review(suggestion.proposal, suggestion.cost, state)
        decision = suggestion.decision.model_copy(
            update={
                "seen": tuple(line.fresh),
                "at_s": line.now_s,
                "is_asked": verdict.action == "ask",
            }
        )
        suggestion = suggestion.model_copy(update={"decision": decision})
        trial = self.crew.propose(suggestion, verdict, self.name)
        line.decided()
        self.watcher.proposed(trial)
        return trial

    def _retrain(self, line: Timeline, delivery: Delivery) -> None:
        for version in self.trainer.update(line.seen, self.name):
            self._looked = None
            delivery.wake()
            self.watcher.trained(version)

    def _progress(self, line: Timeline, moment: Moment) -> Progress:
        states = moment.states
        return Progress(
            n_trials=len(moment.trials),
            n_running=sum(states[state] for state in _RUNNING),
            n_waiting=sum(states[state] for state in _ASKED),
            n_failed=states[TrialState.FAILED],
            accounts=moment.accounts,
            recommendation=self.agent.recommend(self._look(line, moment)),
        )

    def _is_not_worth_it(self, suggestion: Suggestion, state: CampaignState) -> bool:
        """Whether the best that can be done promises less than the stop rule asks."""
        least = self.campaign.stop.gain_below
        gain = suggestion.decision.terms.get("gain")
        if least is None or gain is None or "opening" in suggestion.decision.agent:
            return False
        best = self.agent.recommend(state)
        whole = 1.0 if best is None or gain.unit == "relative" else abs(best.mean)
        return gain.value < least * whole

    def _close(self, line: Timeline, delivery: Delivery) -> None:
        """Retrain on the last results and mark the campaign as finished."""
        self._retrain(line, delivery)
        moment = self.store.moment(self.campaign.name)
        self.watcher.progress(self._progress(line, moment))
        if moment.status == "running":
            reason = "no affordable trial is worth its cost"
            self.store.set_status(self.campaign.name, "finished", reason, self.name)

    def _delivery(self) -> Delivery:
        workspace = self.workspace
        delivery = Delivery(
            self.store,
            workspace.mlflow_uri(),
            self.campaign.name,
            workspace.folder,
            self.watcher.note,
        )
        delivery.start()
        delivery.wake()
        return delivery


def _is_running(line: Timeline, trials: Sequence[Trial]) -> bool:
    return any(trial.state in _RUNNING for trial in line.open(trials))


def _is_busy(line: Timeline, trials: Sequence[Trial]) -> bool:
    """Whether no source is free and the next result to take in is still to come."""
    head = line.next(trials)
    runs = head is not None and head.state in _RUNNING
    return runs and not line.free(trials)


_ASKED = {TrialState.AWAITING_APPROVAL}
_NEEDS_SOMEBODY = {*_ASKED, TrialState.UNKNOWN}
_RUNNING = {TrialState.APPROVED, TrialState.CLAIMED, TrialState.RUNNING}
