"""Reading campaign files: every problem becomes one line with field and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bigloop.contracts.campaign import Campaign
from bigloop.contracts.errors import SpecError

Model = TypeVar("Model", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, Hashable):
            raise SpecError(f"line {line}: key {key!r} is no text; write a plain key")
        if key in found:
            raise SpecError(f"line {line}: key {key!r} is given twice; remove one")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        SpecError: missing, unreadable, not YAML or not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: cannot be read ({error})") from None
    try:
        data = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}" if where else ""
        problem = getattr(error, "problem", None) or "syntax"
        raise SpecError(f"{path}:{line} is not YAML ({problem})") from None
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None
    except ValueError as error:
        raise SpecError(
            f"{path}: a value cannot be read ({error}); put it in quotes"
        ) from None
    if not isinstance(data, dict):
        raise SpecError(f"{path}: expected 'key: value' lines at the top level")
    return data


def parse(model: type[Model], data: dict[str, Any], where: str) -> Model:
    """Validate `data`.

    Raises:
        SpecError: all problems in one line, each with its field and its value.
    """
    if found := problems(model, data):
        raise SpecError(f"{where}: " + "; ".join(found))
    return model.model_validate(data)


def problems(model: type[BaseModel], data: dict[str, Any]) -> list[str]:
    """What is wrong with `data`, a line a problem with its field and its value."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        return [_problem(model, dict(item)) for item in error.errors()]
    return []


def read_campaign(path: Path) -> Campaign:
    """Read and check a campaign file.

    Raises:
        SpecError: with every problem of the file in one line.
    """
    return parse(Campaign, read_yaml(path), str(path))


def _problem(model: type[BaseModel], item: dict[str, Any]) -> str:
    location = ".".join(str(part) for part in item["loc"] if part != "[key]")
    value = item.get("input")
    if item["type"] == "extra_forbidden":
        return f"{location}: unknown key{_nearest(model, item['loc'])}"
    if item["type"] == "missing":
        return f"{location}: is missing; add it"
    message = str(item["msg"]).removeprefix("Value error, ")
    shown = "" if isinstance(value, dict | list) or not location else f" {value!r}:"
    return f"{location}:{shown} {message}" if location else message


def _nearest(model: type[BaseModel], location: tuple[Any, ...]) -> str:
    keys = sorted(_keys_at(model.model_json_schema(), location[:-1]))
    near = difflib.get_close_matches(str(location[-1]), keys, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; allowed are {', '.join(keys)}" if keys else ""


def _keys_at(schema: dict[str, Any], location: tuple[Any, ...]) -> set[str]:
    """Property names that a JSON schema allows at a location."""
    node = schema
    for part in location:
        node = _resolve(schema, node)
        if isinstance(part, int):
            node = node.get("items", {})
        elif part in node.get("properties", {}):
            node = node["properties"][part]
        else:
            extra = node.get("additionalProperties", {})
            node = extra if isinstance(extra, dict) else {}
    return set(_resolve(schema, node).get("properties", {}))


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    for option in node.get("anyOf", ()):
        if "$ref" in option or "properties" in option:
            node = option
    if "$ref" in node:
        return dict(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
    return node
