"""Ionic transport on images: finite volumes and random walks."""

from bigloop.simulators.transport.conduction import Conduction, conduct, tortuosity
from bigloop.simulators.transport.dual import Continuum, conduct_continuum
from bigloop.simulators.transport.walk import Walk, walk

__all__ = [
    "Conduction",
    "Continuum",
    "Walk",
    "conduct",
    "conduct_continuum",
    "tortuosity",
    "walk",
]
