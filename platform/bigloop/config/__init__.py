"""One settings tree."""

from bigloop.config.settings import Settings

__all__ = ["Settings"]
