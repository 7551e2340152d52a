"""What a laboratory began and finished: durable, append-only, shared by processes."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bigloop.contracts import Outcome, Request, SourceError, SpecError

# The unique indices are the promise: no key is begun twice, no stage of a specimen is
# run twice, no outcome is replaced; the triggers keep it append-only.
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS laboratories (
        name TEXT PRIMARY KEY, content TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS entries (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at_s REAL NOT NULL,
        laboratory TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('started', 'finished', 'asked')),
        trial TEXT NOT NULL,
        specimen TEXT,
        from_age REAL,
        document TEXT NOT NULL)""",
    """CREATE UNIQUE INDEX IF NOT EXISTS one_start
        ON entries (trial) WHERE kind = 'started'""",
    """CREATE UNIQUE INDEX IF NOT EXISTS one_stage
        ON entries (laboratory, specimen, from_age) WHERE kind = 'started'""",
    """CREATE UNIQUE INDEX IF NOT EXISTS one_finish
        ON entries (trial) WHERE kind = 'finished'""",
    """CREATE INDEX IF NOT EXISTS by_specimen
        ON entries (laboratory, specimen, seq)""",
    """CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'a journal is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'a journal is append-only'); END""",
)
_BUSY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One stage of one specimen that was begun."""

    trial: str
    specimen: str
    request: Request
    outcome: Outcome | None
    """None until it is finished."""


Choice = str | Outcome
"""The specimen to run, or why nothing can be run."""


class View:
    """What stands in the journal, within the transaction that chooses a specimen."""

    def __init__(self, db: sqlite3.Connection, laboratory: str) -> None:
        self._db, self._laboratory = db, laboratory

    def begun(self) -> set[str]:
        """Specimens that are no longer fresh."""
        rows = self._db.execute(
            "SELECT DISTINCT specimen FROM entries "
            "WHERE laboratory = ? AND kind = 'started'",
            (self._laboratory,),
        )
        return {specimen for (specimen,) in rows}

    def last(self, specimen: str) -> Run | None:
        """The latest stage of a specimen; none when it is fresh."""
        row = self._db.execute(
            "SELECT trial FROM entries WHERE laboratory = ? AND specimen = ? "
            "AND kind = 'started' ORDER BY seq DESC LIMIT 1",
            (self._laboratory, specimen),
        ).fetchone()
        return None if row is None else self.run(row[0])

    def run(self, trial: str) -> Run | None:
        """The stage that a key began; none when it began nothing."""
        row = self._db.execute(
            "SELECT specimen, document FROM entries "
            "WHERE trial = ? AND kind = 'started'",
            (trial,),
        ).fetchone()
        if row is None:
            return None
        request = Request.model_validate_json(row[1])
        return Run(
            trial=trial, specimen=row[0], request=request, outcome=self.outcome(trial)
        )

    def outcome(self, trial: str) -> Outcome | None:
        """The outcome that was recorded for a key."""
        row = self._db.execute(
            "SELECT document FROM entries WHERE trial = ? AND kind = 'finished'",
            (trial,),
        ).fetchone()
        return None if row is None else Outcome.model_validate_json(row[0])


class Journal:
    """Entries of all laboratories that share a file (SQLite), or memory.

    Every write is one transaction that is on the disk before it returns, and that
    locks out the other processes, so that a specimen is given out once.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = ":memory:" if path is None else str(path)
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(
                self._path,
                timeout=_BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
            # EXTRA also syncs the folder, without which a new journal may vanish.
            self._db.execute("PRAGMA synchronous = EXTRA")
        except sqlite3.Error as error:
            raise self._broken(error) from None
        weakref.finalize(self, self._db.close)
        with self._transaction() as db:
            for statement in _SCHEMA:
                db.execute(statement)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._db.close()

    def register(self, laboratory: str, content: str) -> None:
        """Bind a name to the content of its table.

        Raises:
            SourceError: the journal knows the name with another content.
        """
        with self._transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO laboratories VALUES (?, ?)",
                (laboratory, content),
            )
            (known,) = db.execute(
                "SELECT content FROM laboratories WHERE name = ?", (laboratory,)
            ).fetchone()
        if known != content:
            raise SourceError(
                f"journal {self._path}: table {laboratory!r} is no longer the one that "
                "its specimens were taken from; restore it, or begin a new journal"
            )

    def begin(
        self, laboratory: str, request: Request, choose: Callable[[View], Choice]
    ) -> Run | Outcome:
        """Begin a stage, durably, unless the key is known already.

        Returns the run to finish (begun now, or by a process that died), or the
        outcome that stands.

        Raises:
            SpecError: the key was used for another request.
        """
        with self._transaction() as db:
            view = View(db, laboratory)
            if known := self._known(view, laboratory, request):
                return known
            choice = choose(view)
            if isinstance(choice, Outcome):
                self._finished(db, laboratory, request, None, choice)
                return choice
            document = request.model_dump_json()
            self._append(db, laboratory, "started", request, choice, document)
            return Run(
                trial=request.trial, specimen=choice, request=request, outcome=None
            )

    def _known(
        self, view: View, laboratory: str, request: Request
    ) -> Run | Outcome | None:
        run, outcome = view.run(request.trial), view.outcome(request.trial)
        if run is not None and not _same(run.request, request):
            raise SpecError(
                f"trial {request.trial!r} was begun with another request; a key stands "
                "for one request, use a new one"
            )
        if run is None and outcome is None:
            return None
        document = request.model_dump_json()
        specimen = None if run is None else run.specimen
        self._append(self._db, laboratory, "asked", request, specimen, document)
        return outcome or run

    def finish(self, laboratory: str, run: Run, outcome: Outcome) -> Outcome:
        """Record an outcome; when one stands already, that one is returned."""
        with self._transaction() as db:
            standing = View(db, laboratory).outcome(run.trial)
            if standing is not None:
                return standing
            self._finished(db, laboratory, run.request, run.specimen, outcome)
        return outcome

    def find(self, laboratory: str, request: Request) -> Run | Outcome | None:
        """What is known of a key; none when it was never begun."""
        with self._transaction() as db:
            view = View(db, laboratory)
            return view.outcome(request.trial) or view.run(request.trial)

    def runs(self, trial: str) -> int:
        """How often a stage was begun under a key."""
        return self._count("started", trial)

    def asked(self, trial: str) -> int:
        """How often a key was asked for again after it was known."""
        return self._count("asked", trial)

    def stages(self, laboratory: str, specimen: str) -> list[Run]:
        """The stages of a specimen, in order."""
        with self._transaction() as db:
            view = View(db, laboratory)
            rows = db.execute(
                "SELECT trial FROM entries WHERE laboratory = ? AND specimen = ? "
                "AND kind = 'started' ORDER BY seq",
                (laboratory, specimen),
            ).fetchall()
            return [run for (trial,) in rows if (run := view.run(trial))]

    def _count(self, kind: str, trial: str) -> int:
        with self._transaction() as db:
            (n,) = db.execute(
                "SELECT count(*) FROM entries WHERE kind = ? AND trial = ?",
                (kind, trial),
            ).fetchone()
        return int(n)

    def _finished(
        self,
        db: sqlite3.Connection,
        laboratory: str,
        request: Request,
        specimen: str | None,
        outcome: Outcome,
    ) -> None:
        document = outcome.model_dump_json()
        self._append(db, laboratory, "finished", request, specimen, document)

    @staticmethod
    def _append(
        db: sqlite3.Connection,
        laboratory: str,
        kind: str,
        request: Request,
        specimen: str | None,
        document: str,
    ) -> None:
        age = request.from_age
        db.execute(
            "INSERT INTO entries (at_s, laboratory, kind, trial, specimen, from_age, "
            "document) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (time.time(), laboratory, kind, request.trial, specimen, age, document),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._broken(error) from None

    def _broken(self, error: sqlite3.Error) -> SourceError:
        return SourceError(
            f"journal {self._path}: {error}; check that its folder exists, can be "
            "written and has room"
        )


def _same(one: Request, other: Request) -> bool:
    """Whether two requests ask for the same thing; patience does not count."""
    patience = {"timeout_s"}
    return one.model_dump(exclude=patience) == other.model_dump(exclude=patience)
