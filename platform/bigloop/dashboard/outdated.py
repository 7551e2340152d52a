"""Trials whose model was superseded, in words: what they say counts for nothing."""

from __future__ import annotations

from collections.abc import Mapping

from bigloop.contracts import CALLED_OFF, RAN, Trial, is_superseded


def outdated(trial: Trial, versions: Mapping[str, str]) -> str:
    """What a newer version of its source's model makes of a trial; empty: nothing.

    Args:
        trial: any.
        versions: in use, by source.
    """
    proposal = trial.proposal
    if trial.state in CALLED_OFF or not is_superseded(proposal, versions):
        return ""
    who = f"model {proposal.model[:12]}" if proposal.model else "no known version"
    now = f"superseded by {versions[proposal.source][:12]}"
    if trial.state in RAN:
        return f"{who} answered, {now}: what it said is kept and counts for nothing"
    return (
        f"{who} will answer, {now} since it was proposed: its cost will be spent and "
        "its result will count for nothing; reject, cancel or edit it"
    )
