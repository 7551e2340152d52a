"""Kill a campaign again and again; compare it with one that was left alone.

    python benchmarks/kill.py --kills 100

Parts of a running campaign are killed with SIGKILL at random moments: the loop with all
it holds, a worker process, a Ray actor. Afterwards the campaign must have made the same
decisions as an uninterrupted run of its seed, every result that the laboratory's
journal holds must be in the store, and no physical trial may have been begun twice.

`--control` switches the protection off (a worker that does not ask the laboratory what
became of a dispatch, but dispatches again): the same checks must then fail.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from bigloop.config import Settings
from bigloop.contracts import TERMINAL, Campaign, Source, canonical_json, read_campaign
from bigloop.db import Store
from bigloop.loop import CampaignLoop, Ending, Workspace, run_worker
from bigloop.loop.worker import Worker

FORK = multiprocessing.get_context("fork")
LEASE_S = 1.0
CAMPAIGN = Path(__file__).parent.parent / "campaigns" / "fast_charging.yaml"
HEAVY = ("bigloop.agents.judge", "mlflow.store.tracking.sqlalchemy_store")
"""What a loop imports when it first needs it."""


@dataclass
class Tally:
    """What was done, and what went wrong."""

    kills: dict[str, int] = field(default_factory=dict)
    campaigns: int = 0
    trials: int = 0
    lost: int = 0
    double: int = 0
    different: int = 0
    broken_chain: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.lost or self.double or self.different or self.broken_chain)


def settings(folder: Path, executor: str) -> Settings:
    return Settings.model_validate(
        {"folder": folder, "executor": executor, "lease_s": LEASE_S}
    )


def run_loop(
    folder: Path, spec: Campaign, base: Path, executor: str, work: bool, control: bool
) -> None:
    if control:
        dispatch_again()
    with Workspace.open(settings(folder, executor)) as workspace:
        loop = CampaignLoop(workspace, spec, base, approve_all="kill test", work=work)
        ending = loop.run()
    os._exit(0 if ending is Ending.FINISHED else 3)


def run_a_worker(
    folder: Path, spec: Campaign, base: Path, executor: str, control: bool
) -> None:
    if control:
        dispatch_again()
    with Workspace.open(settings(folder, executor)) as workspace:
        while spec.name not in {c.name for c in workspace.store.campaigns()}:
            time.sleep(0.05)
        run_worker(workspace, spec.name, base, threading.Event())


def dispatch_again() -> None:
    """The control: a worker that takes over starts the trial once more."""

    def recover(self: Worker) -> int:
        lapsed = self.store.release_expired(actor=self.name)
        for trial in lapsed.stuck:
            claim = self.store.adopt(trial.id, self.name, self.lease_s)
            self._dispatch(self._held(claim), self.executor.submit)
        return len(lapsed.approved) + len(lapsed.stuck)

    Worker._recover = recover  # type: ignore[method-assign]


def spawn(target: Callable[..., None], *args: object) -> multiprocessing.Process:
    """Fork: everything heavy is imported already, so a restart takes no seconds."""
    process = FORK.Process(target=_session, args=(target, *args))
    process.start()
    return process  # type: ignore[return-value]


def _session(target: Callable[..., None], *args: object) -> None:
    os.setsid()
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    target(*args)


def kill_group(process: multiprocessing.Process) -> None:
    if process.pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.join()


def kill_an_actor(rng: random.Random, loop: multiprocessing.Process) -> bool:
    """Kill one Ray actor of a loop, never another's; false when none is there yet."""
    found: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(loop.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                if "ray::SourceActor" in " ".join(process.cmdline()):
                    found.append(process)
    if not found:
        return False
    with suppress(psutil.NoSuchProcess):
        rng.choice(found).kill()
    return True


def n_ended(folder: Path, name: str) -> int:
    """How many trials of a campaign have ended."""
    if not (folder / "store.db").exists():
        return 0
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        known = name in {info.name for info in store.campaigns()}
        return sum(t.state in TERMINAL for t in store.trials(name)) if known else 0


def decisions(folder: Path, name: str) -> list[str]:
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        return [
            canonical_json([t.id, t.proposal.model_dump(mode="json")])
            for t in store.trials(name)
        ]


def check(folder: Path, spec: Campaign, reference: list[str], tally: Tally) -> None:
    """Compare the store with the reference and with the laboratory's journal."""
    tally.campaigns += 1
    made = decisions(folder, spec.name)
    tally.trials += len(made)
    tally.different += sum(a != b for a, b in zip(made, reference, strict=False))
    tally.different += abs(len(made) - len(reference))
    journal = sqlite3.connect(folder / f"{spec.name}.journal.db")
    rows = journal.execute("SELECT kind, trial, document FROM entries").fetchall()
    tally.double += sum(kind == "asked" for kind, _, _ in rows)
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        tally.broken_chain += not store.verify().is_ok
        known = {t.id: t for t in store.trials(spec.name)}
        for kind, trial, document in rows:
            if kind != "finished":
                continue
            outcome = known[trial].outcome if trial in known else None
            specimen = json.loads(document)["specimen"]
            tally.lost += outcome is None or outcome.specimen != specimen


def one_campaign(
    options: argparse.Namespace, spec: Campaign, base: Path, mode: str, tally: Tally
) -> None:
    """Run the reference, then the victim with kills, then compare."""
    rng = random.Random(f"{options.seed} {spec.seed} {mode}")
    executor = "ray" if mode == "actor" else "in-process"
    with tempfile.TemporaryDirectory() as scratch:
        straight, victim = Path(scratch) / "straight", Path(scratch) / "victim"
        began = time.monotonic()
        process = spawn(run_loop, straight, spec, base, "in-process", True, False)
        process.join()
        took = time.monotonic() - began
        reference = decisions(straight, spec.name)
        done = tally.kills.get(mode, 0)
        rest = max(
            1, min(options.per_campaign, options.kills - sum(tally.kills.values()))
        )
        harass(options, rng, (victim, spec, base, executor), mode, rest, took, tally)
        assert tally.kills.get(mode, 0) >= done
        check(victim, spec, reference, tally)


def harass(
    options: argparse.Namespace,
    rng: random.Random,
    what: tuple[Path, Campaign, Path, str],
    mode: str,
    n_kills: int,
    took_s: float,
    tally: Tally,
) -> None:
    """Start, kill, start again, and at last let the campaign end."""
    victim, spec, base, executor = what
    alone = mode != "worker"
    # All fall before its end, as a rule: a campaign that nothing met shows nothing.
    gap = max(0.15, took_s / (n_kills + 1))
    loop = spawn(run_loop, victim, spec, base, executor, alone, options.control)
    worker = None
    if not alone:
        worker = spawn(run_a_worker, victim, spec, base, executor, options.control)
    left, ended = n_kills, 0
    while loop.is_alive():
        loop.join(rng.uniform(0.05, 2 * gap))
        if not loop.is_alive() or not left:
            if loop.is_alive():
                loop.join(0.5)
            if not loop.is_alive() and loop.exitcode:
                loop = spawn(run_loop, victim, spec, base, executor, alone, False)
            continue
        if mode == "actor":
            # A trial that loses its actor three times waits for a person: let some end.
            now = n_ended(victim, spec.name)
            if now < ended + 2 or not kill_an_actor(rng, loop):
                continue
            ended = now
        elif mode == "worker" and worker is not None and rng.random() < 0.7:
            kill_group(worker)
            worker = spawn(run_a_worker, victim, spec, base, executor, options.control)
        else:
            kill_group(loop)
            loop = spawn(run_loop, victim, spec, base, executor, alone, options.control)
        left -= 1
        tally.kills[mode] = tally.kills.get(mode, 0) + 1
    # A loop that ended by itself leaves agents of its Ray cluster behind.
    kill_group(loop)
    if worker is not None:
        kill_group(worker)


def paced(spec: Campaign, pace_s: float) -> dict[str, Source]:
    """The sources, each stage of which takes a while: a kill must meet one."""
    return {
        name: source.model_copy(
            update={"options": {**source.options, "pace_s": pace_s}}
            if source.lab == "table"
            else {}
        )
        for name, source in spec.sources.items()
    }


def main() -> int:
    """Run the benchmark; 0 when nothing was lost, doubled or decided otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--per-campaign", type=int, default=10)
    parser.add_argument("--modes", default="loop,worker,actor")
    parser.add_argument("--campaign", type=Path, default=CAMPAIGN)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pace-s", type=float, default=0.3)
    parser.add_argument("--control", action="store_true")
    options = parser.parse_args()
    for name in HEAVY:
        importlib.import_module(name)
    spec = read_campaign(options.campaign)
    tally, modes = Tally(), options.modes.split(",")
    seed = options.seed
    while sum(tally.kills.values()) < options.kills:
        mode = modes[seed % len(modes)]
        changed = spec.model_copy(
            update={"seed": seed, "sources": paced(spec, options.pace_s)}
        )
        one_campaign(options, changed, options.campaign.parent, mode, tally)
        seed += 1
        print(json.dumps(tally.__dict__), flush=True)
    print("clean" if tally.is_clean else "NOT clean", flush=True)
    return 0 if tally.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
