"""The figures of benchmarks as tables in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.bench.figures import Figures
from bigloop.bench.report import COLUMNS, row
from bigloop.bench.summary import standings
from bigloop.bench.wording import ratio_text, value_text
from bigloop.cli.output import say, table
from bigloop.contracts import significant


def show(found: Sequence[Figures]) -> None:
    """A table a benchmark, then how we stand; medians with quartiles over seeds."""
    for one in found:
        sources = ", ".join(f"{k} at {significant(v)}" for k, v in one.sources.items())
        say("", f"{one.benchmark}: {one.title}")
        say(
            f"  {'; '.join(one.notes)}; budget {significant(one.budget)} "
            f"{one.currency}; sources: {sources} (target {one.target})"
        )
        table(COLUMNS, [row(one, m) for m in one.methods])
        for m in one.methods:
            if m.n_failed:
                say(f"  {m.method} broke down in {m.n_failed} seeds: {m.error}")
    _show_standings(found)


def _show_standings(found: Sequence[Figures]) -> None:
    rows = standings(found)
    if not rows:
        return
    say("", "Our median cost beside the best peer's, and its ratio to LogEI alone")
    table(
        ("benchmark", "top", "bigloop", "best peer", "its cost", "ratio", "to LogEI"),
        [
            (
                one.benchmark,
                f"{100 * one.level:.0f} %",
                value_text(one.ours),
                one.best_peer or "none reached it",
                value_text(one.peer),
                ratio_text(one.ratio),
                ratio_text(one.single_ratio),
            )
            for one in rows
        ],
    )
    for level in sorted({one.level for one in rows}):
        mine = [one for one in rows if one.level == level]
        n = sum(one.is_below for one in mine)
        say(f"top {100 * level:.0f} %: below every peer on {n} of {len(mine)}")
