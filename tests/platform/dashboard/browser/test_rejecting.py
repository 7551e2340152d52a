"""A no with a limit: typed, refused when it does not fit, shown, revoked."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from bigloop.contracts import Because, TrialState

from .conftest import Served
from .test_journeys import opened, pytestmark, small_targets, violations

__all__ = ["pytestmark"]


def test_a_limit_is_set_and_revoked(chromium: Browser, served: Served) -> None:
    seen = opened(chromium, served, 390)
    page = seen.go("/c/demo")
    asked = served.store.trials("demo", [TrialState.AWAITING_APPROVAL])
    fast = max(asked, key=lambda t: float(t.proposal.design["rate"]))
    rate = float(fast.proposal.design["rate"])
    card = page.locator(f"#t-{fast.id}")
    form = card.locator("[data-act=r]")
    form.locator("summary").press("Enter")
    form.locator("input[name=reason]").fill("the <cycler>'s limit")
    form.locator("select[name=because]").select_option("limit")
    form.locator("input[name=limit]").fill(f"rate <= {rate + 0.1:.2f}/hour")
    assert violations(page) == []
    assert small_targets(page) == []
    form.locator("button").click()
    expect(form.locator(".problem")).to_contain_text("would not exclude")
    form.locator("input[name=limit]").fill(f"rate <= {rate - 0.1:.2f}/hour")
    form.locator("button").click()
    expect(card).to_contain_text("rejected")
    limits = page.locator("#limits")
    expect(limits).to_contain_text("the <cycler>'s limit")
    assert served.store.trial(fast.id).because is Because.LIMIT
    assert violations(page) == []
    limits.locator("summary").press("Enter")
    assert small_targets(page) == []
    limits.locator("input[name=reason]").fill("a new cycler")
    limits.locator("button").click()
    expect(limits).not_to_contain_text("Revoke")
    assert served.store.campaign("demo").limits == {}
    assert [t for t in seen.troubles if "422" not in t] == []
