"""The one error tree of bigloop.

BigloopError
├── SpecError          a document (campaign, table, design) is wrong       exit 2
├── NotFoundError      a name that does not exist (lists what exists)      exit 2
├── ConflictError      the state does not allow this change                exit 3
│   ├── StaleClaimError    a write with an expired claim
│   └── ChangedError       somebody else changed it meanwhile
├── ResultError        a result is refused (unit, range, other trial)      exit 4
├── StoreError         database: unreachable, full, newer, broken chain    exit 5
├── SourceError        a simulator or lab cannot be built or reached       exit 6
├── BudgetError        nothing affordable is left                          exit 7
└── DivergenceError    a training diverged; no model came of it            exit 8

Every message is one line that says what was wrong, where, and what to do next.
A numerical failure of a simulator is not an error but an `Outcome` with its class.
"""

from __future__ import annotations


class BigloopError(Exception):
    """Root of the tree; `exit_code` is what the command line returns."""

    exit_code = 1


class SpecError(BigloopError, ValueError):
    """A document is wrong; the message names the field, the value and the remedy.

    Also a `ValueError`, so that pydantic adds the place where it was raised.
    """

    exit_code = 2


class NotFoundError(BigloopError):
    """A name that does not exist; the message lists those that do."""

    exit_code = 2


class ConflictError(BigloopError):
    """The state of the store does not allow the change."""

    exit_code = 3


class StaleClaimError(ConflictError):
    """A worker wrote with a claim that is no longer the current one."""


class ChangedError(ConflictError):
    """Somebody else changed what a person was looking at; look again, then decide."""


class ResultError(BigloopError):
    """A result cannot be accepted as it is; nothing was lost."""

    exit_code = 4


class StoreError(BigloopError):
    """The database is unreachable, full, of a newer schema, or its chain is broken."""

    exit_code = 5


class SourceError(BigloopError):
    """A simulator or laboratory cannot be built or reached."""

    exit_code = 6


class BudgetError(BigloopError):
    """The budget does not allow what was asked for."""

    exit_code = 7


class DivergenceError(BigloopError):
    """A training diverged and was stopped; what was in use before stays in use."""

    exit_code = 8
