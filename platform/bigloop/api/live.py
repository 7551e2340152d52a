"""Telling pages that something changed: one look at the store for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from bigloop.contracts import Event, StoreError
from bigloop.db import Store

LOOK_S = 0.1
"""How often the store is asked for its last event; other processes write to it too."""
BEAT_S = 15.0
"""How often a silent stream says that it lives."""
PAGE = 500


class Watch:
    """Follows the number of the last event, and wakes whoever waits for a change.

    Started and ended by the application; used from its event loop.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seq = 0
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Look until cancelled; a store that cannot be reached is asked again."""
        while True:
            with suppress(StoreError):
                await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once."""
        seq = await asyncio.to_thread(self._store.last_seq)
        if seq != self._seq:
            async with self._changed:
                self._seq = seq
                self._changed.notify_all()

    async def follow(self, after: int) -> AsyncIterator[Event | None]:
        """Events that follow number `after`, as they come, without a gap.

        None stands for a while in which nothing happened.
        """
        while True:
            found = await asyncio.to_thread(self._store.events, after, None, PAGE)
            for event in found:
                after = event.seq
                yield event
            if not found and not await self._wait(after):
                yield None

    async def _wait(self, after: int) -> bool:
        async with self._changed:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._changed.wait_for(lambda: self._seq > after)
                    return True
        return False
