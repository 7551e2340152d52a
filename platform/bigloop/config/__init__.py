"""One settings tree."""

from bigloop.config.settings import Settings, Webhook

__all__ = ["Settings", "Webhook"]
