"""Benchmarks in which more than one output decides."""

from bigloop.bench.several.problem import campaign, load

__all__ = ["campaign", "load"]
