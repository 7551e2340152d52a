"""What the live display shows, as lines that fit any terminal. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from bigloop.contracts import Account, Campaign, significant
from bigloop.dashboard.advice import nothing_text, values_text
from bigloop.dashboard.wording import design_text, quantity, unit_name
from bigloop.loop.watcher import Progress

_BAR_MOST = 40
_BAR_LEAST = 8


def screen(
    spec: Campaign,
    progress: Progress | None,
    recent: Sequence[Text],
    width: int,
    height: int,
) -> list[Text]:
    """At most `height` lines of at most `width` columns; the latest events last."""
    lines = [Text(spec.title or spec.name, style="bold")]
    if progress is None:
        lines.append(Text("starting", style="dim"))
    else:
        lines += [budget_line(a, width) for a in progress.accounts.values()]
        lines += [_counts(progress), *_best(spec, progress)]
    room = max(0, height - len(lines) - 1)
    lines += [Text("")] if room else []
    lines += list(recent)[-room:] if room else []
    for line in lines:
        line.truncate(width, overflow="ellipsis")
        line.no_wrap = True
    return lines[:height]


def budget_line(account: Account, width: int) -> Text:
    """One currency: a bar of spent and reserved, and the numbers."""
    figures = (
        f" {significant(account.spent)} + {significant(account.reserved)} reserved"
        f" of {significant(account.limit)} {unit_name(account.currency)}"
    )
    room = width - len(figures)
    if room < _BAR_LEAST:
        figures = f" {significant(account.spent)}/{significant(account.limit)}"
        figures += f" {unit_name(account.currency)}"
        room = width - len(figures)
    size = max(0, min(_BAR_MOST, room))
    spent = _cells(account.spent, account.limit, size)
    held = min(size - spent, _cells(account.reserved, account.limit, size))
    return Text.assemble(
        ("█" * spent, "cyan"),
        ("▒" * held, "yellow"),
        ("·" * (size - spent - held), "dim"),
        figures,
    )


def _cells(amount: float, limit: float, size: int) -> int:
    return min(size, round(size * amount / limit)) if limit > 0 else 0


def _counts(progress: Progress) -> Text:
    text = f"{progress.n_trials} trials: {progress.n_running} running"
    parts = [(text, "")]
    waiting = f", {progress.n_waiting} waiting for a person"
    parts.append((waiting, "bold yellow" if progress.n_waiting else ""))
    parts.append((f", {progress.n_failed} failed", "red" if progress.n_failed else ""))
    return Text.assemble(*parts)


def _best(spec: Campaign, progress: Progress) -> list[Text]:
    best = progress.recommendation
    if best is None:
        return [Text(f"best so far: {nothing_text(spec)}", style="dim")]
    if best.front:
        text = f"best so far {len(best.front)} designs that no other beats; compromise"
        shown = next(c for c in best.front if c.is_compromise)
        return [
            Text(f"{text} {values_text(shown)}", style="green"),
            Text(f"  {design_text(spec, best.design)}"),
        ]
    interval = f"{significant(best.low)}–{significant(best.high)}"
    text = (
        f"best so far {quantity(best.mean, best.unit)} ({interval}, "
        f"{100 * best.level:.0f} %, n = {best.n_target})"
    )
    return [Text(text, style="green"), Text(f"  {design_text(spec, best.design)}")]
