"""The figures of benchmarks beside what was aimed at.

    bigloop bench benchmarks/problems/*.yaml --json > bench.json
    python benchmarks/bench_targets.py bench.json

Reads what `bigloop bench --json` has printed; runs nothing. A figure that is missed is
printed as missed, and one that cannot be told (a method was not run, or a median was
not reached within the budget) as open.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

GOOD = ("mf_cofs", "hartmann_good")
MISLEADING = ("_reversed", "_noise", "_overpriced")
LOG_EI, OURS = "botorch-logei", "bigloop"

Line = tuple[str, str, str, bool | None]


def methods(one: dict[str, Any]) -> dict[str, Any]:
    return {m["method"]: m for m in one["methods"] if m["reached"]}


def cost(one: dict[str, Any], method: str, level: int = 0) -> float | None:
    """Median cost to a level; none when it was not reached, or nobody ran."""
    found = methods(one).get(method)
    return None if found is None else found["reached"][level]["cost"]["median"]


def ratio(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a / b


def best_peer(one: dict[str, Any], level: int = 0) -> tuple[str, float | None]:
    costs = {m: cost(one, m, level) for m in methods(one) if m != OURS}
    reached = {m: c for m, c in costs.items() if c is not None}
    if not reached:
        return "no peer", None
    name = min(reached, key=reached.__getitem__)
    return name, reached[name]


def shown(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.3g}"


def good_sources(found: Iterable[dict[str, Any]]) -> Iterator[Line]:
    for one in found:
        if one["benchmark"] not in GOOD:
            continue
        ours, single = cost(one, OURS), cost(one, LOG_EI)
        name, peer = best_peer(one)
        part = ratio(ours, single)
        what = f"{one['benchmark']}: cost to the top 1 %, to LogEI"
        text = f"{shown(ours)} / {shown(single)} = {shown(part)}"
        yield what, text, "<= 0.333", None if part is None else part <= 1 / 3
        is_below = ours is not None and (peer is None or ours < peer)
        what = f"{one['benchmark']}: cost to the top 1 %, best peer"
        yield what, f"{shown(ours)}, {name} {shown(peer)}", "below", is_below


def misleading_sources(found: Iterable[dict[str, Any]]) -> Iterator[Line]:
    parts = []
    for one in found:
        if not one["benchmark"].endswith(MISLEADING):
            continue
        ours, single = cost(one, OURS), cost(one, LOG_EI)
        part = ratio(ours, single)
        text = f"{shown(ours)} / {shown(single)} = {shown(part)}"
        yield f"{one['benchmark']}: cost to the top 1 %, to LogEI", text, "", None
        if part is not None:
            parts.append(part)
    if parts:
        middle = statistics.median(parts)
        what = f"misleading sources: median over {len(parts)} problems"
        yield what, shown(middle), "<= 1.05", middle <= 1.05


def pools(found: Iterable[dict[str, Any]]) -> Iterator[Line]:
    single = [
        one
        for one in found
        if len(one["sources"]) == 1 and OURS in methods(one) and len(methods(one)) > 1
    ]
    for level, name in enumerate(("1 %", "5 %")):
        n_below, worst = 0, (0.0, "none")
        for one in single:
            ours, (_, peer) = cost(one, OURS, level), best_peer(one, level)
            n_below += ours is not None and (peer is None or ours < peer)
            part = ratio(ours, peer)
            if part is None:
                part = float("inf") if ours is None and peer is not None else 0.0
            worst = max(worst, (part, one["benchmark"]))
        if not single:
            continue
        text = f"{n_below} of {len(single)}"
        what = f"single-fidelity pools, top {name}: below every peer"
        yield what, text, ">= 6 of 8", n_below >= 0.75 * len(single)
        what = f"single-fidelity pools, top {name}: worst ratio to the best peer"
        yield what, f"{worst[0]:.3g} ({worst[1]})", "<= 1.15", worst[0] <= 1.15


def coverage(found: Iterable[dict[str, Any]]) -> Iterator[Line]:
    for one in found:
        stated = methods(one).get(OURS, {}).get("coverage")
        if stated is None:
            continue
        text = (
            f"{stated['share']:.1%} [{stated['low']:.1%}, {stated['high']:.1%}], "
            f"n {stated['n']}"
        )
        what = f"{one['benchmark']}: 90 % intervals hold"
        yield what, text, "85 to 95 %", 0.85 <= stated["share"] <= 0.95


def main() -> None:
    """Print every figure, its target, and whether it was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    found = json.loads(parser.parse_args().file.read_text())["benchmarks"]
    seeds = {m["n_seeds"] for one in found for m in one["methods"]}
    print(f"{len(found)} benchmarks, {min(seeds)} to {max(seeds)} seeds a method")
    for part in (good_sources, misleading_sources, pools, coverage):
        for what, figure, target, is_met in part(found):
            verdict = {True: "met", False: "missed", None: "open" if target else ""}
            print(f"{what:62} {figure:38} {target:11} {verdict[is_met]}")


if __name__ == "__main__":
    main()
