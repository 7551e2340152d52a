"""The frozen base of every document, its canonical JSON and its hash."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

NAME_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Document(BaseModel):
    """Immutable, no unknown keys, floats finite unless a field says otherwise."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    def _repr_html_(self) -> str:
        """A table of the fields, for notebooks."""
        from bigloop.contracts.notebook import as_table

        return as_table([self])


def _name(value: str) -> str:
    if not NAME_PATTERN.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a name; use letters, digits and _, a letter first"
        )
    return value


Name = Annotated[str, AfterValidator(_name)]
"""A name that can stand in an expression and a column header."""

Design = dict[str, float | str]
"""Parameter values, in the units that the campaign declares."""

Key = frozenset[tuple[str, float | str]]
"""A design as a key: the order of its parameters does not matter."""


def key_of(design: Design) -> Key:
    """What equal designs have in common; it takes a tenth of the time of their JSON.

    Examples:
        >>> key_of({"a": 1.0, "b": "x"}) == key_of({"b": "x", "a": 1})
        True
    """
    return frozenset(design.items())


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and shortest floats: equal content, equal text.

    Raises:
        ValueError: for NaN or infinity.

    Examples:
        >>> canonical_json({"b": 1.5, "a": "x"})
        '{"a":"x","b":1.5}'
    """
    return _CANONICAL.encode(value)


# Made once: making one costs as much as writing a small document.
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
)


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def significant(value: float, digits: int = 3) -> str:
    """A number as people read it: `digits` significant digits, no exponent in between.

    Examples:
        >>> significant(1234.5), significant(0.012345), significant(99.96)
        ('1,234', '0.0123', '100')
    """
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude >= digits - 1 and magnitude < 9:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"
