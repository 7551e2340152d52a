"""A batch of trials as a sheet to fill in, for laboratories without a program.

One row a trial: what to set and what to measure, with units in the headers. Whoever
fills it in may change a unit in a header. A row without any value is not done yet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigloop.contracts import (
    BigloopError,
    Campaign,
    Claim,
    Measurement,
    ResultError,
    Trial,
    TrialState,
)
from bigloop.db.results import accept
from bigloop.loop.export import Rows, headed
from bigloop.loop.handing_in import Quantity, Result, outcome_of
from bigloop.loop.history import HEADER
from bigloop.loop.sheet import Sheet

_SET = ("trial", "token", "source")
_SAID = ("done_specimen", "done_age", "failure", "message")
_ASKED = ("specimen", "from_age", "until_age", "age_unit")
EXECUTED = "executed "
"""Before the name of a parameter: what was really set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One row of a sheet that came back.

    Attributes:
        number: of the row, as a spreadsheet shows it.
        trial: the id that it names.
        token: of the claim that it names.
        result: what it says; none: nothing, or something wrong.
        problem: what is wrong; empty: nothing.
    """

    number: int
    trial: str
    token: int = 0
    result: Result | None = None
    problem: str = ""


def sheet_rows(spec: Campaign, claims: Sequence[Claim]) -> Rows:
    """Columns and rows of a sheet to fill in."""
    parameters = {name: headed(name, unit) for name, unit in spec.units.items()}
    measured = [headed(name, o.unit) for name, o in spec.observables.items()]
    executed = [f"{EXECUTED}{header}" for header in parameters.values()]
    columns = [*_SET, *parameters.values(), *_ASKED, *measured, *executed, *_SAID]
    rows = []
    for claim in claims:
        proposal = claim.trial.proposal
        known = {
            "trial": claim.trial.id,
            "token": claim.token,
            "source": proposal.source,
            "specimen": proposal.specimen,
            "from_age": proposal.from_age,
            "until_age": proposal.until_age,
            "age_unit": spec.sources[proposal.source].age_unit,
        }
        design = {parameters[name]: value for name, value in proposal.design.items()}
        rows.append({**known, **design})
    return columns, rows


def read_rows(
    spec: Campaign, sheet: Sheet, trials: Mapping[str, Trial], worker: str
) -> list[Filled]:
    """What a filled-in sheet says, row by row; nothing is written.

    Args:
        spec: the campaign.
        sheet: that came back.
        trials: those of the campaign that rows may name, by id.
        worker: whose batch it is.

    Raises:
        ResultError: a column is missing.
    """
    if missing := [name for name in ("trial", "token") if name not in sheet.header]:
        raise ResultError(
            f"column {missing[0]!r} is missing; fill in the sheet that was downloaded"
        )
    found = []
    for number, cells in sheet.rows:
        row = dict(zip(sheet.header, cells, strict=True))
        try:
            found.append(_filled(spec, number, row, trials, worker))
        except BigloopError as error:
            found.append(Filled(number=number, trial=row["trial"], problem=str(error)))
    return found


def _filled(
    spec: Campaign,
    number: int,
    row: dict[str, str],
    trials: Mapping[str, Trial],
    worker: str,
) -> Filled:
    trial = trials.get(row["trial"])
    if trial is None:
        raise ResultError(f"trial {row['trial']!r} is not in this campaign")
    token = int(_number("token", row["token"]))
    result = _result(spec, row)
    if result is None:
        return Filled(number=number, trial=trial.id, token=token)
    _check_held(trial, token, worker)
    accept(spec, trial.proposal, outcome_of(spec, trial, result))
    return Filled(number=number, trial=trial.id, token=token, result=result)


def _check_held(trial: Trial, token: int, worker: str) -> None:
    """Whether this batch still holds the trial, or has ended it itself."""
    mine = (trial.attempts, trial.worker) == (token, worker)
    ended = (TrialState.COMPLETED, TrialState.FAILED)
    if not mine or trial.state not in (TrialState.RUNNING, *ended):
        raise ResultError(
            f"trial {trial.id} is {trial.state}, held by {trial.worker or 'nobody'}; "
            "it is not (any more) in your batch: ask who took it"
        )


def _result(spec: Campaign, row: dict[str, str]) -> Result | None:
    """What a row says; none where nothing is filled in."""
    age = _number("done_age", row["done_age"]) if row.get("done_age") else None
    measured, executed = [], {}
    for header, text in row.items():
        name, unit = _split(header)
        if not text:
            continue
        if name in spec.observables:
            known = spec.observables[name].unit if unit is None else unit
            value = _number(name, text)
            measured.append(
                Measurement(observable=name, value=value, unit=known, age=age)
            )
        elif (setting := name.removeprefix(EXECUTED)) in spec.parameters and (
            name != setting
        ):
            executed[setting] = _executed(spec, setting, text, unit)
    failure = row.get("failure") or None
    if not measured and failure is None:
        return None
    said: dict[str, Any] = {
        "status": "success" if failure is None else "failure",
        "failure": failure,
        "message": row.get("message", ""),
        "measurements": measured,
        "executed": executed,
        "specimen": row.get("done_specimen") or row.get("specimen") or None,
        "age": age,
        "provenance": {"by": "sheet"},
    }
    try:
        return Result.model_validate(said)
    except ValueError as error:
        line = " ".join(str(error).split())
        raise ResultError(f"this is no result: {line[:200]}") from None


def _executed(spec: Campaign, name: str, text: str, unit: str | None) -> Quantity | str:
    parameter = spec.parameters[name]
    if parameter.choices:
        return text
    known = parameter.unit if unit is None else unit
    return Quantity(value=_number(name, text), unit=known)


def _split(header: str) -> tuple[str, str | None]:
    match = HEADER.match(header)
    return (header, None) if match is None else (match[1].strip(), match[2].strip())


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ResultError(f"{name} = {text!r} is no finite number; correct it")
    return value
