"""What is installed under the entry points, in one line each."""

from __future__ import annotations

import ast
import importlib.util
import inspect
from importlib.metadata import EntryPoint
from pathlib import Path

from bigloop.contracts import Document, plugins


class Plugin(Document):
    """An entry point, described without importing what is heavy."""

    group: str
    name: str
    kind: str
    package: str
    value: str
    summary: str


def describe(group: str, name: str) -> Plugin:
    """The first line of its docstring, read from the source: torch stays unloaded."""
    point = next(p for p in plugins.points(group) if p.name == name)
    text = _source(point)
    return Plugin(
        group=group,
        name=name,
        kind=_kind(group, text),
        package=point.dist.name if point.dist else "",
        value=point.value,
        summary=_docstring(text, point.attr.split(".")[0]),
    )


def _source(point: EntryPoint) -> str:
    """The source of the module that defines the object, through one re-export."""
    parts = point.module.split(".")
    # Only the parent of the module would be imported; ours are empty or light.
    spec = importlib.util.find_spec(point.module) if len(parts) > 1 else None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return ""
    text = Path(spec.origin).read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if point.attr in {alias.name for alias in node.names}:
            inner = importlib.util.find_spec(node.module)
            if inner is not None and inner.origin:
                return Path(inner.origin).read_text(encoding="utf-8")
    return text


def _docstring(text: str, attribute: str) -> str:
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == attribute:
            return inspect.cleandoc(ast.get_docstring(node) or "").split("\n")[0]
    return ""


def _kind(group: str, text: str) -> str:
    if group != "simulators":
        return group.rstrip("s")
    return "lab" if "def recover(" in text else "simulator"
