"""Whether objectives and requirements of a campaign fit together, and with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigloop.contracts.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bigloop.contracts.campaign import Campaign


def check_goals(c: Campaign) -> None:
    """Refuse objectives and requirements that do not fit, or that nobody can serve.

    Raises:
        ValueError: in words, naming the field.
    """
    for problem in (*_of_objectives(c), *_of_requirements(c), *_of_the_rest(c)):
        raise ValueError(problem)


def _of_objectives(c: Campaign) -> Iterator[str]:
    if not c.objectives:
        if c.objective.reference is not None:
            yield (
                "objective.reference: one objective is compared with nothing; remove "
                "it, or state a bound under requirements"
            )
        return
    if len(c.objectives) < 2:
        yield "objectives: there is one; write it as objective"
    seen: set[str] = set()
    for i, goal in enumerate(c.objectives):
        where = f"objectives.{i}"
        if goal.source != c.objective.source:
            yield (
                f"{where}.source: {goal.source!r} is not {c.objective.source!r}; all "
                "objectives are judged by one source"
            )
        if goal.observable in seen:
            yield f"{where}.observable: {goal.observable!r} stands twice; remove one"
        seen.add(goal.observable)
        yield from _of_observable(c, f"{where}.observable", goal.observable)
        if goal.reference is not None and goal.observable in c.observables:
            yield from _of_log(c, f"{where}.reference", goal.observable, goal.reference)


def _of_requirements(c: Campaign) -> Iterator[str]:
    for name, requirement in c.requirements.items():
        where = f"requirements.{name}"
        yield from _of_observable(c, where, name)
        if name not in c.observables:
            continue
        try:
            window = requirement.window(c.observables[name].unit)
        except SpecError as error:
            yield f"{where}.unit: {error}"
            continue
        if requirement.at_most is not None:
            yield from _of_log(c, f"{where}.at_most", name, window[1])


def _of_observable(c: Campaign, where: str, name: str) -> Iterator[str]:
    if name not in c.observables:
        yield (
            f"{where}: observable {name!r} is not declared; there are "
            f"{sorted(c.observables)}"
        )
    elif name not in c.target.observes:
        yield (
            f"{where}: {c.objective.source!r}, which judges, observes no {name!r}, "
            f"but {sorted(c.target.observes)}"
        )


def _of_log(c: Campaign, where: str, name: str, value: float) -> Iterator[str]:
    if c.observables[name].log and value <= 0:
        yield f"{where}: {value:g} has no logarithm, and {name} is log; raise it"


def _of_the_rest(c: Campaign) -> Iterator[str]:
    """What works for one objective without requirements alone is refused."""
    if c.is_plain:
        return
    what = "several objectives" if c.objectives else "requirements"
    if c.predictor is not None:
        yield f"predictor: does not go with {what} yet; remove the one or the other"
    target = c.target
    if target.cost_per_age and target.until_age is None:
        yield (
            f"sources.{c.objective.source}.until_age: an open end does not go with "
            f"{what} yet; give the age at which its specimens are handed back"
        )
