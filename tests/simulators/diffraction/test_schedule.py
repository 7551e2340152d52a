"""Sequences are read as written, or refused with the place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigloop.contracts import SpecError
from bigloop.simulators.diffraction import Step, parse


def test_the_published_sequence() -> None:
    steps = parse("3*(20*ER+180*HIO)+20*ER")
    assert steps[:2] == [Step("ER", 20), Step("HIO", 180)]
    assert sum(s.n for s in steps) == 620
    assert len(steps) == 7


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("ER", 1),
        (" 2 * ( hio + ER ) ", 4),
        ("2*(3*(ER+2*RAAR))", 18),
        ("5*ER+5*ER", 10),
    ],
)
def test_sequences(text: str, n: int) -> None:
    assert sum(s.n for s in parse(text)) == n


def test_neighbours_are_joined() -> None:
    assert parse("2*(ER+ER)+ER") == [Step("ER", 5)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the end"),
        ("20ER", r"expected `\*`"),
        ("20*", "the end"),
        ("3*(20*ER", r"`\+` or `\)`"),
        ("20*SF", "'SF'"),
        ("0*ER", "from 1"),
        ("-3*ER", "'-'"),
        ("20*ER)", r"'\)'"),
        ("2.5*ER", r"'\.'"),
        ("99999*(99999*ER)", "iterations"),
        ("99999*(ER+HIO)", "at most"),
    ],
)
def test_wrong_sequences(text: str, says: str) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@given(st.text(alphabet="123*()+ERHIOA ", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        steps = parse(text)
    except SpecError:
        return
    assert all(step.n >= 1 for step in steps)
