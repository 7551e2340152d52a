"""Every form of the pages, found in the pages themselves, filled in with scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import product
from typing import Any

from fastapi.routing import iter_route_contexts

from bigloop.loop.sheet import sheet_bytes

from .attack import ATTACK, MARK, STRINGS, dangers
from .scene import HOST, Scene, filled

REFUSED = {
    "priority",
    "set_rate",
    "set_EC",
    "set_DMC",
    "until",
    "name",
    "password",
    "limit",
    "value_life",
    "age",
    "n",
    "days",
}
"""Fields that take numbers, or only what is known; any other takes text."""
_UNSEEN = {"/t/{trial}/approve": ["reason"], "/c/{campaign}/approve": ["reason"]}
"""What is taken with a form though the form does not ask for it."""
_KINDS = {
    "/t/{trial}/resolve": Scene.lost,
    "/t/{trial}/cancel": Scene.approved,
    "/c/{campaign}/bench/take": Scene.approved,
}
"""Forms that are there for a trial of another state than waiting."""
PAID = {"up_to_EUR": "9", "up_to_cell_cycle": "9"}
SHEET = sheet_bytes(
    ".csv",
    ["trial", "token", "failure", "message", STRINGS[2]],
    [{"trial": STRINGS[0], "token": STRINGS[1], "message": STRINGS[3]}],
)
"""What is sent where a file is asked for."""
_TEXT = ("text", "search", "password", "")


@dataclass(slots=True)
class Form:
    """A form of a page.

    Attributes:
        fields: name and value, as a browser would send them untouched.
        texts: names of the fields into which a person can type, or put a file.
        files: those for a file.
        method: `post` or `get`.
    """

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.form: Form | None = None
        self.select, self.is_chosen = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = given.get("method", "get")
            action = given.get("action") or given.get("hx-get", "")
            self.form = Form(action, method)
            self.found.append(self.form)
        if self.form is None or not (name := given.get("name") or self.select):
            return
        value = given.get("value", "")
        if tag == "select":
            self.select = name
        elif tag == "option":
            is_first = self.select not in self.form.fields
            self.is_chosen = is_first or "selected" in given
            if self.is_chosen:
                self.form.fields[self.select] = value
        elif tag == "button":
            self.form.fields.setdefault(name, value)
        elif given.get("type") == "file":
            self.form.files.append(name)
            self.form.texts.append(name)
        elif tag in ("input", "textarea"):
            self.form.fields[name] = value
            if tag == "textarea" or given.get("type", "") in _TEXT:
                self.form.texts.append(name)

    def handle_data(self, data: str) -> None:
        # The value of an option that states none.
        if self.form and self.is_chosen and not self.form.fields[self.select]:
            self.form.fields[self.select] = data
        self.is_chosen = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        elif tag == "form":
            self.form = None


def forms(html: str) -> list[Form]:
    """All forms of a page."""
    page = _Forms()
    page.feed(html)
    return page.found


def page_routes(scene: Scene, method: str) -> list[Any]:
    """Routes of the pages."""
    found = []
    for context in iter_route_contexts(scene.app.routes):
        path = context.path or ""
        is_ours = not path.startswith(("/api/", "/static", "/healthz", "/metrics"))
        if is_ours and method in (context.methods or ()):
            found.append(context)
    return found


def places(scene: Scene, target: str = "") -> dict[str, Any]:
    """Something that there is, for each part of an address.

    Args:
        scene: where.
        target: of the form that is wanted; the trial is one for which there is it.
    """
    known = {"seq": 1, "model": ATTACK[:40], "sha256": "ab" * 32}
    known |= scene.waiting()
    make = _KINDS.get(target)
    return known | (make(scene) if make else {})


def addresses(scene: Scene) -> list[str]:
    """Routes of pages that can be asked for, UMAP's minute left out."""
    skipped = ("/login/oidc", "/mlflow", "/umap", ".jsonl")
    every = [context.path for context in page_routes(scene, "GET")]
    return [path for path in every if not any(word in path for word in skipped)]


