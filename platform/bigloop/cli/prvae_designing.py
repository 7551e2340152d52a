"""`bigloop design prvae`: targets from the command line, designs as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bigloop.cli.output import say, table
from bigloop.contracts import SpecError

if TYPE_CHECKING:
    from bigloop.agents.inverse.designing import Design


def design_prvae(
    model: Path,
    target: Sequence[str],
    *,
    route: str,
    budget: int,
    rounds: int,
    runs: int,
    replicates: int,
    rules: str,
    max_events: int,
    out: Path | None,
    seed: int,
    device: str,
) -> None:
    """Find designs by one route or all of them, run them, print them.

    Raises:
        SpecError: a target, a route or a number that cannot be.
    """
    from bigloop.agents.inverse.designing import Plan, design
    from bigloop.agents.inverse.runs import Grower
    from bigloop.agents.inverse.search import ROUTES
    from bigloop.agents.inverse.target import Target
    from bigloop.models.prvae.file import load
    from bigloop.models.prvae.model import PrVAE

    wanted = parse_targets(target)
    routes = list(ROUTES) if route == "all" else [route]
    plan = Plan(
        budget=budget, rounds=rounds, runs_per_round=runs, replicates=replicates
    )
    loaded = load(model, PrVAE, device=device)
    of = loaded.learned.network.architecture
    aim = Target.of(wanted, loaded.properties)
    grower = Grower(shape=(of.rows, of.columns), rules=rules, max_events=max_events)
    for name in routes:
        found = design(loaded, aim, grower, route=name, plan=plan, seed=seed)
        _show(found)
        if out is not None:
            _write(found, out)


def parse_targets(given: Sequence[str]) -> dict[str, float]:
    """Values by name from `NAME=VALUE`.

    Raises:
        SpecError: something else, or a name twice.
    """
    found: dict[str, float] = {}
    for text in given:
        name, sign, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            number, sign = 0.0, ""
        if not sign or name in found:
            raise SpecError(f"--target {text!r}: give NAME=VALUE, each name once")
        found[name] = number
    return found


def _show(found: Design) -> None:
    document = found.document()
    say(
        "",
        f"{found.route}: "
        + ", ".join(f"{k} {v:.4f}" for k, v in document["barriers_eV"].items())
        + " eV",
    )
    n = len(found.runs)
    table(
        [
            "property",
            "target",
            "expected",
            f"mean of {n} runs",
            "spread",
            "off by",
        ],
        [
            [
                name,
                "free" if row["target"] is None else f"{row['target']:.4g}",
                f"{row['expected']:.4g} ± {row['expected_sd']:.2g}",
                f"{row['run_mean']:.4g}",
                f"{row['run_sd']:.2g}",
                "" if row["target"] is None else f"{away:.1f} spreads",
            ]
            for (name, row), away in zip(
                document["properties"].items(), found.distance(), strict=True
            )
        ],
    )
    say(
        f"{'lands' if found.lands() else 'misses'} (within {document['within_sd']:g} "
        f"spreads of single runs); {found.n_evaluations} designs tried in the model, "
        f"{found.n_runs} runs"
    )


def _write(found: Design, out: Path) -> None:
    from bigloop.models.prvae.figures import design_figure, save

    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found.document(), indent=1) + "\n"
    (out / f"{found.route}.json").write_text(text, encoding="utf-8")
    path = out / f"{found.route}.png"
    save(design_figure(found.picture, found.lattice), path)
    say(f"{path.with_suffix('.json')}, {path}")
