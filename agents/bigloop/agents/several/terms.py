"""The terms of a decision where several observables decide, in natural units."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bigloop.agents.belief import TARGET
from bigloop.agents.explanation import cost_terms, odds_terms, spread_terms
from bigloop.agents.several.learned import Learned, Moments
from bigloop.agents.several.standing import Standing
from bigloop.agents.valued import Valued
from bigloop.contracts import Term


def terms(
    valued: Valued,
    learned: Sequence[Learned],
    moments: Sequence[Moments],
    standing: Standing,
) -> dict[str, Term]:
    """What is expected of the design, and the numbers that decided.

    Args:
        valued: the action.
        learned: the outputs, objectives first.
        moments: of each at the action's design, `s x 1`.
        standing: the tried designs.
    """
    found: dict[str, Term] = {}
    is_alone = len(standing.reference) == 1
    for one, at in zip(learned, moments, strict=True):
        is_plain = is_alone and one.output.goal is not None
        found |= _of_output(one, at, "" if is_plain else f"_{one.output.observable}")
    chance = math.prod(
        float(one.p_holds(at)[0]) for one, at in zip(learned, moments, strict=True)
    )
    if any(one.output.requirement for one in learned):
        note = "chance that the design keeps all requirements, as if independent"
        found["p_feasible"] = Term(value=chance, note=note)
    is_target = valued.action.source == learned[0].output.view.objective.source
    decided, name = _gain(valued.gain, learned, standing, is_target)
    found |= decided
    found["p_success"] = Term(
        value=valued.p_success, note="chance that the trial succeeds"
    )
    found |= odds_terms(valued.odds)
    found["cost_share"] = Term(
        value=valued.share, note="expected cost as part of the budget"
    )
    found["score"] = Term(
        value=valued.score,
        note=f"{name} x p_success / cost_share decides, standardised",
    )
    return found | _guards(learned) | cost_terms(valued)


def _of_output(one: Learned, at: Moments, suffix: str) -> dict[str, Term]:
    observable = one.output.view.observables[one.output.observable]
    kind = "relative" if observable.log else observable.unit
    scale = one.belief.scale[TARGET]
    mean = float(at.average(at.mean)[0])
    spread = at.average(at.sd.square() + (at.mean - mean).square())
    noise = float(one.model.average(one.noise(one.model)).sqrt())
    found = {}
    if one.belief.is_told:
        found[f"mean{suffix}"] = Term(
            value=one.belief.natural(mean), unit=observable.unit, note="expected here"
        )
        epistemic, sd_batch = float(spread.sqrt()[0]), one.model.sd_batch(TARGET)
        found |= spread_terms(
            scale * epistemic, scale * noise, scale * sd_batch, kind, suffix
        )
    if (requirement := one.output.requirement) is not None:
        text = requirement.text(one.output.observable, observable.unit)
        found[f"p_{one.output.observable}"] = Term(
            value=float(one.p_holds(at)[0]),
            note=f"chance that {text}; {requirement.probability:g} is required",
        )
    return found


def _gain(
    gain: float, learned: Sequence[Learned], standing: Standing, is_target: bool
) -> tuple[dict[str, Term], str]:
    """What the action is worth, in units, and the name of the term that decides."""
    more = "" if is_target else "; by it, the next result of the target gains so much"
    if not standing.front:
        note = (
            "nothing tried keeps all requirements yet: chance that the mean here does "
            f"after this result{more}"
        )
        return {"p_found": Term(value=gain, note=note)}, "p_found"
    goals = [one for one in learned if one.output.goal is not None]
    size = math.prod(one.belief.scale[TARGET] for one in goals)
    if len(goals) == 1:
        observable = goals[0].output.view.observables[goals[0].output.observable]
        kept = " that keeps all requirements"
        note = f"expected rise of the best mean{kept}{more}"
        unit = "relative" if observable.log else observable.unit
        return {"gain": Term(value=size * gain, unit=unit, note=note)}, "gain"
    unit = volume_unit(goals)
    found = {}
    if standing.volume > 0:
        note = f"expected growth of hypervolume, as a share of what it is{more}"
        share = gain / standing.volume
        found["gain"] = Term(value=share, unit="relative", note=note)
    note = "the same in the product of the units; log objectives count by their log"
    found["volume_gain"] = Term(value=size * gain, unit=unit, note=note)
    note = "hypervolume of what was tried, above the references"
    found["volume"] = Term(value=size * standing.volume, unit=unit, note=note)
    for k, one in enumerate(goals):
        kind = "inferred" if one.reference is None else "stated"
        found[f"reference_{one.output.observable}"] = Term(
            value=one.belief.natural(float(standing.reference[k])),
            unit=one.output.view.observables[one.output.observable].unit,
            note=f"{kind}; what is worse counts for nothing",
        )
    return found, "volume_gain"


def volume_unit(goals: Sequence[Learned]) -> str:
    """The product of the units of the objectives that are not `log`."""
    observables = [o.output.view.observables[o.output.observable] for o in goals]
    units = [o.unit for o in observables if not o.log and o.unit not in ("", "1")]
    return " * ".join(f"({unit})" if "/" in unit else unit for unit in units)


def _guards(learned: Sequence[Learned]) -> dict[str, Term]:
    """How far cheap sources are believed of each output that they observe."""
    return {
        f"guard_log_odds_{one.output.observable}": Term(
            value=one.guard.log_odds,
            unit="nat",
            note="log odds that cheap sources tell of it; 5 proves them",
        )
        for one in learned
        if any(d.channel != TARGET for d in one.belief.data)
    }
