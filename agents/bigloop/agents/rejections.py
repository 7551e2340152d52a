"""What people have turned down: this proposal, designs like it, or beyond a limit."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.contracts import (
    Because,
    Campaign,
    CampaignState,
    Key,
    Trial,
    TrialState,
    key_of,
)


def ruled_out(state: CampaignState) -> Sequence[Trial]:
    """Trials that a person rejected because of their design."""
    return [t for t in state.trials if t.because is Because.DESIGN]


def is_concerned(campaign: Campaign, source: str, where: str) -> bool:
    """Whether a design that was ruled out at a source is so for another, too.

    What cannot be made, or must not be run, is so at every bench; of a simulator's
    designs nothing follows for others, and a bench's no does not keep a model from
    computing it.
    """
    sources = campaign.sources
    return source == where or (
        sources[source].is_physical and sources[where].is_physical
    )


def ruled_out_at(state: CampaignState) -> set[tuple[str, Key]]:
    """Designs that people ruled out, and all the sources that must not run them."""
    return {
        (name, key_of(trial.proposal.design))
        for trial in ruled_out(state)
        for name in state.campaign.sources
        if is_concerned(state.campaign, name, trial.proposal.source)
    }


def turned_down(state: CampaignState) -> set[tuple[str, Key]]:
    """Sources and the designs that are not begun there again.

    Those that a person, or a rule, has rejected for the source; those that a person
    gave another design instead; and those ruled out, at all sources concerned.
    """
    edits = {t.proposal.replaces: t.proposal for t in state.trials}
    found = ruled_out_at(state)
    for trial in state.trials:
        proposal = trial.proposal
        key, edit = key_of(proposal.design), edits.get(trial.id)
        if proposal.specimen is None and (
            trial.state is TrialState.REJECTED
            or (edit is not None and key_of(edit.design) != key)
        ):
            found.add((proposal.source, key))
    return found
