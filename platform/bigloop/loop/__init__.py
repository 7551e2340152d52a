"""The loop of a campaign, its workers and executors, its policy, its retraining."""

from bigloop.loop.campaign_loop import CampaignLoop
from bigloop.loop.crew import run_worker
from bigloop.loop.watcher import Ending, Progress, Silent, Watcher
from bigloop.loop.workspace import Workspace

__all__ = [
    "CampaignLoop",
    "Ending",
    "Progress",
    "Silent",
    "Watcher",
    "Workspace",
    "run_worker",
]
