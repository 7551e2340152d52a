"""Who is logged in, and who tried too often: no events, for they hold secrets."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from bigloop.db.records import Login
from bigloop.db.session import Session
from bigloop.db.tables import logins, tries
from bigloop.db.transaction import Transaction

_ACTOR = "bigloop"
TOUCH_S = 60.0
"""A session is noted as used at most this often [s]."""


class Logins(Session):
    """The part of the store that keeps sessions and failed logins.

    Sessions are known by the hash of the secret that a browser holds.
    """

    def open_login(self, id_: str, person: str, *, data: str = "") -> Login:
        """Begin a session."""
        with self._write(_ACTOR) as tx:
            row = {"id": id_, "person": person, "data": data}
            moments = {"made_at": tx.at, "seen_at": tx.at}
            tx.conn.execute(sa.insert(logins), [{**row, **moments}])
            return Login(person=person, data=data, **moments)

    def login(self, id_: str, idle_s: float, longest_s: float) -> Login | None:
        """A session that lasts, and note that it is used; none when it has ended.

        Args:
            id_: hash of its secret.
            idle_s: how long it may be unused [s].
            longest_s: how long it may last at all [s].
        """
        now = self._clock()
        with self._read() as conn:
            row = conn.execute(sa.select(logins).where(logins.c.id == id_)).first()
        if row is None or _is_over(row.made_at, row.seen_at, now, idle_s, longest_s):
            return None
        if now - row.seen_at > timedelta(seconds=TOUCH_S):
            with self._write(_ACTOR) as tx:
                mine = sa.update(logins).where(logins.c.id == id_)
                tx.conn.execute(mine.values(seen_at=tx.at))
        fields = row._asdict()
        del fields["id"]
        return Login(**fields)

    def close_login(self, id_: str) -> None:
        """End a session; one that is over is no error."""
        with self._write(_ACTOR) as tx:
            tx.conn.execute(sa.delete(logins).where(logins.c.id == id_))

    def forget_logins(self, idle_s: float, longest_s: float) -> int:
        """Remove sessions and counts that are over; how many sessions."""
        with self._write(_ACTOR) as tx:
            idle = tx.at - timedelta(seconds=idle_s)
            oldest = tx.at - timedelta(seconds=longest_s)
            over = sa.or_(logins.c.seen_at < idle, logins.c.made_at < oldest)
            gone = tx.conn.execute(sa.delete(logins).where(over)).rowcount
            tx.conn.execute(sa.delete(tries).where(tries.c.until < tx.at))
            return gone

    def tried(self, who: str) -> tuple[int, datetime | None]:
        """How often somebody failed of late, and until when that counts."""
        now = self._clock()
        with self._read() as conn:
            row = conn.execute(sa.select(tries).where(tries.c.who == who)).first()
        if row is None or row.until <= now:
            return 0, None
        return row.n, row.until

    def note_try(self, who: str, most: int, window_s: float) -> datetime | None:
        """Count an attempt before it is made; until when no more are let through.

        Counted in the transaction that checks, so that a hundred at once are a hundred.

        Args:
            who: name or address that is counted.
            most: attempts that are let through within the window.
            window_s: how long an attempt counts [s].
        """
        with self._write(_ACTOR) as tx:
            row = tx.conn.execute(sa.select(tries).where(tries.c.who == who)).first()
            if row is None or row.until <= tx.at:
                _replace(tx, who, 1, tx.at + timedelta(seconds=window_s))
                return None
            if row.n >= most:
                until: datetime = row.until
                return until
            _replace(tx, who, row.n + 1, row.until)
            return None

    def forgive(self, who: str) -> None:
        """Forget the attempts of somebody who got in."""
        with self._write(_ACTOR) as tx:
            tx.conn.execute(sa.delete(tries).where(tries.c.who == who))


def _replace(tx: Transaction, who: str, n: int, until: datetime) -> None:
    tx.conn.execute(sa.delete(tries).where(tries.c.who == who))
    tx.conn.execute(sa.insert(tries), [{"who": who, "n": n, "until": until}])


def _is_over(
    made: datetime, seen: datetime, now: datetime, idle_s: float, longest_s: float
) -> bool:
    idle, age = now - seen, now - made
    return idle > timedelta(seconds=idle_s) or age > timedelta(seconds=longest_s)
