"""The space of designs: maps, and what no design beats."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bigloop.contracts import Campaign, Key, key_of, significant
from bigloop.dashboard.landscape import Map, Place
from bigloop.dashboard.pareto import Pair, front
from bigloop.dashboard.picture import Axis, Picture, Series, Titles
from bigloop.dashboard.wording import design_text, quantity, unit_name


def map_of(
    spec: Campaign,
    found: Sequence[Place],
    made: Map | None,
    images: Mapping[str, str] | None = None,
    colour: str = "",
) -> Picture:
    """Designs in two dimensions; coloured where the target has measured them.

    Args:
        spec: the campaign.
        found: the designs.
        made: their places on the map.
        images: addresses of pictures by trial.
        colour: the observable that colours them; empty: the first objective.
    """
    colour = colour or spec.objective.observable
    method = made.method if made else "map"
    known = [(p, x) for p, x in zip(found, made.points, strict=True)] if made else []
    seen = [(p, x) for p, x in known if colour in p.means]
    other = [(p, x) for p, x in known if colour not in p.means]
    goal = spec.objective
    unit = unit_name(spec.observables[colour].unit)
    return Picture(
        key=method.lower(),
        title=f"Map of designs ({method})",
        reading=_reading(made),
        note=f"n = {len(found)} designs, {len(seen)} of them measured by {goal.source}."
        if made
        else f"Too few designs for a map (n = {len(found)}).",
        x=Axis(title=_axis(made, 0)),
        y=Axis(title=_axis(made, 1)),
        series=[
            Series(
                kind="dots",
                name="other sources only",
                colour="soft",
                points=[x for _, x in other],
                titles=Titles(other, lambda known: _told(spec, known[0])),
                images=_images([p for p, _ in other], images or {}),
            ),
            Series(
                kind="dots",
                name=f"{colour} [{unit or '1'}]",
                colour="scale",
                points=[(*x, p.means[colour]) for p, x in seen],
                titles=Titles(seen, lambda known: _told(spec, known[0])),
                images=_images([p for p, _ in seen], images or {}),
            ),
        ]
        if made
        else (),
    )


def _images(found: Sequence[Place], images: Mapping[str, str]) -> list[str]:
    """The latest picture of each design; nothing where no design has one."""
    of = [next((images[t] for t in p.trials[::-1] if t in images), "") for p in found]
    return of if any(of) else []


def _reading(made: Map | None) -> str:
    what = "the design alone"
    if made and made.early:
        what = f"the design and {', '.join(made.early)}"
    text = f"Each dot is a design; near dots are alike in {what} (standardised). "
    if made and made.method == "UMAP":
        return text + "Only who is near whom means something, distances do not."
    return text + "The axes are the two directions of largest variance."


def _axis(made: Map | None, index: int) -> str:
    if made is None:
        return ""
    if made.explained is None:
        return f"{made.method} {index + 1}"
    share = significant(100 * made.explained[index])
    return f"component {index + 1} ({share} % of the variance)"


def _told(spec: Campaign, place: Place) -> str:
    goal = spec.objective
    text = design_text(spec, place.design)
    if not place.means:
        return f"{text}: not measured by {goal.source}"
    told = [
        f"{'' if spec.is_plain else f'{name} '}"
        f"{quantity(value, spec.observables[name].unit)} (mean of n = {place.n[name]})"
        for name, value in place.means.items()
    ]
    return f"{text}: {', '.join(told)}"


def trade_off(
    spec: Campaign,
    pairs: Sequence[Pair],
    names: tuple[str, str],
    ups: tuple[bool, bool],
    kept: Collection[Key] | None = None,
) -> Picture:
    """Two observables of one source, and the designs that none beats in both.

    Args:
        spec: the campaign.
        pairs: designs with the means of both.
        names: of both.
        ups: whether large values are wanted.
        kept: designs whose means keep all requirements; none: there are no bounds.
    """
    counted = [p for p in pairs if kept is None or key_of(p.design) in kept]
    edge = front(counted, x_up=ups[0], y_up=ups[1])
    broken = len(pairs) - len(counted)
    out = " 1 breaks a requirement and is not counted." if broken == 1 else ""
    if broken > 1:
        out = f" {broken} break a requirement and are not counted."
    heads = [
        f"{name} [{unit_name(spec.observables[name].unit) or '1'}]" for name in names
    ]
    wanted = [
        f"{'large' if up else 'small'} {n}" for n, up in zip(names, ups, strict=True)
    ]
    return Picture(
        key="pareto",
        title="What no other design beats",
        reading=f"Each dot is the mean of a design. On the line, {wanted[0]} and "
        f"{wanted[1]} cannot both be had better with what was measured. Means of few "
        "specimens flatter: the line is optimistic.",
        note=f"n = {len(pairs)} designs, {len(edge)} on the line.{out}"
        if pairs
        else "No design has both observables.",
        x=Axis(title=heads[0]),
        y=Axis(title=heads[1]),
        series=_pair_series(spec, pairs, edge) if pairs else (),
        is_wide=True,
    )


def _pair_series(
    spec: Campaign, pairs: Sequence[Pair], edge: Sequence[Pair]
) -> list[Series]:
    dots, line = ([(p.x, p.y) for p in found] for found in (pairs, edge))
    told = Titles(pairs, lambda p: f"{design_text(spec, p.design)} (n = {p.n})")
    return [
        Series(kind="dots", name="design", colour="c1", points=dots, titles=told),
        Series(kind="line", name="not beaten", colour="c2", points=line),
    ]
