"""Ionic transport on images: finite volumes and random walks."""

from bigloop.simulators.transport.conduction import Conduction, conduct, tortuosity

__all__ = ["Conduction", "conduct", "tortuosity"]
