"""MLflow as a consumer of the store's events: tracking that can fail and catch up."""

from bigloop.tracking.feed import EventSource, TrackingFeed
from bigloop.tracking.tracker import Tracker
from bigloop.tracking.training_run import TrainingRun

__all__ = ["EventSource", "Tracker", "TrackingFeed", "TrainingRun"]
