"""The document beside a table that says what its columns mean."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, model_validator

from bigloop.contracts import Document, Name, parse, read_yaml
from bigloop.contracts.units import factor, parse_unit


class ParameterColumn(Document):
    """A parameter of the design: a column of numbers, or of names."""

    column: str
    unit: str = ""
    type: Literal["number", "text"] = "number"

    @model_validator(mode="after")
    def _check(self) -> ParameterColumn:
        parse_unit(self.unit)
        if self.type == "text" and self.unit:
            raise ValueError(f"a text has no unit; remove {self.unit!r}")
        return self


class ObservableColumn(Document):
    """An observable, and when in the life of a specimen it is known."""

    column: str
    unit: str = ""
    at: PositiveFloat | None = None
    """Age from which it is known; none: at the end of the specimen only."""

    @model_validator(mode="after")
    def _check(self) -> ObservableColumn:
        parse_unit(self.unit)
        return self


class AgeColumn(Document):
    """How old the specimens became."""

    end: str
    """Column with the age at which the specimen ended."""
    unit: str = "cycle"

    @model_validator(mode="after")
    def _check(self) -> AgeColumn:
        parse_unit(self.unit)
        return self


class TableSpec(Document):
    """What the columns of a table mean; `file` is relative to this document."""

    kind: Literal["table"] = "table"
    version: Literal[1] = 1
    name: Name
    """Under which its specimens are kept in a journal."""
    title: str = ""
    citations: tuple[str, ...] = ()
    file: str
    """CSV, or Parquet by its suffix."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header: tuple[str, ...] = ()
    """Names of the columns, for a file that has no header line."""
    specimen: str | None = None
    """Column that names the object; none: every row is one specimen."""
    batch: str | None = None
    parameters: dict[Name, ParameterColumn] = Field(min_length=1)
    age: AgeColumn | None = None
    observables: dict[Name, ObservableColumn] = Field(min_length=1)
    missing: tuple[str, ...] = ("", "NA", "nan", "NaN")
    """Texts that mean: not measured. Allowed for observables and batches only."""
    duplicates: Literal["refuse", "keep", "drop"] = "refuse"
    """What rows are that agree in every column: a mistake (the default), specimens
    that happen to agree, or copies of which the first counts. They are never
    averaged: replicates carry the noise."""

    @model_validator(mode="after")
    def _check(self) -> TableSpec:
        if len(set(self.header)) != len(self.header):
            raise ValueError("header: a name stands twice; column names are distinct")
        for name, observable in self.observables.items():
            self._check_age(name, observable)
        return self

    def _check_age(self, name: str, observable: ObservableColumn) -> None:
        if self.age is None:
            if observable.at is not None:
                raise ValueError(
                    f"observables.{name}.at: the table has no age; add age or remove at"
                )
        elif observable.column == self.age.end:
            factor(self.age.unit, observable.unit)
            if observable.at is not None:
                raise ValueError(
                    f"observables.{name}.at: the age at the end is known at the end "
                    "only; remove at"
                )

    @property
    def columns(self) -> dict[str, str]:
        """Every column that is read, by the field that names it."""
        used = {f"parameters.{k}": p.column for k, p in self.parameters.items()}
        used |= {f"observables.{k}": o.column for k, o in self.observables.items()}
        if self.specimen is not None:
            used["specimen"] = self.specimen
        if self.batch is not None:
            used["batch"] = self.batch
        if self.age is not None:
            used["age.end"] = self.age.end
        return used


def read_spec(path: Path) -> TableSpec:
    """Read and check a table document.

    Raises:
        SpecError: with every problem of the document in one line.
    """
    return parse(TableSpec, read_yaml(path), str(path))
