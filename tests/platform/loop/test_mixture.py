"""The campaign of the how-to page on mixtures, from its first trial to its end."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import yaml

from bigloop.contracts import Campaign
from bigloop.loop import CampaignLoop, Ending, Workspace

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "search-for-a-mixture.md"


def test_the_mixture_of_the_page_is_found(
    open_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    block = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    spec = Campaign.model_validate(yaml.safe_load(block[1]))
    workspace = open_workspace()
    loop = CampaignLoop(workspace, spec, tmp_path, approve_all="ada")
    assert loop.run() is Ending.FINISHED
    designs = [t.proposal.design for t in workspace.store.trials(spec.name)]
    assert len(designs) == 15
    assert [spec.why_infeasible(design) for design in designs] == [None] * 15
    for design in designs:
        assert abs(math.fsum(map(float, design.values())) - 1) < 1e-9
    best = loop.recommendation()
    assert best is not None
    peak = {"EC": 0.3, "DMC": 0.5, "FEC": 0.05, "PC": 0.15}
    # The bounds leave up to 0.6 of one component in the place of another.
    assert max(abs(float(best.design[k]) - v) for k, v in peak.items()) < 0.05
