"""What the pages keep between requests: chronicles, agents, answers that take long."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from bigloop.api.context import Context
from bigloop.contracts import Agent, NotFoundError, Stock
from bigloop.dashboard.chronicle import Chronicle
from bigloop.db import CampaignInfo, Store
from bigloop.loop.deciders import agent_of
from bigloop.loop.sight import stock

_KEPT = 200
"""Answers that are kept; the oldest goes first."""
T = TypeVar("T")
_MAKING = threading.Lock()


class Desk:
    """One for each application; safe for threads.

    Nothing here is truth: it can be thrown away at any time, and is when the server
    ends.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._lock = threading.Lock()
        self._chronicles: dict[str, Chronicle] = {}
        self._agents: dict[str, tuple[Agent, threading.Lock]] = {}
        self._stocks: dict[str, tuple[Stock, ...] | None] = {}
        self._kept: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._computing: dict[tuple[str, ...], threading.Lock] = {}

    @property
    def store(self) -> Store:
        """The only truth."""
        return self.context.store

    @property
    def mlflow(self) -> str:
        """Where MLflow's pages are; empty: there is only a file."""
        found = self.context.settings.mlflow
        return found if found.startswith(("http://", "https://")) else ""

    def info(self, campaign: str) -> CampaignInfo:
        """How a campaign stands.

        Raises:
            NotFoundError: lists the campaigns that exist.
        """
        found = self.store.campaigns()
        for info in found:
            if info.name == campaign:
                return info
        names = ", ".join(info.name for info in found) or "none yet"
        raise NotFoundError(f"campaign {campaign!r} does not exist; there are {names}")

    def chronicle(self, campaign: str) -> Chronicle:
        """The events of a campaign."""
        spec = self.store.campaign(campaign)
        with self._lock:
            return self._chronicles.setdefault(campaign, Chronicle(self.store, spec))

    def agent(self, campaign: str) -> tuple[Agent, threading.Lock]:
        """The agent of a campaign, which keeps its fits, and who may ask it now.

        Raises:
            NotFoundError: it is not installed.
            SpecError: its options do not fit.
        """
        info = self.info(campaign)
        key = f"{campaign}:{info.revision}"
        with self._lock:
            if key not in self._agents:
                spec = self.store.campaign(campaign)
                self._agents[key] = agent_of(spec), threading.Lock()
            return self._agents[key]

    def stock(self, campaign: str) -> tuple[Stock, ...] | None:
        """What the laboratory can run; none: not known here, or any design."""
        with self._lock:
            if campaign not in self._stocks:
                spec = self.store.campaign(campaign)
                self._stocks[campaign] = stock(spec, self.context.folder.parent)
            return self._stocks[campaign]

    def kept(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """An answer that takes long: made once for a key, by one thread."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: T = self._kept[key]
                return found
            computing = self._computing.setdefault(key, threading.Lock())
        with computing:
            with self._lock:
                if key in self._kept:
                    again: T = self._kept[key]
                    return again
            made = make()
            with self._lock:
                self._kept[key] = made
                self._computing.pop(key, None)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return made


def desk_of(app: FastAPI) -> Desk:
    """The one of an application, made when it is first asked for."""
    state = app.state
    with _MAKING:
        if not hasattr(state, "desk"):
            state.desk = Desk(state.context)
        found = state.desk
    assert isinstance(found, Desk)
    return found


def _desk(connection: HTTPConnection) -> Desk:
    return desk_of(connection.app)


AtDesk = Annotated[Desk, Depends(_desk)]
"""A parameter of a page: what the pages of this application keep."""
