"""Deciding: what to run next, and what to recommend."""

from bigloop.agents.ax_bridge import from_ax, to_ax
from bigloop.agents.multi_fidelity import MultiFidelityAgent
from bigloop.agents.random_agent import RandomAgent

__all__ = ["MultiFidelityAgent", "RandomAgent", "from_ax", "to_ax"]
