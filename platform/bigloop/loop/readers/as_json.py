"""A JSON file of measurements: a list of them, or an object that holds one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bigloop.contracts import Measurement, ResultError
from bigloop.contracts.files import problems


class JsonReader:
    """A list of `{"observable": ..., "value": ..., "unit": ...}`, or its holder."""

    def read(self, path: Path) -> list[Measurement]:
        """Measurements of one specimen.

        Raises:
            ResultError: it is not JSON, or an entry is wrong.
        """
        try:
            said: Any = json.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise ResultError(
                f"{path.name}: cannot be read ({error.strerror}); check the path"
            ) from None
        except ValueError as error:
            line = getattr(error, "lineno", 1)
            raise ResultError(
                f"{path.name}: line {line} is not JSON ({error}); correct it"
            ) from None
        found = said.get("measurements") if isinstance(said, dict) else said
        if not isinstance(found, list) or not found:
            raise ResultError(
                f"{path.name}: it holds no measurements; write a list of them"
            )
        wrong = [
            f"entry {n}: {problem}"
            for n, item in enumerate(found, start=1)
            for problem in _wrong(item)
        ]
        if wrong:
            raise ResultError(f"{path.name}: {'; '.join(wrong[:5])}; correct the file")
        return [Measurement.model_validate(item) for item in found]


def _wrong(item: Any) -> list[str]:
    if not isinstance(item, dict):
        return [f"{item!r} is no object"]
    return problems(Measurement, item)
