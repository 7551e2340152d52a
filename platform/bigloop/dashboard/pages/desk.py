"""What the pages keep between requests: chronicles, agents, answers that take long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI
from markupsafe import Markup
from starlette.requests import HTTPConnection

from bigloop.api.context import Context
from bigloop.contracts import Agent, NotFoundError, Stock, canonical_json
from bigloop.dashboard.chronicle import Chronicle
from bigloop.dashboard.keeping import Kept
from bigloop.dashboard.pages.figures import figure
from bigloop.dashboard.picture import Picture
from bigloop.dashboard.umapping import Mapper
from bigloop.db import CampaignInfo, Moment, Store
from bigloop.loop.deciders import agent_of
from bigloop.loop.sight import stock
from bigloop.loop.versions import counted, in_use, learning

_KEPT = 200
"""Answers that are kept; the oldest goes first."""
_DRAWN = 24
"""Charts that are kept, each half a megabyte where there are 10,000 points."""
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
        self._kept: Kept[Any] = Kept(_KEPT)
        self._drawn: Kept[Sequence[Markup]] = Kept(_DRAWN)
        self.embed = Mapper(context.folder / "maps")

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

    def versions(self, campaign: str) -> dict[str, str]:
        """The model version in use of every source that answers with one."""
        return in_use(self.store, campaign)

    def counted(self, campaign: str) -> tuple[Moment, str]:
        """A campaign without what older models said, and a key of what is left out."""
        moment, now = self.store.moment(campaign), self.versions(campaign)
        if not learning(moment.campaign):
            return moment, ""
        return counted(moment, now), canonical_json(now)

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
        found: T = self._kept.get(key, make)
        return found

    def drawn(
        self, key: tuple[str, ...], make: Callable[[], Sequence[Picture]]
    ) -> Sequence[Markup]:
        """Charts of thousands of points as HTML, drawn once for what is shown.

        Args:
            key: everything that they are made from, by what identifies its content.
            make: the charts.
        """
        return self._drawn.get(key, lambda: [figure(picture) for picture in make()])


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
