"""What waits for a person, as the queue page shows it; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bigloop.contracts import Account, Campaign, Cost, Design, Trial, significant
from bigloop.dashboard.lesson import Lesson, lesson_of
from bigloop.dashboard.outdated import outdated
from bigloop.dashboard.wording import quantity, unit_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One parameter of a design, as it is read and as it is edited."""

    name: str
    value: str
    unit: str
    raw: float | str
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a trial reserves in one currency.

    Attributes:
        share: part of what would be left without this reservation, in percent; none
            where nothing would be left.
    """

    amount: float
    currency: str
    text: str
    share: float | None

    @property
    def share_text(self) -> str:
        """The share in words."""
        if self.share is None:
            return ""
        return f"{significant(self.share)} % of what is left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What components of a design add up to.

    Attributes:
        name: of the composition.
        text: the sum in words.
        values: components, rounded so that they still add up.
    """

    name: str
    text: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One trial that waits, in the words of the page."""

    trial: Trial
    settings: tuple[Setting, ...]
    horizon: str
    prices: tuple[Price, ...]
    lesson: Lesson
    is_target: bool
    sums: tuple[Sum, ...]
    outdated: str
    """What a newer version of its source's model makes of it; empty: nothing."""

    @property
    def score(self) -> float:
        """Value per cost by the decision; 0 where none was recorded."""
        return self.trial.decision.score if self.trial.decision else 0.0


def ask(
    spec: Campaign,
    accounts: Mapping[str, Account],
    trial: Trial,
    versions: Mapping[str, str] | None = None,
) -> Ask:
    """A trial with its settings, price and lesson.

    Args:
        spec: the campaign.
        accounts: what is left, by currency.
        trial: that waits, or has been decided.
        versions: of models in use, by source; none: there are no models.
    """
    proposal = trial.proposal
    return Ask(
        trial=trial,
        settings=settings(spec, trial),
        horizon=horizon(spec, trial),
        prices=prices(accounts, trial.reserved),
        lesson=lesson_of(trial),
        is_target=proposal.source == spec.objective.source,
        sums=sums(spec, proposal.design),
        outdated=outdated(trial, versions or {}),
    )


def settings(spec: Campaign, trial: Trial) -> tuple[Setting, ...]:
    """The parameters of a design in the order of the campaign."""
    found = []
    design = trial.proposal.design
    rounded = dict(pair for whole in sums(spec, design) for pair in whole.values)
    for name, parameter in spec.parameters.items():
        raw = design.get(name, "?")
        found.append(
            Setting(
                name=name,
                value=rounded.get(name)
                or (raw if isinstance(raw, str) else significant(raw)),
                unit=unit_name(parameter.unit),
                raw=raw,
                choices=parameter.choices,
                low=parameter.low,
                high=parameter.high,
                description=parameter.description,
            )
        )
    return tuple(found)


def sums(spec: Campaign, design: Design) -> tuple[Sum, ...]:
    """The compositions of a design, to a thousandth of their totals."""
    found = []
    for name, composition in spec.compositions.items():
        decimals = max(0, 3 - math.floor(math.log10(composition.total)))
        values = composition.rounded(design, decimals)
        found.append(
            Sum(
                name=name,
                text=composition.text,
                values=tuple((k, f"{v:.{decimals}f}") for k, v in values.items()),
            )
        )
    return tuple(found)


def horizon(spec: Campaign, trial: Trial) -> str:
    """Which specimen, from which age to which."""
    proposal = trial.proposal
    source = spec.sources[proposal.source]
    whose = f"specimen {proposal.specimen}" if proposal.specimen else "a new specimen"
    until = proposal.until_age or source.until_age
    if not source.is_physical and until is None:
        return "a simulation"
    unit = unit_name(source.age_unit)
    end = "its end" if until is None else f"{significant(until)} {unit}"
    start = significant(proposal.from_age)
    return f"{whose}, from {start} to {end}"


def prices(accounts: Mapping[str, Account], reserved: Cost) -> tuple[Price, ...]:
    """Reserved amounts beside what would be left without them."""
    found = []
    for currency, amount in reserved.items():
        account = accounts.get(currency)
        room = account.left + amount if account else 0.0
        found.append(
            Price(
                amount=amount,
                currency=currency,
                text=quantity(amount, currency),
                share=100 * amount / room if room > 0 else None,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Which of the waiting trials an amount pays for.

    Attributes:
        chosen: those that fit, best value per cost first.
        left_out: those that do not.
        total: what the chosen reserve together.
    """

    chosen: tuple[Trial, ...]
    left_out: tuple[Trial, ...]
    total: Cost


def fit(trials: Sequence[Trial], amounts: Mapping[str, float]) -> Fit:
    """The waiting trials that fit into amounts by currency, best value per cost first.

    A trial that costs a currency for which no amount is given does not fit. Greedy: one
    that does not fit is passed over, and smaller ones behind it may still fit.
    """
    total: Cost = {}
    chosen, left_out = [], []
    for trial in sorted(trials, key=_rank):
        after = _sum([total, trial.reserved])
        fits = all(after[c] <= amounts.get(c, 0.0) + 1e-9 for c in trial.reserved)
        if fits and trial.reserved:
            total = after
            chosen.append(trial)
        else:
            left_out.append(trial)
    return Fit(chosen=tuple(chosen), left_out=tuple(left_out), total=total)


def _rank(trial: Trial) -> tuple[float, int]:
    return -(trial.decision.score if trial.decision else 0.0), trial.proposal.number


def _sum(costs: Iterable[Cost]) -> Cost:
    total: Cost = {}
    for cost in costs:
        for currency, amount in cost.items():
            total[currency] = total.get(currency, 0.0) + amount
    return total