def every_address(scene: Scene) -> list[str]:
    """Every page of everything that there is: a trial and an event of each kind."""
    where, store = places(scene), scene.store
    kinds = {event.kind: event.seq for event in store.events(0, None, 10_000)}
    told: dict[Any, str] = {t.state: t.id for t in store.trials("evil")}
    told |= {(t.state, bool(t.spent)): t.id for t in store.trials("evil")}
    found = []
    for path in [*addresses(scene), "/c/{campaign}/umap"]:
        several = [where]
        if "{trial}" in path:
            several = [where | {"trial": trial} for trial in told.values()]
        elif "{seq}" in path:
            several = [where | {"seq": seq} for seq in kinds.values()]
        found += [filled(path, known) for known in several]
    return list(dict.fromkeys(found))


def fields(scene: Scene) -> Iterator[tuple[str, str, str]]:
    """Page, route and name of every field into which a person can type; each once."""
    known: set[tuple[str, str]] = set()
    targets = [context.path for context in page_routes(scene, "POST")]
    kinds = [places(scene, wanted) for wanted in ("", *_KINDS)]
    for path, where in product(addresses(scene), kinds):
        if where is not kinds[0] and "{trial}" not in path:
            continue
        html = scene.get(filled(path, where), params=PAID).text
        for form in forms(html):
            if form.method != "post":
                continue
            target = _route(form.action, targets)
            for name in form.texts or _UNSEEN.get(target, []):
                if (target, name) not in known:
                    known.add((target, name))
                    yield path, target, name


def _route(action: str, targets: list[str]) -> str:
    for target in targets:
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", target), action):
            return target
    raise AssertionError(f"{action}: no route takes this form")


def write(scene: Scene, path: str, target: str, name: str) -> list[str]:
    """Type a script into one field and send the form; what was not as it should be."""
    html = scene.get(filled(path, places(scene, target)), params=PAID).text
    targets = [context.path for context in page_routes(scene, "POST")]
    form = next(
        f
        for f in forms(html)
        if f.method == "post"
        and _route(f.action, targets) == target
        and name in (f.texts or _UNSEEN[target])
    )
    proper = {"set_rate": "2.75", "value_life": "700", "age": "10"}
    changed = {k: v for k, v in proper.items() if k in form.fields}
    # A limit goes only with a rejection because of one.
    sent = {k: v or ("because" if k != "limit" else "") for k, v in form.fields.items()}
    sent |= changed
    sent[name] = ATTACK
    sent = {k: v for k, v in sent.items() if k != "hold" or k == name}
    files = dict.fromkeys(form.files, (STRINGS[2], SHEET))
    sent = {k: v for k, v in sent.items() if k not in files}
    answer = scene.ada.post(
        form.action, data=sent, files=files or None, headers={"Origin": HOST}
    )
    found = [f"{target}: {name}: {d}" for d in dangers(answer.text)]
    is_refused = 400 <= answer.status_code < 500
    if answer.status_code >= 500 or is_refused != (name in REFUSED):
        found.append(f"{target}: {name} answers {answer.status_code}")
    if is_refused:
        # What is too long is refused for that; one alone is looked at more closely.
        again = scene.ada.post(form.action, data=sent | {name: STRINGS[0]})
        found += [f"{target}: {name}: {d}" for d in dangers(again.text)]
    if scene.store.campaigns()[0].status != "running":
        scene.store.set_status("evil", "running", "on", "ada")
    return found


def ask(scene: Scene, path: str) -> list[str]:
    """Ask for a page with scripts in its address; what of them would run."""
    names = {"next", "state", "source", "kind", "actor", "text", "x", "y", "x_goal"}
    names |= {
        "y_goal",
        "set_rate",
        "set_salt",
        "set_EC",
        "set_DMC",
        "until",
        "up_to_EUR",
        MARK,
    }
    context = next(c for c in page_routes(scene, "GET") if c.path == path)
    typed = {field.alias for field in _queries(context)}
    found = []
    for some in (names | typed, names):
        # An address has an end: some of them in each field, all of them in all.
        each = {name: " ".join(STRINGS[n::5]) for n, name in enumerate(sorted(some))}
        answer = scene.get(filled(path, places(scene)), params=each)
        if answer.status_code >= 500:
            found.append(f"{path}: {answer.status_code}")
        if "html" in answer.headers.get("content-type", ""):
            found += [f"{path}?: {danger}" for danger in dangers(answer.text)]
    return found


def _queries(context: Any) -> list[Any]:
    found: list[Any] = []
    waiting = [context.dependant]
    while waiting:
        dependant = waiting.pop()
        found += dependant.query_params
        waiting += dependant.dependencies
    return found
