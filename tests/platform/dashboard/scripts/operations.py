"""Every operation of the API that takes text: a valid example of what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from bigloop.api.app import document
from bigloop.loop.sheet import sheet_bytes, sheet_of

from .attack import ATTACK, STRINGS, injected, leaves, places
from .examples import (
    CAMPAIGN,
    CAMPAIGN_KEPT,
    OUTCOME,
    OUTCOME_KEPT,
    PAST,
    RESULT,
    RESULT_KEPT,
    SEVERAL,
    SEVERAL_KEPT,
    SOLVENT,
    below,
)
from .scene import APPROVE, PASSWORD, Make, Scene, filled

API = "/api/v1"
C, T = f"{API}/campaigns/{{campaign}}", f"{API}/trials/{{trial}}"
ROOT = document()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What is sent to one operation.

    Attributes:
        body: valid, with a text wherever one may stand.
        other: another one, where no one document can say everything.
        kept: places where only known words are taken; anything else is refused.
        where: makes what it is sent to.
    """

    body: dict[str, Any]
    other: dict[str, Any] | None = None
    kept: set[str] = field(default_factory=set)
    where: Make = lambda _: {"campaign": "evil"}


def _waiting(scene: Scene) -> dict[str, Any]:
    return scene.waiting()


def _claimed(scene: Scene) -> dict[str, Any]:
    return scene.claimed(is_running=False)


def _running(scene: Scene) -> dict[str, Any]:
    return scene.claimed(is_running=True)


def _held(scene: Scene) -> dict[str, Any]:
    where = scene.waiting()
    scene.store.hold(where["trial"], "ada", "held")
    return where


def _paused(scene: Scene) -> dict[str, Any]:
    scene.store.set_status("evil", "paused", "paused", "ada")
    return {"campaign": "evil"}


