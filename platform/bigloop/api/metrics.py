"""What a Prometheus server reads: trials, money, age of the queue, durations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bigloop.contracts import Trial, TrialState
from bigloop.db import Store

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The registry of one server: the store is read at every scrape.

    Args:
        store: whose campaigns are told.
    """

    def __init__(self, store: Store) -> None:
        from prometheus_client import CollectorRegistry, Histogram

        self._store = store
        self.registry: CollectorRegistry = CollectorRegistry()
        self.registry.register(self)
        self.durations = Histogram(
            "bigloop_request_duration_seconds",
            "Time from the request to the start of its answer.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the store; called by the registry."""
        from prometheus_client.core import GaugeMetricFamily as Gauge

        trials = Gauge(
            "bigloop_trials", "Trials by state.", labels=("campaign", "state")
        )
        budget = Gauge(
            "bigloop_budget",
            "Budget in its currency: limit, reserved, spent.",
            labels=("campaign", "currency", "kind"),
        )
        age = Gauge(
            "bigloop_queue_age_seconds",
            "Age of the oldest trial that waits, for a person or for a worker.",
            labels=("campaign", "waits_for"),
        )
        runs = Gauge(
            "bigloop_campaign_running", "1 while it runs.", labels=("campaign",)
        )
        for info in self._store.campaigns():
            name = info.name
            runs.add_metric((name,), float(info.status == "running"))
            counts = self._store.counts(name)
            for state in TrialState:
                trials.add_metric((name, state.value), counts.get(state, 0))
            for currency, account in self._store.ledger(name).items():
                for kind in ("limit", "reserved", "spent"):
                    labels = (name, currency, kind)
                    budget.add_metric(labels, getattr(account, kind))
            for who, state in _WAITS.items():
                age.add_metric((name, who), self._age(name, state))
        last = Gauge("bigloop_last_event", "Number of the last event.")
        last.add_metric((), self._store.last_seq())
        yield from (trials, budget, age, runs, last)

    def _age(self, campaign: str, state: TrialState) -> float:
        """Seconds since the oldest of a state was proposed; 0 when there is none."""
        found: list[Trial] = self._store.trial_page(campaign, states=[state], limit=1)
        now = datetime.now(UTC)
        return max(((now - t.created_at).total_seconds() for t in found), default=0.0)


_WAITS = {"person": TrialState.AWAITING_APPROVAL, "worker": TrialState.APPROVED}


class Timing:
    """Measures how long each request takes until its answer begins.

    Args:
        app: the application.
        metrics: where it is counted, by the pattern of the route and never by its path.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics
        self._patterns: dict[Any, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = self._pattern(scope)
                labels = (scope["method"], route, str(message["status"]))
                if scope["method"] in _METHODS:
                    seconds = time.perf_counter() - began
                    self.metrics.durations.labels(*labels).observe(seconds)
            await send(message)

        await self.app(scope, receive, timed)

    def _pattern(self, scope: Scope) -> str:
        """The path of the route as it was declared; `none` for what is no route."""
        if not self._patterns:
            from fastapi.routing import iter_route_contexts

            found = iter_route_contexts(scope["app"].routes)
            self._patterns = {r.endpoint: r.path or "" for r in found}
        return self._patterns.get(scope.get("endpoint"), "none")


# Whatever word a client sends as a method would be one more series for ever.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE"})
