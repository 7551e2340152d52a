"""Requests as files in a folder, for whatever can read one and write another.

A job is `TRIAL.job.json`; its result is either `TRIAL.result.json`, a whole result, or
`TRIAL.result.SUFFIX`, a file that a reader understands. Write a result under another
name and rename it: a file is taken once two looks at it agree.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bigloop.contracts import (
    BigloopError,
    Campaign,
    Capabilities,
    Outcome,
    Reader,
    Request,
    ResultError,
    SourceError,
    SpecError,
    Trial,
)
from bigloop.contracts.files import parse
from bigloop.loop.handing_in import Result, outcome_of

LOOK_S = 0.2
"""How often the folder is looked at while nothing is there [s]."""


def capabilities_of(spec: Campaign, source: str) -> Capabilities:
    """A folder understands what the campaign writes, in the campaign's units."""
    known = spec.sources[source]
    return Capabilities(
        parameters=spec.units,
        observables={name: spec.observables[name].unit for name in known.observes},
        age_unit=known.age_unit,
        is_physical=known.is_physical,
    )


class FolderExecutor:
    """Writes a job file for each request, and watches for its result.

    Args:
        spec: the campaign whose trials are run.
        folder: that the laboratory watches and writes to.
        reader: of result files that are not JSON.
        trial_of: gives the trial of an id.
        note: told what a person should correct.
    """

    def __init__(
        self,
        spec: Campaign,
        folder: Path,
        reader: Reader,
        trial_of: Callable[[str], Trial],
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.spec, self.folder, self.reader = spec, folder, reader
        self.trial_of, self.note = trial_of, note
        self._waiting: dict[str, Request] = {}
        self._seen: dict[Path, tuple[int, int]] = {}
        self._refused: dict[Path, tuple[int, int]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def submit(self, source: str, request: Request) -> None:
        """Write the job, unless it lies there already: one is never given twice."""
        self._waiting[request.trial] = request
        path = self.folder / f"{request.trial}.job.json"
        if path.exists():
            return
        text = json.dumps(self._job(source, request), indent=2, ensure_ascii=False)
        draft = path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)

    def recover(self, source: str, request: Request) -> None:
        """Go on waiting for the result of a job that somebody else wrote."""
        self.submit(source, request)

    def wait(self, timeout_s: float) -> dict[str, Outcome | SourceError | None]:
        """Results that came in; looks again until the timeout."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = self._look()
            left = deadline - time.monotonic()
            if found or left <= 0 or not self._waiting:
                return found
            time.sleep(min(LOOK_S, left))

    def close(self) -> None:
        """Stop waiting; jobs and results stay where they are."""
        self._waiting.clear()

    def _job(self, source: str, request: Request) -> dict[str, Any]:
        units = self.spec.units
        return {
            "trial": request.trial,
            "campaign": self.spec.name,
            "source": source,
            "design": {
                name: {"value": value, "unit": units[name]}
                for name, value in request.design.items()
            },
            "measure": {
                name: {"unit": self.spec.observables[name].unit}
                for name in self.spec.sources[source].observes
            },
            "specimen": request.specimen,
            "from_age": request.from_age,
            "until_age": request.until_age,
            "age_unit": self.spec.sources[source].age_unit,
            "seed": request.seed,
        }

    def _look(self) -> dict[str, Outcome | SourceError | None]:
        found: dict[str, Outcome | SourceError | None] = {}
        for trial, request in list(self._waiting.items()):
            for path in sorted(self.folder.glob(f"{trial}.result.*")):
                if not self._is_whole(path):
                    continue
                try:
                    found[trial] = self._outcome(path, request)
                    del self._waiting[trial]
                    break
                except BigloopError as error:
                    self._refused[path] = _stamp(path)
                    self.note(f"{path.name}: {error}; correct the file")
        return found

    def _is_whole(self, path: Path) -> bool:
        """Whether two looks agree, and it is not one that was refused."""
        try:
            now = _stamp(path)
        except OSError:
            return False
        before, self._seen[path] = self._seen.get(path), now
        return now == before and self._refused.get(path) != now

    def _outcome(self, path: Path, request: Request) -> Outcome:
        result = self._result(path)
        trial = self.trial_of(request.trial)
        if result.status == "success" or result.age is not None:
            # What has an age was begun: it has a specimen, and a price.
            source = self.spec.sources[trial.proposal.source]
            until = request.until_age or source.until_age or source.longest_age
            defaults = {
                "specimen": result.specimen or request.specimen or request.trial,
                "age": until if result.age is None else result.age,
            }
            result = result.model_copy(update=defaults)
        return outcome_of(self.spec, trial, result)

    def _result(self, path: Path) -> Result:
        if path.suffix.lower() != ".json":
            return Result(
                measurements=tuple(self.reader.read(path)),
                provenance={"file": path.name},
            )
        try:
            said = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise ResultError(f"it is not JSON ({error})") from None
        if not isinstance(said, Mapping):
            raise ResultError("it is no JSON object")
        try:
            return parse(Result, dict(said), "result")
        except SpecError as error:
            raise ResultError(str(error)) from None


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