# What a campaign may say, and what none could be worked with that says it.
LIMIT = {"expression": "rate", "unit": "1/hour", "at_most": 5.9}
MORE = {
    "candidates": "full",
    "agent_options": {"option": "value"},
    "limits": {"limit_0": {**LIMIT, "description": "why", "trial": "t", "by": "ada"}},
}
LIMITS_KEPT = {"limits{key}", "limits{}.expression", "limits{}.unit"}
LOADED = {"agent", "predictor.model", "sources{}.lab", "sources{}.simulator"}
"""Names of entry points: another machine may have them, so any text is taken."""
WHY = Example(body={"reason": "why"})
REASON = Example(body={"reason": "why"}, where=_waiting)
WORKER = {"worker": "arm"}
EXAMPLES: dict[str, Example] = {
    f"put {C}": Example(
        body=CAMPAIGN | MORE,
        other=SEVERAL,
        kept=CAMPAIGN_KEPT - LOADED | LIMITS_KEPT | SEVERAL_KEPT,
    ),
    f"post {C}/pause": WHY,
    f"post {C}/resume": Example(body=WHY.body, where=_paused),
    f"post {T}/approve": REASON,
    f"post {T}/reject": Example(
        body={"reason": "why", "limit": "rate <= 4/hour"},
        kept={"limit"},
        where=Scene.fast,
    ),
    f"post {C}/limits/{{limit}}/revoke": Example(body=WHY.body, where=Scene.limited),
    f"post {T}/cancel": REASON,
    f"post {T}/hold": REASON,
    f"post {T}/unhold": Example(body=REASON.body, where=_held),
    f"post {T}/rank": Example(body={"priority": 3, "reason": "why"}, where=_waiting),
    f"post {T}/edit": Example(
        body={"reason": "why", "values": {"rate": 2.5, "salt": "LiPF6"}},
        kept={"values{key}"},
        where=_waiting,
    ),
    f"post {T}/resolve": Example(
        body={"reason": "why", "outcome": OUTCOME, "ticked": ["clear the bench"]},
        kept=below("outcome", OUTCOME_KEPT),
        where=Scene.lost,
    ),
    f"post {API}/claims": Example(
        body=WORKER | {"sources": ["full"], "campaign": "evil"}, kept={"worker"}
    ),
    f"post {T}/attempts": Example(body=WORKER, kept={"worker"}, where=Scene.silent),
    f"post {T}/attempts/{{token}}/start": Example(
        body={"worker": ""}, kept={"worker"}, where=_claimed
    ),
    f"post {T}/attempts/{{token}}/heartbeat": Example(
        body={"worker": ""}, kept={"worker"}, where=_running
    ),
    f"post {T}/attempts/{{token}}/release": Example(
        body={"worker": ""}, kept={"worker"}, where=_claimed
    ),
    f"post {T}/attempts/{{token}}/complete": Example(
        body={"worker": "", "result": RESULT},
        kept={"worker"} | below("result", RESULT_KEPT),
        where=_running,
    ),
    f"post {T}/attempts/{{token}}/lose": Example(
        body={"worker": "", "reason": "why"}, kept={"worker"}, where=_running
    ),
    f"post {C}/observations": Example(
        body=PAST,
        kept={
            "rows[].source",
            "rows[].design{key}",
            "rows[].measurement.observable",
            "rows[].measurement.unit",
        },
    ),
    f"post {API}/people": Example(
        body={"name": "eve", "role": "viewer", "password": PASSWORD}, kept={"name"}
    ),
    f"put {API}/people/{{name}}/role": Example(
        body={"role": "operator"}, where=lambda _: {"name": "vic"}
    ),
    f"put {API}/people/{{name}}/password": Example(
        body={"password": PASSWORD}, where=lambda _: {"name": "vic"}
    ),
    f"post {API}/tokens": Example(body={"role": "viewer", "label": "what for"}),
    # Last: they end the campaign, and the session.
    f"post {C}/stop": WHY,
    f"post {C}/abort": WHY,
    f"post {API}/me/password": Example(
        body={"password": PASSWORD, "old": PASSWORD}, kept={"old"}
    ),
}


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Operations with a JSON body, and its schema; in the order of the examples."""
    found = {}
    for path, methods in ROOT["paths"].items():
        for method, said in methods.items():
            content = said.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                name = f"{method} {path}"
                found[name] = content["application/json"]["schema"]
    known = list(EXAMPLES)
    for name in sorted(found, key=lambda n: known.index(n) if n in known else -1):
        yield name, found[name]


def send(scene: Scene, name: str, schema: dict[str, Any]) -> list[str]:
    """Put scripts wherever an operation takes text; what was not as it should be."""
    if name not in EXAMPLES:
        return [f"{name}: write an example of its body in EXAMPLES"]
    example = EXAMPLES[name]
    every = set(leaves(schema, ROOT))
    valid = [body for body in (example.other, example.body) if body is not None]
    seen = {p: body for body in valid for p, _ in places(schema, ROOT, body)}
    if every - seen.keys():
        return [f"{name}: the example lacks {sorted(every - seen.keys())}"]
    wrong = []
    method, _, path = name.partition(" ")
    address = filled(path, example.where(scene))
    for place in sorted(example.kept & every):
        body = injected(schema, ROOT, seen[place], ATTACK, {place})
        answer = scene.ada.request(method, address, json=body)
        if not 400 <= answer.status_code < 500:
            wrong.append(f"{name}: {place} took a script ({answer.status_code})")
    for text, given in product(_texts(name), valid):
        body = injected(schema, ROOT, given, text, every - example.kept)
        answer = scene.ada.request(method, address, json=body)
        if answer.status_code not in (200, 204):
            wrong.append(f"{name}: {answer.status_code} {answer.text[:300]}")
        if "json" not in answer.headers.get("content-type", "json"):
            wrong.append(f"{name}: answers {answer.headers['content-type']}")
    return wrong


def _texts(name: str) -> list[str]:
    """All at once; one by one where a text has to be short."""
    if name.endswith("/tokens"):
        return STRINGS
    return [OWN if name.endswith(("/password", "/people")) else ATTACK]


OWN = ATTACK[:1000]
"""The password that ada has after all that."""


def write_all(scene: Scene) -> list[str]:
    """Put scripts wherever the API takes text, then let the campaign go on."""
    wrong = files(scene)
    for name, schema in bodies():
        wrong += send(scene, name, schema)
    scene.ada = scene.entered("ada", OWN)
    scene.store.revise(scene.spec, "ada")
    scene.store.set_status("evil", "running", "on", "ada")
    return wrong


def files(scene: Scene) -> list[str]:
    """Names and kinds of files, and what stands in sheets; what went wrong."""
    wrong = []
    for text in STRINGS:
        given = {"name": text, "trial": scene.store.trials("evil")[0].id}
        there = f"{API}/campaigns/evil/artifacts"
        kind = {"Content-Type": text, "Idempotency-Key": text}
        answer = scene.ada.post(there, params=given, content=text, headers=kind)
        if answer.status_code != 200:
            wrong.append(f"artifact: {answer.text}")
    return wrong + _batch(scene) + _history(scene)


def _batch(scene: Scene) -> list[str]:
    for _ in range(2):
        scene.proposed(APPROVE)
    there = f"{API}/campaigns/evil/batch"
    taken = scene.ada.post(there, params={"n": 2})
    header, rows = sheet_of("batch.csv", taken.content).header, []
    for number, (_, cells) in enumerate(sheet_of("batch.csv", taken.content).rows):
        row = dict(zip(header, cells, strict=True)) | {"message": ATTACK}
        done = {"life [cycle]": "70", "done_age": "9", "done_specimen": ATTACK}
        rows.append(row | (done if number else {"failure": "chemistry"}))
    content = sheet_bytes(".csv", list(header), rows)
    answer = _put(scene, f"{there}/results", content, preview=False)
    wrong = (
        []
        if answer.status_code == 200 and answer.json()["written"] == 2
        else [f"batch: {taken.status_code} {answer.text}"]
    )
    return wrong + _refused(scene, f"{there}/results", list(header))


def _history(scene: Scene) -> list[str]:
    there = f"{API}/campaigns/evil/observations/sheet"
    row = {"rate [1/hour]": 2, "salt": ATTACK, "specimen": ATTACK, "batch": ATTACK}
    row |= SOLVENT
    row |= {"source": "full", "life [cycle]": 50}
    content = sheet_bytes(".csv", list(row), [row])
    answer = _put(scene, there, content, preview=False)
    wrong = [] if answer.status_code == 200 and answer.json()["new"] else [answer.text]
    return wrong + _refused(scene, there, list(row))


def _refused(scene: Scene, there: str, columns: list[str]) -> list[str]:
    """A sheet of nothing but scripts, in its head too."""
    rows = [dict.fromkeys(columns, ATTACK)]
    heads = [dict.fromkeys(columns, ATTACK)]
    found = []
    for content in (
        sheet_bytes(".csv", columns, rows),
        sheet_bytes(".csv", [*columns, ATTACK], [*heads, *rows]),
    ):
        answer = _put(scene, there, content)
        if answer.status_code >= 500 or "json" not in answer.headers["content-type"]:
            found.append(f"{there}: {answer.status_code}")
    return found


def _put(scene: Scene, there: str, content: bytes, **given: Any) -> Any:
    kind = {"Content-Type": "text/csv"}
    return scene.ada.post(there, params=given, content=content, headers=kind)
