"""The chain of events: one head, no gap, each event hashed with the one before."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from json.encoder import encode_basestring as _quoted
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import Event, StoreError, canonical_json
from bigloop.db.prepared import Prepared
from bigloop.db.tables import chain

_READER = json.JSONDecoder()


def event_hash(event: Event) -> str:
    """SHA-256 over everything that an event says, and the hash before it."""
    said = dict(event)
    del said["hash"]
    return _digest({**said, "data": canonical_json(event.data)})


def linked(**said: Any) -> Event:
    """A new event from all its fields but `hash`; its `data` is canonical JSON."""
    # Handlers see what a replay will see.
    data, _ = _READER.raw_decode(said["data"])
    return Event(**{**said, "data": data, "hash": _digest(said)})


def _digest(said: dict[str, Any]) -> str:
    """Of the canonical JSON of all fields, in which `data`, a text, is spliced in."""
    at = said["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = (
        f'{{"actor":{_quoted(said["actor"])},"at":"{at}"'
        f',"campaign":{_quoted(said["campaign"])},"data":{said["data"]}'
        f',"kind":{_quoted(said["kind"])},"previous":{_quoted(said["previous"])}'
        f',"seq":{said["seq"]},"subject":{_quoted(said["subject"])}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


_HEAD = Prepared(sa.select(chain.c.seq, chain.c.hash).with_for_update())


def lock_head(conn: sa.Connection) -> tuple[int, str]:
    """Number and hash of the last event; other writers wait until we commit."""
    row = _HEAD.first(conn)
    if row is None:
        raise StoreError("the chain has lost its head; restore the last backup")
    return row.seq, row.hash
