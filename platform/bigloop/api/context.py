"""What every route of one server works on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from fastapi import Depends
from starlette.requests import HTTPConnection

from bigloop.api.live import Watch
from bigloop.config import Settings
from bigloop.db import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The store and what surrounds it; one for each application, in its state.

    Attributes:
        store: the only truth.
        folder: where artifacts and reports lie.
        local: name of the person who acts when there are no accounts; empty: everybody
            has to say who they are.
        watch: tells waiting pages that the store has changed.
        settings: of this machine.
    """

    store: Store
    folder: Path
    local: str
    watch: Watch
    settings: Settings

    @classmethod
    def of(
        cls,
        store: Store,
        folder: Path,
        local: str = "",
        settings: Settings | None = None,
    ) -> Self:
        """The context of a store."""
        return cls(
            store=store,
            folder=folder,
            local=local,
            watch=Watch(store),
            settings=settings or Settings(folder=folder),
        )


def _context(connection: HTTPConnection) -> Context:
    found = connection.app.state.context
    assert isinstance(found, Context)
    return found


Used = Annotated[Context, Depends(_context)]
"""A parameter of a route: the context of its application."""
