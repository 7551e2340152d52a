"""Why a proposal was made: the terms that decided, and what would have changed it."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.agents.belief import TARGET, Belief
from bigloop.agents.failures import NEAR, Odds
from bigloop.agents.valued import Valued
from bigloop.contracts import Alternative, Decision, Term, significant

N_RUNNER_UPS = 3


def explain(
    belief: Belief,
    ranked: Sequence[Valued],
    log_odds: float,
    rule: str,
    model_version: str | None,
) -> Decision:
    """The decision for the first of the ranked actions.

    Args:
        belief: the data.
        ranked: actions, best first.
        log_odds: that cheap sources tell of the target (`Guard.log_odds`).
        rule: by which the first was chosen.
        model_version: of the predictor.
    """
    best, rest = ranked[0], ranked[1 : 1 + N_RUNNER_UPS]
    return Decision(
        agent=f"multi-fidelity: {rule}",
        model_version=model_version,
        score=best.score,
        terms=_terms(belief, best, log_odds),
        runner_ups=tuple(
            Alternative(
                source=v.action.source,
                design=v.action.design,
                specimen=v.action.specimen,
                score=v.score,
                cost=v.expected,
            )
            for v in rest
        ),
        flips=_flips(ranked, rule),
    )


def _terms(belief: Belief, best: Valued, log_odds: float) -> dict[str, Term]:
    if best.terms is not None:
        return best.terms
    observable = belief.campaign.observables[belief.campaign.objective.observable]
    scale = belief.scale[TARGET]
    kind = "relative" if observable.log else observable.unit
    terms = _expected(belief, best, observable.unit, kind) | {
        "gain": Term(
            value=scale * best.gain,
            unit=kind,
            note=best.gain_note,
        ),
        "p_success": Term(value=best.p_success, note="chance that the trial succeeds"),
        **odds_terms(best.odds),
        "cost_share": Term(
            value=best.share, note="expected cost as part of the budget"
        ),
        "score": Term(value=best.score, note="gain x p_success / cost_share decides"),
    }
    if log_odds:
        terms["guard_log_odds"] = Term(
            value=log_odds,
            unit="nat",
            note="log odds that cheap sources tell of the target; 5 proves them",
        )
    return terms | cost_terms(best)


def _expected(belief: Belief, best: Valued, unit: str, kind: str) -> dict[str, Term]:
    """What the target is expected to say; nothing as long as it has said nothing."""
    if not belief.is_told:
        return {}
    scale = belief.scale[TARGET]
    spreads = best.sd_epistemic, best.sd_aleatoric, best.sd_batch
    epistemic, sd, sd_batch = (scale * spread for spread in spreads)
    return {
        "mean": Term(value=belief.natural(best.mean), unit=unit, note="expected here"),
        **spread_terms(epistemic, sd, sd_batch, kind),
    }


def spread_terms(
    epistemic: float, sd: float, sd_batch: float, unit: str, suffix: str = ""
) -> dict[str, Term]:
    """How little is known of a mean, how specimens scatter about it, and batches."""
    found = {
        f"sd_epistemic{suffix}": Term(
            value=epistemic, unit=unit, note="falls with more data"
        ),
        f"sd_aleatoric{suffix}": Term(value=sd, unit=unit, note="specimen to specimen"),
    }
    if sd_batch:
        note = "batch to batch: the part of sd_aleatoric that a batch shares"
        found[f"sd_batch{suffix}"] = Term(value=sd_batch, unit=unit, note=note)
    return found


def cost_terms(best: Valued) -> dict[str, Term]:
    """What it is expected to cost, and what is reserved, by currency."""
    return {
        f"cost_{currency}": Term(
            value=amount,
            unit=currency,
            note=f"expected; {significant(best.reserve[currency])} reserved",
        )
        for currency, amount in best.expected.items()
    }


def odds_terms(odds: Odds) -> dict[str, Term]:
    """What was taken from the chance of success, by what and how much of it there is.

    Said of labels far away, too: who rejected a design sees that it was heard.
    """
    said = (
        ("failures", "failure", odds.failures, odds.n_failures),
        ("rejections", "rejected design", odds.rejections, odds.n_rejections),
    )
    return {
        f"p_lost_to_{name}": Term(
            value=lost,
            note=f"of p_success, by {near} {one}{'s' * (near != 1)} within {NEAR:g} "
            f"of it (the space has edges of 1), of {count} in all",
        )
        for name, one, lost, (near, count) in said
        if count
    }


def _flips(ranked: Sequence[Valued], rule: str) -> str:
    if rule == "opening":
        return "nothing: the opening spreads designs before a model can judge"
    if rule == "closing":
        return "a larger budget: what is left is kept to measure the incumbent"
    if rule == "appraisal":
        return "nothing: it was asked about this one alone"
    if len(ranked) < 2:
        return "nothing: there was no other affordable action"
    best, second = ranked[0], ranked[1]
    if second.score <= 0:
        return "no cost: the runner-up promises no gain"
    ratio = best.score / second.score
    return (
        f"with its cost x {significant(ratio)} or its gain / {significant(ratio)}, "
        f"{second.action.source} would have won"
    )
