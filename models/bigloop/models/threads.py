"""How many cores the algebra of small matrices gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch on one core: on a busy machine its threads wait for each other.

    Thousands of 5 x 5 factorisations took ten times longer on two contended cores.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
