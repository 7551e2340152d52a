"""Checking a campaign file as far as it goes without running anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bigloop.contracts import (
    BigloopError,
    Campaign,
    Learning,
    SpecError,
    plugins,
    read_yaml,
)
from bigloop.contracts.files import problems

MANIFEST = "manifest.json"
_Check = Callable[[], object]


def problems_of(file: Path, *, with_sources: bool) -> list[str]:
    """Everything that is wrong with a campaign file, one line each; empty: nothing.

    Entry points and sources are looked at when the document itself is right.

    Raises:
        SpecError: the file cannot be read, or is not YAML.
    """
    data = read_yaml(file)
    if found := problems(Campaign, data):
        return found
    campaign = Campaign.model_validate(data)
    checks = [_exists("agents", campaign.agent)]
    if campaign.predictor is not None:
        checks.append(_exists("models", campaign.predictor.model))
    for name, source in campaign.sources.items():
        fits = _fits(campaign, name, file.parent)
        checks.append(
            fits if with_sources else _exists("simulators", source.entry_point)
        )
        if source.learns is not None:
            checks.append(_learns(name, source.learns, file.parent, with_sources))
    return [problem for check in checks if (problem := _problem(check))]


def remarks_of(file: Path) -> list[str]:
    """What a person should know of a campaign file that is right, one line each."""
    campaign = Campaign.model_validate(read_yaml(file))
    learning = ((k, s.learns) for k, s in campaign.sources.items() if s.learns)
    return [
        f"sources.{name}: {why}: nothing is proposed to it until {learns.first} "
        f"results of {', '.join(learns.sources)} have trained the first version"
        for name, learns in learning
        if (why := _no_start(learns, file.parent))
    ]


def _no_start(learns: Learning, base: Path) -> str:
    """Why a source begins without a version; empty: it begins with one."""
    from bigloop.loop.retraining import start_of

    try:
        return "no learns.start" if start_of(learns, base) is None else ""
    except SpecError as error:
        return str(error)


def _learns(name: str, learns: Learning, base: Path, is_opened: bool) -> _Check:
    def right() -> None:
        from bigloop.models.training import make_learner

        try:
            make_learner(learns)
        except SpecError as error:
            raise SpecError(f"sources.{name}.{error}") from None
        if learns.data is not None and not (base / learns.data / MANIFEST).exists():
            raise SpecError(
                f"sources.{name}.learns.data: {base / learns.data}: no data set; make "
                "it with `bigloop dataset sei`, or leave it out"
            )

    return right if is_opened else _exists("models", learns.model)


def _exists(group: str, name: str) -> _Check:
    return lambda: plugins.load(group, name)


def _fits(campaign: Campaign, name: str, base: Path) -> _Check:
    def fits() -> None:
        from tempfile import TemporaryDirectory

        from bigloop.loop.sources import check, plan

        with TemporaryDirectory() as folder:
            journal = Path(folder) / "journal.db"
            source = campaign.sources[name]
            built = plan(source, base, journal, campaign.seed).build()
            check(campaign, name, built.capabilities())

    return fits


def _problem(check: _Check) -> str:
    try:
        check()
    except BigloopError as error:
        return str(error)
    return ""
