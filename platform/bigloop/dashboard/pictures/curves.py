"""What a trial measured over its age, as curves."""

from __future__ import annotations

from bigloop.contracts import Campaign, Trial
from bigloop.dashboard.picture import Axis, Picture, Series
from bigloop.dashboard.wording import unit_name

LEAST = 3


def curves(spec: Campaign, trial: Trial) -> list[Picture]:
    """One picture for each observable that was measured at three ages or more."""
    found = trial.outcome.measurements if trial.outcome else ()
    unit = unit_name(spec.sources[trial.proposal.source].age_unit)
    pictures = []
    for name in dict.fromkeys(m.observable for m in found):
        points = sorted(
            (m.age, m.value)
            for m in found
            if m.observable == name and m.age is not None
        )
        if len({age for age, _ in points}) < LEAST:
            continue
        of = next(m.unit for m in found if m.observable == name)
        pictures.append(
            Picture(
                key=f"curve-{name}",
                title=name,
                reading="What was measured of this specimen at each age.",
                note=f"n = {len(points)} measurements.",
                x=Axis(title=f"age [{unit}]"),
                y=Axis(title=f"{name} [{unit_name(of) or '1'}]"),
                series=[
                    Series(kind="line", name=name, colour="c1", points=points),
                    Series(kind="dots", name="measured", colour="c1", points=points),
                ],
            )
        )
    return pictures
