"""How property-based tests run here: a busy machine is no reason to fail."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "bigloop", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("bigloop")
