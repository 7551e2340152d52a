"""Approve, reject and edit by keyboard alone, at every width, light and dark."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from bigloop.contracts import TrialState
from bigloop.loop.editing import edit_trial

from .conftest import Seen, Served

pytestmark = pytest.mark.browser
SIZES = {1440: 900, 820: 1180, 390: 844}
Scheme = Literal["light", "dark"]


def opened(
    chromium: Browser, served: Served, width: int, scheme: Scheme = "light"
) -> Seen:
    context = chromium.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme=scheme,
        has_touch=width < 900,
    )
    context.set_default_timeout(20_000)
    return Seen(context, served.base)


def violations(page: Page) -> list[str]:
    found: Any = Axe().run(page)
    return [
        f"{v['id']}: {node['html'][:120]} {node['failureSummary'][:160]}"
        for v in found.response["violations"]
        for node in v["nodes"]
    ]


def small_targets(page: Page) -> list[str]:
    """What can be pressed and is smaller than a gloved finger."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(
             "button, summary, input:not([type=hidden]), select, nav a, h2 a, td a")]
           .filter(e => e.checkVisibility())
           .map(e => [e, e.getBoundingClientRect()])
           .filter(([e, r]) => r.width && (r.height < 44 || r.width < 44))
           .map(([e, r]) => `${e.outerHTML.slice(0, 80)} ${r.width} x ${r.height}`)"""
    )
    return found


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1440, "light"),
        (820, "dark"),
        (390, "light"),
        pytest.param(1440, "dark", marks=pytest.mark.slow),
        pytest.param(820, "light", marks=pytest.mark.slow),
        pytest.param(390, "dark", marks=pytest.mark.slow),
    ],
)
def test_approve_reject_and_edit_by_keyboard_alone(
    chromium: Browser, served: Served, width: int, scheme: Scheme
) -> None:
    seen = opened(chromium, served, width, scheme)
    page = seen.go("/c/demo")
    ids = [t.id for t in served.store.trials("demo", [TrialState.AWAITING_APPROVAL])]
    expect(page.locator("[data-key]")).to_have_count(4)
    assert violations(page) == []
    if width < 900:
        assert small_targets(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    # What nobody knows the end of comes first.
    for key in ("j", "j", "a", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(f"#t-{ids[0]}")).to_contain_text("approved")

    page.locator(f"#t-{ids[1]}").focus()
    page.keyboard.press("i")
    expect(page.locator(f"#t-{ids[1]} .answer")).to_contain_text("Would reserve")
    page.keyboard.press("r")
    page.keyboard.type("no cells <b>left</b>")
    page.keyboard.press("Enter")
    expect(page.locator(f"#t-{ids[1]}")).to_contain_text("no cells <b>left</b>")

    page.locator(f"#t-{ids[2]}").focus()
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type("3.25")
    expect(page.locator(f"#t-{ids[2]} .preview")).to_contain_text("score")
    assert violations(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("nearer to the middle")
    page.keyboard.press("Enter")
    expect(page.locator(f"#t-{ids[2]}")).to_contain_text("it waits in the queue")
    expect(page.locator("[data-key]")).to_have_count(2)

    states = [served.store.trial(i).state for i in ids]
    assert states == ["approved", "rejected", "cancelled", "awaiting_approval"]
    (new,) = [t for t in served.store.trials("demo") if t.proposal.replaces == ids[2]]
    assert new.proposal.design["rate"] == 3.25
    assert seen.troubles == []
    assert len(seen.hosts) == 1


def test_several_are_approved_within_an_amount(
    chromium: Browser, served: Served
) -> None:
    seen = opened(chromium, served, 390)
    page = seen.go("/c/demo")
    several = page.locator("[data-several]")
    several.locator("summary").first.press("Enter")
    several.locator("input[name=up_to_cell_cycle]").press_sequentially("5100")
    expect(page.locator("#fitting")).to_contain_text("Together 5,000 cell-cycles")
    expect(page.locator("#fitting")).to_contain_text("2 more do not fit")
    assert violations(page) == []
    page.locator("#fitting button").press("Enter")
    expect(page.locator("#fitting")).to_contain_text("2 trials sent")
    expect(page.locator("[data-key]")).to_have_count(2)
    states = [t.state for t in served.store.trials("demo")]
    assert states.count(TrialState.AWAITING_APPROVAL) == 2
    assert seen.troubles == []


def test_what_waits_anew_appears_by_itself(chromium: Browser, served: Served) -> None:
    seen = opened(chromium, served, 820)
    page = seen.go("/c/demo")
    expect(page).to_have_title(re.compile("^4 waiting"))
    old = served.store.trials("demo", [TrialState.AWAITING_APPROVAL])[0]
    new = edit_trial(served.store, old.id, {"rate": 2.5}, None, "bob", "slower")
    expect(page.locator(f"#t-{new.id} h2")).to_contain_text(f"#{new.proposal.number}")
    expect(page.locator(f"#t-{old.id}")).to_contain_text("by bob")
    expect(page.locator(".tabs .count")).to_have_text("5")
    assert seen.troubles == []


def test_a_decision_in_one_tab_is_seen_in_the_other(
    chromium: Browser, served: Served
) -> None:
    one, other = (opened(chromium, served, 1440) for _ in range(2))
    (id_, next_) = [
        t.id for t in served.store.trials("demo", [TrialState.AWAITING_APPROVAL])
    ][:2]
    one.go("/c/demo")
    other.go("/c/demo")
    field = other.page.locator(f"#t-{next_} [data-act=r]")
    field.locator("summary").click()
    field.locator("input[name=reason]").fill("half a sentence")
    one.page.locator(f"#t-{id_} button[data-act=a]").click()
    expect(other.page.locator(f"#t-{id_}")).to_contain_text("approved")
    expect(other.page.locator(f"#t-{id_}")).to_contain_text("by ann")
    # What was being typed is there, and so is the focus.
    expect(field.locator("input[name=reason]")).to_have_value("half a sentence")
    expect(field.locator("input[name=reason]")).to_be_focused()
    assert one.troubles + other.troubles == []


def test_who_lost_the_race_is_told_who_was_faster(
    chromium: Browser, served: Served
) -> None:
    seen = opened(chromium, served, 820)
    page = seen.go("/c/demo")
    id_ = served.store.trials("demo", [TrialState.AWAITING_APPROVAL])[0].id
    # The news is held up, as on a slow line: the page still shows the trial.
    page.route(re.compile(r"/c/demo$"), lambda route: None)
    page.route(re.compile(r"/line$"), lambda route: None)
    served.store.reject(id_, "bob", "the holder is broken")
    page.locator(f"#t-{id_} button[data-act=a]").click()
    expect(page.locator(f"#t-{id_}")).to_contain_text("somebody was faster")
    expect(page.locator(f"#t-{id_}")).to_contain_text("by bob")
    assert [t for t in seen.troubles if "status of 409" not in t] == []


def test_the_keys_are_listed_and_the_list_closes(
    chromium: Browser, served: Served
) -> None:
    page = opened(chromium, served, 1440).go("/c/demo")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
