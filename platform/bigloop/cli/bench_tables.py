"""The figures of benchmarks as tables in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.bench.figures import Figures, MethodFigures, Reached, Spread
from bigloop.bench.summary import standings
from bigloop.cli.output import say, table
from bigloop.contracts import significant

_COLUMNS = (
    "method",
    "seeds",
    "cost to top 1 %",
    "found",
    "cost to top 5 %",
    "found",
    "regret at end %",
    "recommended %",
    "best",
    "ms/ask",
    "cheap %",
    "90 % interval holds",
)


def show(found: Sequence[Figures]) -> None:
    """A table a benchmark, then how we stand; medians with quartiles over seeds."""
    for one in found:
        sources = ", ".join(f"{k} at {significant(v)}" for k, v in one.sources.items())
        say("", f"{one.benchmark}: {one.title}")
        say(
            f"  {'; '.join(one.notes)}; budget {significant(one.budget)} "
            f"{one.currency}; sources: {sources} (target {one.target})"
        )
        table(_COLUMNS, [_row(one, m) for m in one.methods])
        for m in one.methods:
            if m.n_failed:
                say(f"  {m.method} broke down in {m.n_failed} seeds: {m.error}")
    _show_standings(found)


def _row(one: Figures, m: MethodFigures) -> list[str]:
    if not m.reached:
        return [m.method, f"0, {m.n_failed} failed"]
    budget = one.budget
    return [
        m.method,
        str(m.n_seeds),
        *_reached(m.reached[0], budget, m.n_seeds),
        *_reached(m.reached[1], budget, m.n_seeds),
        _spread(m.regret, 100.0),
        _spread(m.recommended, 100.0),
        f"{significant(m.n_best)} of {m.n_compared}",
        _spread(m.core_s, 1000.0),
        significant(100 * m.cheap_share, 2),
        _coverage(m),
    ]


def _reached(reached: Reached, budget: float, n: int) -> tuple[str, str]:
    return _spread(reached.cost, 1.0, f">{significant(budget)}"), (
        f"{reached.n_reached}/{n}"
    )


def _spread(spread: Spread | None, scale: float, beyond: str = "none") -> str:
    if spread is None:
        return ""
    low, middle, high = (
        beyond if value is None else significant(scale * value)
        for value in (spread.low, spread.median, spread.high)
    )
    return f"{middle} [{low}, {high}]"


def _coverage(m: MethodFigures) -> str:
    c = m.coverage
    if c is None:
        return "predicts none"
    return (
        f"{100 * c.share:.0f} % [{100 * c.low:.0f}, {100 * c.high:.0f}] of n = {c.n:,}"
    )


def _show_standings(found: Sequence[Figures]) -> None:
    rows = standings(found)
    if not rows:
        return
    say("", "Our median cost beside the best peer's, and beside LogEI alone")
    table(
        ("benchmark", "top", "bigloop", "best peer", "its cost", "ratio", "to LogEI"),
        [
            (
                row.benchmark,
                f"{100 * row.level:.0f} %",
                _cost(row.ours),
                row.best_peer or "none reached it",
                _cost(row.peer),
                _cost(row.ratio),
                _cost(row.single_ratio),
            )
            for row in rows
        ],
    )
    for level in sorted({row.level for row in rows}):
        mine = [row for row in rows if row.level == level]
        n = sum(_is_below(row.ours, row.peer) for row in mine)
        say(f"top {100 * level:.0f} %: below every peer on {n} of {len(mine)}")


def _is_below(ours: float | None, peer: float | None) -> bool:
    return ours is not None and (peer is None or ours < peer)


def _cost(value: float | None) -> str:
    return "not reached" if value is None else significant(value)
