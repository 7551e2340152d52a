"""The whole audit log, page by page."""

from __future__ import annotations

from collections.abc import Iterator

from bigloop.contracts import Event
from bigloop.db import Store

_PAGE = 1000


def all_events(store: Store, campaign: str | None, after: int = 0) -> Iterator[Event]:
    """Events that follow number `after`, in order."""
    while page := store.events(after, campaign, _PAGE):
        yield from page
        after = page[-1].seq
