"""Running a campaign from a file to its report."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bigloop.cli.interrupts import interruptible
from bigloop.cli.main import INTERRUPTED
from bigloop.cli.output import complain, console, say
from bigloop.config import Settings
from bigloop.contracts import BigloopError, Campaign, Recommendation, read_campaign

if TYPE_CHECKING:
    from bigloop.cli.live import LiveWatcher
    from bigloop.cli.plain import PlainWatcher
    from bigloop.loop import Workspace
    from bigloop.loop.watcher import Ending

WAITS = 10
"""Exit code of a run that ends because only a person can go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRun:
    """What to run, and how.

    Attributes:
        approve_all: in whose name everything is approved; none: the rules ask.
        report: where the page goes; none: in the folder.
    """

    settings: Settings
    file: Path
    seed: int | None
    approve_all: str | None
    report: Path | None

    def run(self, wait: bool) -> int:
        """Run it until it ends by itself or is interrupted; the exit code."""
        campaign = self._campaign()
        from bigloop.loop import Workspace
        from bigloop.loop.watcher import Ending

        with Workspace.open(self.settings) as workspace:
            ending, best = self._work(workspace, campaign, wait)
            self._close(workspace, campaign, ending, best)
        codes = {Ending.WAITING: WAITS, Ending.INTERRUPTED: INTERRUPTED}
        return codes.get(ending, 0)

    def _campaign(self) -> Campaign:
        campaign = read_campaign(self.file)
        if self.seed is None:
            return campaign
        return campaign.model_copy(update={"seed": self.seed})

    def _work(
        self, workspace: Workspace, campaign: Campaign, wait: bool
    ) -> tuple[Ending, Recommendation | None]:
        from bigloop.loop import CampaignLoop

        with _watcher(campaign) as watcher:
            loop = CampaignLoop(
                workspace,
                campaign,
                self.file.resolve().parent,
                watcher=watcher,
                approve_all=self.approve_all,
            )
            with interruptible(loop.stop):
                ending = loop.run(wait=wait)
            return ending, loop.recommendation()

    def _close(
        self,
        workspace: Workspace,
        campaign: Campaign,
        ending: Ending,
        best: Recommendation | None,
    ) -> None:
        from bigloop.cli.closing import closing_lines
        from bigloop.cli.reporting import write_report

        store = workspace.store
        models = workspace.mlflow_uri()
        say(*closing_lines(store, campaign.name, ending, best, models))
        path = self.report or Path(workspace.folder) / f"{campaign.name}.html"
        try:
            write_report(store, campaign.name, path, best)
        except BigloopError as error:
            # The campaign itself went well: its code stands.
            complain([f"no report: {error}"])
        else:
            say(f"report: {path}")


def _watcher(
    campaign: Campaign,
) -> AbstractContextManager[LiveWatcher | PlainWatcher]:
    if sys.stdout.isatty():
        from bigloop.cli.live import LiveWatcher

        return LiveWatcher(campaign, console())
    from bigloop.cli.plain import PlainWatcher

    return nullcontext(PlainWatcher(campaign))
