"""Asking a campaign's agent in the name of a page."""

from __future__ import annotations

from bigloop.contracts import Campaign, Decision, NotFoundError, Proposal, Trial, number
from bigloop.dashboard.pages.desk import Desk
from bigloop.loop.instead import Instead, appraise, instead
from bigloop.loop.sight import sight


def instead_of(desk: Desk, trial: Trial) -> Instead:
    """What would be proposed if a trial were rejected; kept until something happens."""

    def make() -> Instead:
        agent, asked = desk.agent(trial.campaign)
        seen = sight(
            desk.store,
            trial.campaign,
            without=trial.id,
            stock=desk.stock(trial.campaign),
        )
        with asked:
            return instead(agent, seen, trial.proposal.source)

    seq = str(desk.store.last_seq())
    return desk.kept(("instead", trial.id, seq), make)


def appraisal(
    desk: Desk, trial: Trial, edited: Proposal
) -> tuple[Decision | None, Decision | None]:
    """The agent's terms for a trial and for an edit of it, on one state."""

    def make() -> tuple[Decision | None, Decision | None]:
        agent, asked = desk.agent(trial.campaign)
        seen = sight(
            desk.store,
            trial.campaign,
            without=trial.id,
            stock=desk.stock(trial.campaign),
        )
        with asked:
            before, after = appraise(agent, seen, [trial.proposal, edited])
        return before, after

    seq = str(desk.store.last_seq())
    return desk.kept(("appraisal", trial.id, edited.id, seq), make)


def values_of(
    spec: Campaign, trial: Trial, given: dict[str, str]
) -> tuple[dict[str, str | float], float | None]:
    """What a form changes of a trial: values of parameters, and the age to stop at.

    Raises:
        SpecError: a number cannot be read.
        NotFoundError: a parameter does not exist.
    """
    values: dict[str, str | float] = {}
    for key, said in given.items():
        if not key.startswith("set_"):
            continue
        name = key.removeprefix("set_")
        if name not in spec.parameters:
            raise NotFoundError(
                f"parameter {name!r} does not exist; there are "
                f"{', '.join(spec.parameters)}"
            )
        value = said if spec.parameters[name].choices else number(name, said)
        if value != trial.proposal.design.get(name):
            values[name] = value
    said = given.get("until", "").strip()
    until = number("until", said) if said else None
    return values, None if until == trial.proposal.until_age else until
