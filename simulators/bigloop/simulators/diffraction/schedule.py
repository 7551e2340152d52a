"""The sequence of a phasing: `3*(20*ER+180*HIO)+20*ER`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from bigloop.contracts import SpecError

ALGORITHMS = ("ER", "HIO", "RAAR")
MOST = 100_000
_TOKEN = re.compile(r"\s*(\d+|[A-Za-z]+|[*+()])")


@dataclass(frozen=True, slots=True)
class Step:
    """So many iterations of one algorithm."""

    algorithm: str
    n: int


def parse(text: str) -> list[Step]:
    """The steps of a sequence, in order, neighbours of one algorithm joined.

    The grammar: `sum = product ("+" product)*`, `product = [number "*"] (name | "("
    sum ")")`; names are ER, HIO and RAAR.

    Raises:
        SpecError: it cannot be read; names the place and what was expected.
    """
    found = _Reader(text).steps()
    joined = [
        Step(name, sum(step.n for step in run))
        for name, run in groupby(found, key=lambda step: step.algorithm)
    ]
    if (total := sum(step.n for step in joined)) > MOST:
        raise SpecError(f"sequence: {text!r}: {total} iterations: at most {MOST}")
    return joined


class _Reader:
    """A recursive descent over the tokens of one sequence."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def steps(self) -> list[Step]:
        found = self._sum()
        if self._peek():
            raise self._error("`+`, or the end")
        return found

    def _sum(self) -> list[Step]:
        found = self._product()
        while self._peek() == "+":
            self._next()
            found = found + self._product()
        return found

    def _product(self) -> list[Step]:
        times = 1
        if self._peek().isdigit():
            times = int(self._peek())
            if not 1 <= times <= MOST:
                raise self._error(f"a number from 1 to {MOST}")
            self._next()
            if self._peek() != "*":
                raise self._error("`*`")
            self._next()
        if self._peek() == "(":
            return self._group(times)
        if self._peek().upper() not in ALGORITHMS:
            raise self._error(f"a number, `(`, {', '.join(ALGORITHMS)}")
        return [Step(self._next().upper(), times)]

    def _group(self, times: int) -> list[Step]:
        self._next()
        inner = self._sum()
        if self._peek() != ")":
            raise self._error("`+` or `)`")
        self._next()
        if times * len(inner) > MOST:
            raise self._error(f"at most {MOST} steps")
        return inner * times

    def _peek(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found:
            return found[1]
        return self._text[self._at :].strip()[:1]

    def _next(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        assert found is not None, "only what was peeked at is taken"
        self._at = found.end()
        return found[1]

    def _error(self, expected: str) -> SpecError:
        there = repr(self._peek()) if self._peek() else "the end"
        return SpecError(
            f"sequence: {self._text!r}: at position {self._at}: {there}: "
            f"expected {expected}; an example is 3*(20*ER+180*HIO)+20*ER"
        )
