"""A list of documents that a notebook shows as a table."""

from __future__ import annotations

from typing import TypeVar

from bigloop.contracts import Document
from bigloop.contracts.notebook import as_table

D = TypeVar("D", bound=Document)


class Listing(list[D]):
    """A list; a notebook shows it as a table."""

    def _repr_html_(self) -> str:
        """One row a document."""
        return as_table(self)
