"""How busy the loop keeps two workers whose simulations take a second.

    python benchmarks/busy.py --trials 60

The loop runs in full, with its real agent and two Ray actors. The simulator is a plugin
that this file installs into a scratch folder: Hartmann's function of six variables that
waits until a second is over, as an instrument does, and says when it began and ended.
Busy is the time in simulations over the time of both workers, from when both have begun
to the beginning of the last; the agent's and the loop's time is in it. The peer, in the
same run, is Ray alone: two actors given the same number of requests beforehand.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MODULE = """
import time

from bigloop.simulators.synthetic import HartmannSimulator


class WaitingSimulator(HartmannSimulator):
    def evaluate(self, request):
        began = time.time()
        found = super().evaluate(request)
        time.sleep(max(0.0, 1.0 - (time.time() - began)))
        told = {**found.provenance, "began": began, "ended": time.time()}
        return found.model_copy(update={"provenance": told})
"""
SPEC = {
    "name": "busy",
    "parameters": {f"x{i}": {"low": 0, "high": 1} for i in range(1, 7)},
    "observables": {"y": {}},
    "objective": {"observable": "y", "goal": "minimize", "source": "bench"},
    "sources": {
        "bench": {
            "simulator": "waiting-hartmann",
            "observes": ["y"],
            "cost": {"EUR": 1},
            "capacity": 2,
        }
    },
    "approval": [{"action": "approve"}],
}


def install(folder: Path) -> None:
    """Put the plugin where this process and Ray's find it."""
    info = folder / "waiting_hartmann-0.1.dist-info"
    info.mkdir()
    (folder / "waiting_hartmann.py").write_text(textwrap.dedent(MODULE))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: waiting-hartmann\n")
    (info / "entry_points.txt").write_text(
        "[bigloop.simulators]\nwaiting-hartmann = waiting_hartmann:WaitingSimulator\n"
    )
    sys.path.insert(0, str(folder))
    rest = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{rest}"


def busy(spans: Sequence[tuple[float, float]], workers: int) -> float:
    """Share of the workers' time in simulations while all of them have begun."""
    begun = sorted(began for began, _ in spans)
    first, last = begun[workers - 1], begun[-1]
    inside = sum(max(0.0, min(e, last) - max(b, first)) for b, e in spans)
    return inside / (workers * (last - first))


def loop_spans(folder: Path, trials: int) -> list[tuple[float, float]]:
    """When each simulation of a campaign began and ended."""
    from bigloop.config import Settings
    from bigloop.contracts import Campaign
    from bigloop.loop import CampaignLoop, Silent, Workspace

    spec = Campaign.model_validate({**SPEC, "budget": {"EUR": trials}})
    settings = Settings.model_validate({"folder": folder, "executor": "ray"})
    with Workspace.open(settings) as workspace:
        CampaignLoop(workspace, spec, folder, watcher=Silent()).run()
        done = workspace.store.trials(spec.name)
    told = [t.outcome.provenance for t in done if t.outcome is not None]
    return [(float(p["began"]), float(p["ended"])) for p in told]


def ray_spans(trials: int) -> list[tuple[float, float]]:
    """The same work by two bare actors that know it all beforehand."""
    import ray

    class Worker:
        def run(self) -> tuple[float, float]:
            began = time.time()
            time.sleep(1.0)
            return began, time.time()

    actor: Any = ray.remote(num_cpus=0)(Worker)
    workers = [actor.remote() for _ in range(2)]
    calls = [workers[i % 2].run.remote() for i in range(trials)]
    return list(ray.get(calls))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60)
    trials = parser.parse_args().trials
    with tempfile.TemporaryDirectory() as scratch:
        install(Path(scratch))
        ours = loop_spans(Path(scratch), trials)
        peer = ray_spans(trials)
    print(f"simulations          {len(ours)}, of 1 s, by 2 workers")
    print(f"busy by our loop     {100 * busy(ours, 2):.1f} % (>= 99)")
    print(f"busy by Ray alone    {100 * busy(peer, 2):.1f} %")


if __name__ == "__main__":
    main()
