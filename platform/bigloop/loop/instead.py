"""What an agent would propose instead of a trial, and what it thinks of another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bigloop.contracts import Agent, CampaignState, Decision, Proposal, Suggestion
from bigloop.loop.sight import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """What would come in the place of a trial that is rejected.

    Attributes:
        suggestion: none: the agent would wait, or stop.
        is_now: whether a source is free, so that it would be proposed at once.
    """

    suggestion: Suggestion | None
    is_now: bool


def instead(agent: Agent, seen: Sight, source: str) -> Instead:
    """Ask the agent, on a sight in which the trial is rejected; pure.

    Args:
        agent: of the campaign.
        seen: from `sight(..., without=trial)`.
        source: of the trial: asked for when no source is free.
    """
    found = agent.propose(seen.state, seen.free or (source,), 1)
    return Instead(
        suggestion=found[0] if found else None, is_now=bool(found and seen.free)
    )


@runtime_checkable
class Appraiser(Protocol):
    """An agent that can say what it thinks of proposals that others made."""

    def appraise(
        self, state: CampaignState, proposals: Sequence[Proposal]
    ) -> list[Decision | None]:
        """Its terms and score for each; none: not affordable. Decides nothing."""
        ...


def appraise(
    agent: Agent, seen: Sight, proposals: Sequence[Proposal]
) -> list[Decision | None]:
    """The agent's scores for proposals, side by side; none where it has none to give.

    Args:
        agent: of the campaign.
        seen: a sight without the trial that the proposals would replace.
        proposals: all of them judged on the same state.
    """
    if not isinstance(agent, Appraiser):
        return [None] * len(proposals)
    return agent.appraise(seen.state, proposals)
