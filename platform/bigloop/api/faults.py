"""Answers of the API turned back into the errors that they were."""

from __future__ import annotations

from typing import NoReturn

import httpx

from bigloop.api.security import ForbiddenError, UnauthenticatedError
from bigloop.contracts import (
    BigloopError,
    BudgetError,
    ChangedError,
    ConflictError,
    NotFoundError,
    ResultError,
    SourceError,
    SpecError,
    StaleClaimError,
    StoreError,
)

_KINDS: dict[str, type[BigloopError]] = {
    kind.__name__: kind
    for kind in (
        BudgetError,
        ChangedError,
        ConflictError,
        ForbiddenError,
        NotFoundError,
        ResultError,
        SourceError,
        SpecError,
        StaleClaimError,
        StoreError,
        UnauthenticatedError,
    )
}


def raise_from(answer: httpx.Response) -> NoReturn:
    """Raise what the server raised.

    Raises:
        BigloopError: of the class that the answer names; `SpecError` for a request that
            was refused as it stands, `StoreError` for a server that failed.
    """
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        said = {"detail": answer.text[:200]}
    told = said.get("detail", "")
    if isinstance(told, list):
        told = "; ".join(_line(item) for item in told)
    default = SpecError if answer.status_code < 500 else StoreError
    kind = _KINDS.get(str(said.get("error")), default)
    raise kind(str(told) or f"HTTP {answer.status_code}; ask again later")


def _line(item: dict[str, object]) -> str:
    where = item.get("loc", ())
    parts = where[1:] if isinstance(where, list) else ()
    return f"{'.'.join(map(str, parts))}: {item.get('msg')}"
