"""Designs as points of the unit cube, for those peers that work on points."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bigloop.contracts import Design, Parameter


def coordinates(parameters: Mapping[str, Parameter], design: Design) -> list[float]:
    """One coordinate a parameter: 0..1 for a number, the index of a choice."""
    return [
        float(p.choices.index(str(design[name])))
        if p.choices
        else scaled(p, float(design[name]))
        for name, p in parameters.items()
    ]


def encoded(parameters: Mapping[str, Parameter], design: Design) -> list[float]:
    """A point `d` of the unit cube: 0..1 for a number, one column for every choice."""
    point: list[float] = []
    for name, p in parameters.items():
        if p.choices:
            point += [float(choice == design[name]) for choice in p.choices]
        else:
            point.append(scaled(p, float(design[name])))
    return point


def decoded(parameters: Mapping[str, Parameter], point: list[float]) -> Design:
    """The design at a point; of the columns of a choice, the largest counts."""
    design: Design = {}
    left = list(point)
    for name, p in parameters.items():
        if p.choices:
            weights = [left.pop(0) for _ in p.choices]
            design[name] = p.choices[weights.index(max(weights))]
        else:
            design[name] = unscaled(p, left.pop(0))
    return design


def scaled(parameter: Parameter, value: float) -> float:
    """A value as a share of its range, logarithmic where the search is."""
    low, high = _range(parameter)
    return (_on_scale(parameter, value) - low) / (high - low)


def unscaled(parameter: Parameter, share: float) -> float:
    """The value at a share of the range, inside the bounds."""
    low, high = _range(parameter)
    value = low + min(max(share, 0.0), 1.0) * (high - low)
    value = math.exp(value) if parameter.log else value
    return min(max(value, parameter.low or 0.0), parameter.high or 0.0)


def _range(parameter: Parameter) -> tuple[float, float]:
    low, high = parameter.low, parameter.high
    assert low is not None
    assert high is not None
    return _on_scale(parameter, low), _on_scale(parameter, high)


def _on_scale(parameter: Parameter, value: float) -> float:
    return math.log(value) if parameter.log else value
