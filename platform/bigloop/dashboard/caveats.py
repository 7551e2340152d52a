"""What a reader must know before believing the verdict, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bigloop.contracts import TrialState, canonical_json
from bigloop.dashboard.study import Study
from bigloop.dashboard.wording import quantity


def caveats(found: Study) -> list[str]:
    """One sentence each; those that do not apply are absent."""
    return [*_of_interval(found), *_of_batches(found), *_of_course(found)]


def _of_interval(found: Study) -> Iterator[str]:
    best = found.best
    if best is None:
        return
    yield (
        f"The {100 * best.level:.0f} % interval is nominal and of the mean over "
        f"specimens; single ones spread by about ±"
        f"{quantity(best.sd_aleatoric, best.unit)} around it."
    )
    if best.n_target < 3:
        times = ("never", "once", "twice")[best.n_target]
        yield (
            f"The design was measured {times} at the target fidelity: the value leans "
            "on the model's view of its neighbours."
        )
    yield (
        "It is the best of the designs that were tried; picking the highest of many "
        "noisy means favours lucky ones."
    )


def _of_batches(found: Study) -> Iterator[str]:
    designs: dict[str, set[str]] = defaultdict(set)
    batches: set[str] = set()
    for result in found.timeline.results:
        if result.batch is not None:
            designs[canonical_json(result.design)].add(result.batch)
            batches.add(result.batch)
    if len(batches) < 2:
        return
    crossed = sum(len(found) > 1 for found in designs.values())
    few = f"only {crossed}" if crossed else "none"
    whose = "for the others, " if crossed else ""
    yield (
        f"The results come from {len(batches)} batches, but {few} of "
        f"{len(designs)} designs was measured in more than one: {whose}"
        "design and batch effect cannot be told apart by the results alone."
    )


def _of_course(found: Study) -> Iterator[str]:
    if found.info.status != "finished":
        yield f"The campaign is {found.info.status}: this is an interim result."
    if lost := found.of(TrialState.UNKNOWN):
        yield f"Unknown trials: {len(lost)}; their reservations are still held."
    late = sum(not o.solicited for o in found.observations)
    if late:
        yield f"Late observations, kept but counted nowhere: {late}."
    if found.trouble:
        yield f"No recommendation could be computed: {found.trouble}"
    if not found.verified.is_ok:
        yield (
            f"The audit chain does not verify ({found.verified.n_problems} problems): "
            "believe nothing here before it is repaired."
        )
