"""Fifty texts that want to run in a browser, where they go, and how they would show."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from typing import Any

MARK = "x7q"
"""Stands in every tag and attribute of the texts, and in nothing of ours."""
_BREAKS = ("\"'>", "</script></style></title></textarea></svg>--> ]]>")
_SHAPES = (
    f"<script {MARK}>alert(1)</script>",
    f"<img {MARK} src=x onerror=alert(1)>",
    f"<svg {MARK} onload=alert(1)>",
    f"<body {MARK} onload=alert(1)>",
    f"<iframe {MARK} srcdoc='<script>parent.alert(1)</script>'></iframe>",
    f"<iframe {MARK} src=javascript:parent.alert(1)></iframe>",
    f"<details {MARK} open ontoggle=alert(1)>",
    f"<input {MARK} autofocus onfocus=alert(1)>",
    f"<a {MARK} href=javascript:alert(1)>x</a>",
    f"<style {MARK}>*{{background:url(//{MARK}.example)}}</style>",
    f"<link {MARK} rel=stylesheet href=//{MARK}.example>",
    f"<base {MARK} href=//{MARK}.example>",
    f"<meta {MARK} http-equiv=refresh content='0;url=javascript:alert(1)'>",
    f"<object {MARK} data=javascript:alert(1)></object>",
    f"<embed {MARK} src=javascript:alert(1)>",
    f"<math {MARK}><mtext><img {MARK} src=x onerror=alert(1)></math>",
    f"<template {MARK}><img {MARK} src=x onerror=alert(1)></template>",
    f"<b {MARK} hx-on:load=alert(1) hx-get=/ hx-trigger=load>",
    f"<form {MARK} action=javascript:alert(1)><button {MARK}>x</button></form>",
    f"<video {MARK}><source {MARK} onerror=alert(1)></video>",
    f"<marquee {MARK} onstart=alert(1)>",
    f" {MARK} onmouseover=alert(1) autofocus onfocus=alert(1) y=",
    f"{{{{ self.__init__ }}}}{{% raw %}}<b {MARK}>${{alert(1)}}",
    f"javascript:alert(1)//{MARK}",
    f"\\u003cscript {MARK}\\u003ealert(1)\\u003c/script\\u003e",
)
STRINGS = [f"{start}{shape}" for start, shape in product(_BREAKS, _SHAPES)]
ATTACK = " ".join(STRINGS)

_ADDRESSES = ("href", "src", "action", "formaction", "data", "hx-get", "hx-post")
_RUNS = ("javascript:", "vbscript:", "data:", "//")


class _Page(HTMLParser):
    """What of a page is not ours, or would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside, self._data = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if any(MARK in word for word in (tag, *given)):
            self.found.append(f"<{tag} {given}")
        for name, value in given.items():
            address = "".join(value.split()).lower()
            is_run = name in _ADDRESSES and address.startswith(_RUNS)
            if name.startswith(("on", "hx-on", "srcdoc")) or is_run:
                self.found.append(f"{name}={value[:80]}")
        is_data = given.get("type") == "application/json"
        if tag == "script" and not is_data and "/static/" not in given.get("src", ""):
            self.found.append(f"<script {given}")
        self._inside = tag if tag in ("script", "style") else ""
        self._data = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._data += data

    def handle_endtag(self, tag: str) -> None:
        if tag != self._inside:
            return
        if tag == "style" and MARK in self._data:
            self.found.append("style")
        if tag == "script" and self._data and not _is_json(self._data):
            self.found.append(f"script: {self._data[:80]}")
        self._inside = ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def dangers(html: str) -> list[str]:
    """What in a page would run, or is a tag or an attribute that a text made."""
    page = _Page()
    page.feed(html)
    page.close()
    return page.found


Schema = dict[str, Any]


def leaves(schema: Schema, root: Schema, at: str = "") -> Iterator[str]:
    """Every place for free text in a JSON schema: properties, items, keys, values."""
    for option in _options(schema, root):
        if _is_text(option):
            yield at
        if option.get("type") == "array":
            yield from leaves(option["items"], root, f"{at}[]")
        for name, part in option.get("properties", {}).items():
            yield from leaves(part, root, f"{at}.{name}".lstrip("."))
        if (more := option.get("additionalProperties")) not in (None, False):
            yield f"{at}{{key}}"
            yield from leaves({} if more is True else more, root, f"{at}{{}}")


def places(
    schema: Schema, root: Schema, value: Any, at: str = ""
) -> Iterator[tuple[str, Any]]:
    """Where an example has text at those places: place, and the text."""
    for option in _options(schema, root):
        kind = option.get("type")
        if isinstance(value, str) and _is_text(option):
            yield at, value
        elif isinstance(value, list | tuple) and kind == "array":
            for item in value:
                yield from places(option["items"], root, item, f"{at}[]")
        elif isinstance(value, dict):
            known = option.get("properties", {})
            more = option.get("additionalProperties")
            for name, item in value.items():
                if name in known:
                    inner = f"{at}.{name}".lstrip(".")
                    yield from places(known[name], root, item, inner)
                elif more not in (None, False):
                    yield f"{at}{{key}}", name
                    part = {} if more is True else more
                    yield from places(part, root, item, f"{at}{{}}")


def injected(
    schema: Schema, root: Schema, value: Any, text: str, where: set[str], at: str = ""
) -> Any:
    """The example, with a text at some places."""
    for option in _options(schema, root):
        kind = option.get("type")
        if isinstance(value, str) and _is_text(option):
            return text if at in where else value
        if isinstance(value, list | tuple) and kind == "array":
            inner = f"{at}[]"
            return [
                injected(option["items"], root, v, text, where, inner) for v in value
            ]
        if isinstance(value, dict) and kind == "object":
            return _object(option, root, value, text, where, at)
    return copy.deepcopy(value)


def _object(
    option: Schema, root: Schema, value: Any, text: str, where: set[str], at: str
) -> Any:
    known, more = option.get("properties", {}), option.get("additionalProperties")
    made = {}
    for name, item in value.items():
        if name in known:
            inner = f"{at}.{name}".lstrip(".")
            made[name] = injected(known[name], root, item, text, where, inner)
        else:
            part = {} if more in (True, None) else more
            key = f"{text}{len(made)}" if f"{at}{{key}}" in where else name
            made[key] = injected(part, root, item, text, where, f"{at}{{}}")
    return made


def _options(schema: Schema, root: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        found: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    inner = schema.get("anyOf") or schema.get("oneOf")
    if inner and "properties" not in schema:
        for option in inner:
            yield from _options(option, root)
    else:
        yield schema


def _is_text(option: Schema) -> bool:
    is_free = "type" not in option and not option.keys() & {"enum", "const"}
    is_text = option.get("type") == "string" and not option.keys() & {"enum", "const"}
    return is_free or is_text
