"""Checking a campaign file as far as it goes without running anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bigloop.contracts import BigloopError, Campaign, plugins, read_yaml
from bigloop.contracts.files import problems

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
    return [problem for check in checks if (problem := _problem(check))]


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
