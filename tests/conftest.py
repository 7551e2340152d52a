"""How tests run here: a busy machine is no failure, a missing browser is told."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# Two processes and all that they start share the cores: the threads of a factorisation
# of 30 x 30 would wait for each other. Read when NumPy and torch are first imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

FIRST = {
    "gw0": ("torch", "botorch.models"),
    "gw1": ("scipy.stats", "pandas", "sqlalchemy.orm", "numba", "fastapi"),
}
"""What each process imports first. Where nothing is compiled yet, each compiles its own
and reads what the other did; in the same order, each would compile everything."""

for name in FIRST.get(os.environ.get("PYTEST_XDIST_WORKER", ""), ()):
    importlib.import_module(name)

settings.register_profile(
    "bigloop", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("bigloop")


TRAINED = ("tests/agents/inverse", "tests/models/interphase", "tests/models/prvae")
"""Folders whose tests share a model, which each process would train for itself."""

ON_RAY = (
    "tests/platform/loop/test_executors.py",
    "tests/platform/loop/test_filing.py",
    "tests/platform/loop/test_serving.py",
)
"""Files that share a cluster, which each process would start for itself."""

LONGEST = (
    "tests/platform/loop/test_executors.py",
    "tests/simulators/test_ageing.py",
    "tests/platform/dashboard/browser/test_every_page.py",
    "tests/platform/loop/test_campaign_loop.py",
    "tests/models/interphase",
    "tests/platform/loop/test_learning.py",
    "tests/models/prvae",
    "tests/simulators/test_life.py",
    "tests/platform/dashboard/browser/test_journeys.py",
    "tests/platform/loop/test_kill.py",
    "tests/simulators/sei/test_published.py",
    "tests/platform/dashboard/browser/test_scripts_in_browser.py",
    "tests/agents/several/test_several_agent.py",
    "tests/platform/api/test_roles.py",
    "tests/db/test_machine.py",
    "tests/platform/bench/test_methods.py",
    "tests/simulators/sei/test_agreement.py",
    "tests/simulators/diffraction/test_page.py",
    "tests/platform/cli/test_ending.py",
    "tests/simulators/test_contract_suites.py",
    "tests/simulators/test_cell_parameters.py",
    "tests/platform/api/test_fuzz.py",
    "tests/platform/cli/test_learning.py",
)
"""Begun first: one that is begun last leaves the other processes idle. The first file
compiles the kernel of the lattice, which others find on disk: not beside each other."""


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Each file to one process; all that share a model or a cluster to the same."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        folder = scope.rpartition("/")[0]
        if scope in ON_RAY:
            return ON_RAY[0]
        return folder if folder in TRAINED else scope

    def _assign_work_unit(self, node: Any) -> None:
        """Give a process the longest that is left, then what has the most tests."""
        longest = next((scope for scope in LONGEST if scope in self.workqueue), None)
        if longest is not None:
            self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """For `--dist loadfile`; the other ways stay as they are."""
    if config.getoption("dist") != "loadfile":
        return None
    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """What was collected stays: looking at it again took a twelfth of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def tables_of_stores() -> Iterator[None]:
    """New stores of this process get their tables by the statements of the first.

    Alembic takes 60 ms to find out what to say to an empty database, and hundreds are
    made. tests/db/test_schema.py migrates every time.
    """
    from bigloop.db import schema

    migrate = schema._upgrade
    said: dict[str, list[tuple[Any, Any]]] = {}

    def upgrade(conn: sa.Connection) -> None:
        if statements := said.get(conn.dialect.name):
            cursor = conn.connection.cursor()
            for statement, parameters in statements:
                cursor.execute(statement, parameters)
            return
        heard: list[tuple[Any, Any]] = []

        def hear(_: object, __: object, *what: Any) -> None:
            heard.append(what[:2])

        sa.event.listen(conn, "before_cursor_execute", hear)
        migrate(conn)
        sa.event.remove(conn, "before_cursor_execute", hear)
        said[conn.dialect.name] = heard

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_upgrade", upgrade)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that the browser tests did not run."""
    missed = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if "no Chromium was found" in str(report.longrepr)
    ]
    if missed:
        terminalreporter.section("THE PAGES WERE NOT TESTED", sep="!", red=True)
        terminalreporter.line(
            f"{len(missed)} browser tests did not run: no Chromium was found. Install "
            "one (apt-get install chromium, or playwright install chromium).",
            red=True,
        )
