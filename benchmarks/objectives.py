"""Several objectives and requirements: ours beside peers, and the time of an ask.

    python benchmarks/objectives.py --data ../shared/data --seeds 10 --first-seed 100

Runs every method on the documents below (journal in `--journal`; the same command goes
on), prints its tables, and the processor time of an ask with 50 results and two
objectives. Each figure stands beside its target and beside the peers of the same call.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from bigloop.bench.figures import MethodFigures, figures
from bigloop.bench.journal import Journal
from bigloop.bench.methods import why_not
from bigloop.bench.methods.agent import AgentMethod
from bigloop.bench.methods.base import Brief
from bigloop.bench.problem import Problem, campaign, load
from bigloop.bench.run import key_of, run

ROOT = Path(__file__).resolve().parents[1]
PROBLEMS = (
    "suzuki_front",
    "gramacy_bounded",
    "branin_currin",
    "branin_currin_bounded",
    "redoxmers_bounded",
    "redoxmers_front",
    "cofs_front",
)
METHODS = ("bigloop", "random", "optuna-tpe", "optuna-nsga2", "botorch-nehvi")
N_RESULTS, TARGET_S = 50, 0.5


def main() -> None:
    """Run what is missing in the journal, then print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--journal", type=Path, default=ROOT / "benchmarks" / "journal")
    parser.add_argument("--problems", default=",".join(PROBLEMS))
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--show-only", action="store_true")
    given = parser.parse_args()
    journal = Journal(given.journal)
    with tempfile.TemporaryDirectory() as folder:
        for name in given.problems.split(","):
            problem = load(_placed(name, given.data, Path(folder)))
            _report(problem, given, journal)
        if not given.show_only:
            _ask(load(_placed("branin_currin", given.data, Path(folder))))


def _placed(name: str, data: Path, folder: Path) -> Path:
    """A copy of a document that reads its table where the data are."""
    text = (ROOT / "benchmarks" / "problems" / f"{name}.yaml").read_text()
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("../../../shared/data", str(data.resolve())))
    return path


def _report(problem: Problem, given: argparse.Namespace, journal: Journal) -> None:
    made = campaign(problem, 0)
    able = [m for m in given.methods.split(",") if why_not(m, made) is None]
    found = []
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        for method in able:
            key = key_of(problem, method, seed)
            if key not in journal.runs and not given.show_only:
                journal.add(run(problem, method, seed))
            found += [journal.runs[key]] if key in journal.runs else []
    print(f"\n{problem.spec.name}: {'; '.join(problem.notes)}")
    print(
        f"{'method':14} {'seeds':>5}  regret at 1/4, 1/2, end of the budget   advised"
    )
    if not found:
        return
    for one in sorted(figures(problem, found).methods, key=_rank):
        marks = [one.curve[i][2] for i in (14, 29, 59)] if one.curve else []
        shown = "  ".join("none" if m is None else f"{m:.4f}" for m in marks)
        advised = one.recommended.median if one.recommended else None
        said = "none" if advised is None else f"{advised:.4f}"
        asks = 1000 * (one.core_s.median or 0) if one.core_s else 0
        print(
            f"{one.method:14} {one.n_seeds:5}  {shown}   {said}   {asks:.0f} ms an ask"
        )


def _rank(one: MethodFigures) -> float:
    """Median regret in the middle of the budget; none is worst."""
    at = one.curve[29][2] if one.curve else None
    return 2.0 if at is None else at


def _ask(problem: Problem) -> None:
    """Processor time of asks with about 50 results, refits included and the median."""
    made = campaign(problem, 7).model_copy(update={"budget": {"specimen": 100.0}})
    method, sampler = AgentMethod(Brief(campaign=made, stock=None)), problem.sampler(7)
    times = []
    for _ in range(N_RESULTS + 5):
        began = time.process_time()
        asked = method.ask(100.0)
        times.append(time.process_time() - began)
        assert asked is not None
        method.tell(asked, sampler.measure(asked.source, asked.design))
    last = times[-10:]
    state = "met" if max(last) <= TARGET_S else "MISSED"
    print(
        f"\nan ask with {N_RESULTS - 5} to {N_RESULTS + 4} results and two objectives: "
        f"median {statistics.median(last):.3f} s, slowest {max(last):.3f} s of one "
        f"core; target {TARGET_S} s: {state}"
    )


if __name__ == "__main__":
    main()
