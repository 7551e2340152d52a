from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bigloop.bench.figures import Figures, figures
from bigloop.bench.problem import load
from bigloop.bench.report import render, write
from bigloop.bench.run import Run, run
from bigloop.bench.summary import standings
from bigloop.contracts import SpecError


def made(method: str, seed: int, costs: tuple[float, ...], *, last: float) -> Run:
    n = len(costs)
    return Run(
        key=f"{method}{seed}",
        benchmark="smoke",
        method=method,
        version="1",
        seed=seed,
        cost=costs,
        source=("cycler",) * n,
        regret=(*((0.5,) * (n - 1)), last),
        core_s=(0.1,) * n,
        recommended=last,
    )


@pytest.fixture
def found(smoke: Path) -> Figures:
    """Ours finds at 2, random at 4, LogEI never."""
    runs = [
        made("bigloop", 0, (1.0, 2.0), last=0.0),
        made("random", 0, (1.0, 2.0, 3.0, 4.0), last=0.0),
        made("botorch-logei", 0, (1.0, 2.0), last=0.4),
    ]
    return figures(load(smoke), runs)


def test_standings_by_hand(found: Figures) -> None:
    one, five = standings([found])
    assert (one.ours, one.best_peer, one.peer, one.ratio) == (2.0, "random", 4.0, 0.5)
    assert one.single_ratio is None
    assert one.is_below
    assert (five.level, five.ratio) == (0.05, 0.5)


def test_the_page_loads_nothing_and_is_closed(found: Figures) -> None:
    page = render([found], ["baybe is skipped: it is <not> installed"])
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert "&lt;not&gt;" in page
    assert page.count("<svg") == page.count("</svg>") == 2
    assert "nan" not in page.lower().replace("finance", "")

    class Balance(HTMLParser):
        open_: list[str]

        def __init__(self) -> None:
            super().__init__()
            self.open_ = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "br", "circle"):
                self.open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag != "circle":
                assert self.open_.pop() == tag

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

    balance = Balance()
    balance.feed(page)
    assert balance.open_ == []


def test_a_page_of_real_runs(smoke: Path, tmp_path: Path) -> None:
    problem = load(smoke)
    runs = [run(problem, "random", seed) for seed in range(3)]
    path = tmp_path / "deep" / "report.html"
    write(path, render([figures(problem, runs)]))
    assert "A small table that the tests make" in path.read_text()


def test_a_benchmark_in_which_nothing_ran_says_so(smoke: Path) -> None:
    broken = made("random", 0, (), last=0.0).model_copy(
        update={"error": "it <broke>", "regret": ()}
    )
    page = render([figures(load(smoke), [broken])])
    assert "it &lt;broke&gt;" in page
    assert "No run has a result of the target." in page


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError, match=r"--report: .* cannot be written"):
        write(tmp_path / "file" / "report.html", "")
